"""Which days a calendar month has, in UTC."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Month"]

_WRITTEN = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, known by its first UTC day."""

    first: date

    @classmethod
    def of(cls, day: date) -> "Month":
        """Return the month that holds a day."""
        return cls(day.replace(day=1))

    @classmethod
    def read(cls, text: str) -> "Month":
        """Return the month of a text such as 2026-11. Raises ValueError for anything else."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError("month: write it as 2026-11")
        return cls(date(int(found[1]), int(found[2]), 1))

    @property
    def last(self) -> date:
        """The month's last day."""
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month.of(self.first + timedelta(days=31))

    @property
    def before(self) -> "Month":
        """The month before it."""
        return Month.of(self.first - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def words(self) -> str:
        """The month as people write it: November 2026."""
        return f"{self.first:%B %Y}"
