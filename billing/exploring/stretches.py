"""Which local days a view shows: a stretch that ends today or with a month, or any days that are named."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from billing import figures
from billing.statements.cuts import EARLIEST, MOST_DAYS

__all__ = ["CUSTOM", "STANDING", "STRETCHES", "Days", "days_of"]

STANDING, CUSTOM = "30d", "days"
_BACK = {"today": 1, "7d": 7, "30d": 30, "84d": 84, "365d": 365}
STRETCHES: Mapping[str, str] = {
    "today": "Today",
    "7d": "7 days",
    "30d": "30 days",
    "84d": "12 weeks",
    "month": "This month",
    "last-month": "Last month",
    "365d": "365 days",
}
"""What is offered, by its name in the address."""


@dataclass(frozen=True, slots=True)
class Days:
    """Local days from first to last, both included."""

    first: date
    last: date

    @property
    def number(self) -> int:
        """How many there are."""
        return (self.last - self.first).days + 1

    @property
    def words(self) -> str:
        """The days as they are written: 24 Oct – 22 Nov; with the year where that is not the same."""
        year = self.first.year != self.last.year
        first = figures.day(self.first, year=year)
        return first if self.number == 1 else f"{first} – {figures.day(self.last, year=year)}"

    @property
    def length(self) -> str:
        """How long it is, in words."""
        return "day" if self.number == 1 else f"{self.number} days"


def days_of(stretch: str, first: str, last: str, *, today: date) -> Days:
    """Return the days of a stretch; `first` and `last` are read where they are named. Raises ValueError."""
    if stretch == CUSTOM:
        return _custom(_day(first, "first"), _day(last, "last"), today)
    if stretch == "month":
        return Days(today.replace(day=1), today)
    if stretch == "last-month":
        last_day = today.replace(day=1) - timedelta(days=1)
        return Days(last_day.replace(day=1), last_day)
    if stretch not in _BACK:
        raise ValueError(f"range: choose one of {', '.join((*STRETCHES, CUSTOM))}")
    return Days(today - timedelta(days=_BACK[stretch] - 1), today)


def _custom(first: date, last: date, today: date) -> Days:
    last = min(last, today)
    if last < first:
        raise ValueError("last: it must not be before first, nor first after today")
    if (last - first).days >= MOST_DAYS or first < EARLIEST:
        raise ValueError(f"first: at most {MOST_DAYS:,} days are shown at a time")
    return Days(first, last)


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{field}: a day is written 2026-11-22") from None
