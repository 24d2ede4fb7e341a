"""Requests by hour or by day against the time before: what is drawn, said in a sentence, and told in a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing import figures

from .span import Span
from .usage import Usage

__all__ = ["Curve", "Row", "curve"]


@dataclass(frozen=True, slots=True)
class Row:
    """One hour or day: requests now, None if it has not begun, and before."""

    name: str
    now: int | None
    before: int


@dataclass(frozen=True, slots=True)
class Curve:
    """What the home draws; `called` and `against` name the two lines. `whole` slots are over, the next is running."""

    rows: Sequence[Row]
    by: str
    called: str
    against: str
    whole: int
    now: int
    before: int

    @property
    def words(self) -> str:
        """The chart in one sentence, for those who do not see it."""
        return (
            f"Requests per {self.by}: {figures.count(self.now)} {self.called} so far, against"
            f" {figures.count(self.before)} in all of {self.against}."
        )

    @property
    def drawn(self) -> dict[str, object]:
        """What the browser needs to draw the lines."""
        return {
            "names": [row.name for row in self.rows],
            "now": [row.now if place < self.whole else None for place, row in enumerate(self.rows)],
            "running": [row.now if place == self.whole else None for place, row in enumerate(self.rows)],
            "before": [row.before for row in self.rows],
            "called": self.called,
            "against": self.against,
        }

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.now and not self.before


def curve(span: Span, used: Usage) -> Curve:
    """Return the two lines of a span."""
    rows = [
        Row(
            span.name(slot),
            used.slots[slot].requests if slot < span.passed else None,
            used.slots_before[slot].requests,
        )
        for slot in range(span.slots)
    ]
    return Curve(
        rows=rows,
        by="hour" if span.by_hour else "day",
        called="today" if span.by_hour else f"the last {span.days} days",
        against=f"last {span.before:%A}" if span.by_hour else f"the {span.days} days before",
        whole=span.whole,
        now=sum(row.now or 0 for row in rows),
        before=sum(row.before for row in rows),
    )
