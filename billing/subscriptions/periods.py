"""The periods of a subscription as UTC dates: true months and weeks from an anchor; pure arithmetic.

A month from the 31st ends on the last day of a shorter month and on the 31st again after it: each period is counted
from the anchor, never from the one before, so that none drifts.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from catalog.models import PlanVersion

__all__ = ["Period", "Span", "containing", "span"]

Period = PlanVersion.Period
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Span:
    """The UTC days of one period: from `start` to the day before `end`, which is the start of the next."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days


def span(anchor: date, number: int, period: str = Period.MONTH) -> Span:
    """Return the period of that number, counted from 0 at the anchor.

    Raises ValueError for a number below 0, and for a period that does not repeat.
    """
    if number < 0:
        raise ValueError("number: periods are counted from 0")
    return Span(_start(anchor, number, period), _start(anchor, number + 1, period))


def containing(anchor: date, day: date, period: str = Period.MONTH) -> int:
    """Return the number of the period that holds a day. Raises ValueError for a day before the anchor."""
    if day < anchor:
        raise ValueError("day: the first period begins at the anchor")
    if period == Period.WEEK:
        return (day - anchor) // _WEEK
    number = (day.year - anchor.year) * 12 + day.month - anchor.month
    return number if _start(anchor, number, period) <= day else number - 1


def _start(anchor: date, number: int, period: str) -> date:
    if period == Period.WEEK:
        return anchor + number * _WEEK
    if period != Period.MONTH:
        raise ValueError(f"period: {period!r} does not repeat")
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + number, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))
