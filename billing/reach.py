"""How far back a customer is shown single requests: as many UTC days as the plan that counts says. Sums stay whole."""

from dataclasses import dataclass
from datetime import date, timedelta

from billing import sums
from kernel import clock

__all__ = ["UNBOUNDED", "Reach", "of", "span"]


@dataclass(frozen=True, slots=True)
class Reach:
    """The single requests that may be shown: those of the last `days` UTC days, today included; None: all that are kept.

    Every reader of single requests takes one, so that none can forget it. `first_minute` counts from 1970.
    """

    days: int | None
    first_minute: int

    def holds(self, minute_no: int) -> bool:
        """Tell whether a request that was admitted in a minute since 1970, UTC, may be shown."""
        return minute_no >= self.first_minute

    @property
    def first_day(self) -> date:
        """The first UTC day whose requests may be shown."""
        return clock.day_of_minute(self.first_minute)

    @property
    def words(self) -> str:
        """What customers are told of it, as a sentence; nothing where there is no bound."""
        if self.days is None:
            return ""
        return f"Requests are shown for {span(self.days)} on this plan."


UNBOUNDED = Reach(days=None, first_minute=0)
"""For operators, and for plans that set no bound."""


def span(days: int | None) -> str:
    """Return `retention_days` of terms in words: 30 UTC days."""
    if days is None:
        return "as long as they are kept"
    return "1 UTC day" if days == 1 else f"{days} UTC days"


def of(days: int | None) -> Reach:
    """Return the reach of terms whose `retention_days` are these, as of now."""
    if days is None:
        return UNBOUNDED
    first = clock.utc_day(clock.now()) - timedelta(days=days - 1)
    return Reach(days, max(0, sums.first_minute(first)))
