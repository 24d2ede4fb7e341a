"""How much of the balance requests may not use while a workspace has credits as well; pure arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from billing.models import Purse

from .lots import BALANCE, Lot

__all__ = ["Spill", "spilled_in", "withheld"]

Rule = Purse.Spill


@dataclass(frozen=True, slots=True)
class Spill:
    """Whether usage may go on with the balance once the credits are spent; nano-USD per UTC month.

    `free` knows no difference between the two, `off` leaves the balance alone, `on` takes of it up to the ceiling.
    `spilled` is what usage of the month took so far.
    """

    rule: str = Rule.FREE
    ceiling: int | None = None
    month: date = date(1970, 1, 1)
    spilled: int = 0


def withheld(lots: Iterable[Lot], spill: Spill, *, today: date) -> int:
    """Return the nano-USD of the balance that requests may not use on a UTC day."""
    if spill.rule == Rule.FREE:
        return 0
    balance = sum(lot.remaining for lot in lots if lot.source in BALANCE)
    if spill.rule == Rule.OFF:
        return balance
    if spill.ceiling is None:
        return 0
    return max(0, balance - max(0, spill.ceiling - spilled_in(spill, today)))


def spilled_in(spill: Spill, today: date) -> int:
    """Return what usage of the UTC month of a day has taken of the balance, in nano-USD."""
    return spill.spilled if spill.month == today.replace(day=1) else 0
