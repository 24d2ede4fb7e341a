"""Which time the home looks at, and which time before it is held against: up to the same moment, in UTC days."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from billing import figures
from kernel import clock, money

__all__ = ["HOURS", "Range", "Span", "span_of"]

HOURS = 24
QUARTER_SECONDS = 900


class Range(StrEnum):
    """How far back it goes, as the address says it."""

    TODAY = "today"
    WEEK = "7d"
    MONTH = "30d"


_DAYS = {Range.TODAY: 1, Range.WEEK: 7, Range.MONTH: 30}
_BACK = {Range.TODAY: 7, Range.WEEK: 7, Range.MONTH: 30}


@dataclass(frozen=True, slots=True)
class Span:
    """UTC days up to `now`, and as many that begin `back` days before them, up to the same time of day.

    What is told of them is cut into `slots`: the hours of one day, or the days.
    """

    range: Range
    now: datetime

    @property
    def days(self) -> int:
        """How many UTC days, today included."""
        return _DAYS[self.range]

    @property
    def back(self) -> timedelta:
        """How long before it lies what it is held against."""
        return timedelta(days=_BACK[self.range])

    @property
    def first(self) -> date:
        """The first UTC day."""
        return clock.utc_day(self.now) - timedelta(days=self.days - 1)

    @property
    def begins(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def before(self) -> datetime:
        """The moment before that corresponds to now."""
        return self.now - self.back

    @property
    def by_hour(self) -> bool:
        """Whether the slots are hours."""
        return self.days == 1

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return HOURS if self.by_hour else self.days

    @property
    def passed(self) -> int:
        """How many slots have begun."""
        return self.now.hour + 1 if self.by_hour else self.days

    @property
    def whole(self) -> int:
        """How many slots are over: a line that ended with one that has just begun would fall for no reason."""
        return self.passed - 1

    def share(self, figure: int) -> int:
        """Return what of a figure of the quarter of an hour that holds `before` lies before it, in proportion."""
        passed = int(self.now.timestamp()) % QUARTER_SECONDS
        return money.half_up(figure * passed, QUARTER_SECONDS)

    @property
    def called(self) -> str:
        """What it is called."""
        return "Today" if self.by_hour else f"The last {self.days} days"

    @property
    def against(self) -> str:
        """What the time before is called, with its last moment."""
        if self.by_hour:
            return f"last {self.before:%A}, {self.before:%H:%M}"
        first = self.first - self.back
        return f"{figures.day(first)} to {figures.day(self.before.date())}, {self.before:%H:%M}"

    @property
    def short(self) -> str:
        """What the time before is called beside a figure."""
        return f"{self.before:%a}" if self.by_hour else "before"

    def name(self, slot: int) -> str:
        """Return what a slot is called, counted from 0: 13:00, or 3 Nov."""
        return f"{slot:02}:00" if self.by_hour else figures.day(self.first + timedelta(days=slot))


def span_of(asked: str, now: datetime) -> Span:
    """Return the span that an address asks for; what is no range is today."""
    return Span(Range(asked) if asked in set(Range) else Range.TODAY, now)
