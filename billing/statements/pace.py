"""How spending goes on: the last seven full days, shaped by what each weekday took of the last four weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from kernel import money

__all__ = ["DAYS", "Pace", "Range", "month_end", "pace"]

DAYS = 28
"""How many full days are looked at."""

_WEEK = 7
_SHAPED = 14  # days before which a weekday has been seen too seldom to have a shape
_EVEN = (Fraction(1),) * _WEEK


@dataclass(frozen=True, slots=True)
class Pace:
    """Nano-USD a day: the usual one, that of the slowest and of the busiest week; and what share weekdays take.

    `shape` is 1 for an average day, Monday first. `days` is how many full days this is drawn from.
    """

    usual: Fraction
    slow: Fraction
    busy: Fraction
    shape: tuple[Fraction, ...]
    days: int

    def on(self, day: date) -> Fraction:
        """Return how many average days' worth a day takes."""
        return self.shape[day.weekday()]


@dataclass(frozen=True, slots=True)
class Range:
    """An amount in nano-USD as expected, and between which it lies if the days ahead are like weeks before."""

    expected: int
    low: int
    high: int


def pace(costs: Sequence[int], *, last: date) -> Pace | None:
    """Return the pace of daily costs (nano-USD, oldest first) of the full days up to `last`.

    Looks at the last 28, from the first with any cost on. The usual pace is the mean of the last seven days, so each
    weekday counts once; slow and busy are the means of the slowest and busiest whole week. Below seven days it is the
    mean of those there are, between the cheapest and the dearest day. From fourteen on, a weekday takes its share of
    the whole weeks. None if nothing was spent.
    """
    known = list(costs[-DAYS:])
    while known and known[0] <= 0:
        known.pop(0)
    if not known:
        return None
    whole = len(known) // _WEEK
    weeks = [Fraction(sum(known[-_WEEK * (back + 1) :][:_WEEK]), _WEEK) for back in range(whole)]
    stretches = weeks or [Fraction(cost) for cost in known]
    return Pace(
        usual=weeks[0] if weeks else Fraction(sum(known), len(known)),
        slow=min(stretches),
        busy=max(stretches),
        shape=_shape(known[-_WEEK * whole :], last) if len(known) >= _SHAPED else _EVEN,
        days=len(known),
    )


def _shape(costs: Sequence[int], last: date) -> tuple[Fraction, ...]:
    total = sum(costs)
    if total <= 0:
        return _EVEN
    by_weekday = [0] * _WEEK
    for back, cost in enumerate(reversed(costs)):
        by_weekday[(last - timedelta(days=back)).weekday()] += cost
    return tuple(Fraction(_WEEK * cost, total) for cost in by_weekday)


def month_end(pace: Pace, *, spent: int, today: date, left_of_today: Fraction) -> Range:
    """Return what the month of `today` will have cost at its end; `spent` is what it has so far, in nano-USD.

    `left_of_today` is the share of the day that is still to come.
    """
    ahead = pace.on(today) * left_of_today
    day = today + timedelta(days=1)
    while day.month == today.month:
        ahead += pace.on(day)
        day += timedelta(days=1)
    expected, low, high = (spent + _nano(level * ahead) for level in (pace.usual, pace.slow, pace.busy))
    return Range(expected, low, high)


def _nano(amount: Fraction) -> int:
    return money.half_up(amount.numerator, amount.denominator)
