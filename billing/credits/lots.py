"""Which lots pay what: the order of draining, what may pay a day's usage, and what lapses next; pure arithmetic."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from billing.models import CreditLot

__all__ = ["BALANCE", "Credit", "Lot", "Part", "in_order", "lapsing", "take", "usable"]

Source = CreditLot.Source

BALANCE = frozenset({Source.TOP_UP, Source.RECHARGE, Source.CORRECTION})
"""Sources of the customer's own money; the others are credit that was given."""


# What was given is spent before the customer's own money, and a plan's credits first: they end soonest.
_PRIORITIES: Mapping[CreditLot.Source, int] = {
    Source.PLAN: 10,
    Source.VOUCHER: 20,
    Source.GRANT: 50,
    Source.TOP_UP: 100,
    Source.RECHARGE: 100,
    Source.CORRECTION: 100,
}


@dataclass(frozen=True, slots=True)
class Credit:
    """How money that comes in is kept: from which source, and until when it pays.

    A lot with `expires_on` pays usage of earlier UTC days only.
    """

    source: CreditLot.Source
    expires_on: date | None = None

    @property
    def priority(self) -> int:
        """The place of its source in the order of spending; lower is spent first."""
        return _PRIORITIES[self.source]


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of credit that came in at once; nano-USD."""

    id: UUID
    transaction_id: UUID
    source: str
    priority: int
    remaining: int
    expires_on: date | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a movement that one lot gives, or that no lot covers; nano-USD, positive."""

    lot_id: UUID | None
    amount: int


def in_order(lots: Iterable[Lot]) -> list[Lot]:
    """Return the lots in the order they are spent: by priority, the earliest end, and age."""
    return sorted(lots, key=lambda lot: (lot.priority, lot.expires_on or date.max, lot.created_at, lot.id))


def usable(lot: Lot, day: date) -> bool:
    """Tell whether a lot may pay usage of a UTC day."""
    return lot.expires_on is None or day < lot.expires_on


def take(
    lots: Sequence[Lot], amount: int, *, day: date, first: UUID | None = None
) -> tuple[list[Part], list[Lot]]:
    """Take nano-USD for a UTC day and return the parts with the lots as they are left, in the order given.

    `first` names the transaction whose lot is to give before all others, even after its end. What no usable lot
    covers is a part without a lot. Raises ValueError for an amount that is not positive.
    """
    if amount <= 0:
        raise ValueError("amount: only something can be taken")
    parts, left = [], {lot.id: lot for lot in lots}
    chosen = [lot for lot in lots if lot.transaction_id == first]
    for lot in (*chosen, *(lot for lot in in_order(lots) if lot not in chosen and usable(lot, day))):
        given = min(amount, lot.remaining)
        if given:
            parts.append(Part(lot.id, given))
            left[lot.id] = replace(lot, remaining=lot.remaining - given)
            amount -= given
    if amount:
        parts.append(Part(None, amount))
    return parts, list(left.values())


def lapsing(lots: Iterable[Lot], today: date) -> tuple[int, date] | None:
    """Return how much credit ends next, in nano-USD, and on which UTC day; what ends by today is one sum."""
    ends = [(lot.expires_on, lot.remaining) for lot in lots if lot.expires_on and lot.remaining]
    if not ends:
        return None
    first = min(end for end, _ in ends)
    until = max(first, today)
    return sum(remaining for end, remaining in ends if end <= until), first
