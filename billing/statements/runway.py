"""How long credit lasts at a pace, lot by lot, and what of it will expire unused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from billing import figures
from billing.credits.lots import Lot, usable
from kernel import money

from .pace import Pace

__all__ = ["HORIZON", "Lapse", "Runway", "runway"]

HORIZON = 366
"""How many days are looked ahead; what lasts longer has no end here."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """What of a lot is not used up by the day it expires, in nano-USD, if the usual pace goes on."""

    source: str
    on: date
    amount: int

    @property
    def words(self) -> str:
        """The same in a sentence."""
        name = {"plan": "plan credit", "voucher": "voucher credit"}.get(self.source, "credit")
        amount = money.show(self.amount, decimals=2)
        return f"${amount} of your {name} will expire on {figures.day(self.on, year=True)}."


@dataclass(frozen=True, slots=True)
class Runway:
    """On which UTC day credit is used up: at the usual pace, at that of the busiest week and of the slowest one.

    None of them is told beyond the horizon of a year. `days` is from today until `ends`; 0 is today.
    """

    days: int | None
    ends: date | None
    soonest: date | None
    latest: date | None
    lapses: tuple[Lapse, ...]


def runway(pace: Pace, lots: Sequence[Lot], *, owed: int, today: date, left_of_today: Fraction) -> Runway:
    """Return how long lots last, in the order in which they are spent.

    `owed` is what was used and is not taken from them yet, in nano-USD. No credit to come is counted, neither
    the next grant of a plan nor a recharge.
    """
    ends, lapses = _spend(lots, pace, pace.usual, owed=owed, today=today, left_of_today=left_of_today)
    soonest, _ = _spend(lots, pace, pace.busy, owed=owed, today=today, left_of_today=left_of_today)
    latest, _ = _spend(lots, pace, pace.slow, owed=owed, today=today, left_of_today=left_of_today)
    days = (ends - today).days if ends is not None else None
    return Runway(days, ends, soonest, latest, tuple(lapses))


def _spend(
    lots: Sequence[Lot], pace: Pace, level: Fraction, *, owed: int, today: date, left_of_today: Fraction
) -> tuple[date | None, list[Lapse]]:
    """Play the days ahead: each takes its share from the lots that are good on it, in order."""
    left = [Fraction(lot.remaining) for lot in lots]
    _take(left, Fraction(owed))
    lapses: list[Lapse] = []
    for ahead in range(HORIZON):
        day = today + timedelta(days=ahead)
        lapses += _expire(lots, left, day)
        need = level * pace.on(day) * (1 if ahead else left_of_today)
        if _take(left, need) > 0 or not any(left):
            return day, lapses
    return None, lapses


def _take(left: list[Fraction], need: Fraction) -> Fraction:
    """Take from what is left, first lots first; return what they could not give."""
    for place, amount in enumerate(left):
        taken = min(amount, need)
        left[place] -= taken
        need -= taken
    return need


def _expire(lots: Sequence[Lot], left: list[Fraction], day: date) -> list[Lapse]:
    gone = []
    for place, lot in enumerate(lots):
        if lot.expires_on is not None and not usable(lot, day) and left[place] > 0:
            amount = money.half_up(left[place].numerator, left[place].denominator)
            gone.append(Lapse(lot.source, lot.expires_on, amount))
            left[place] = Fraction(0)
    return gone
