"""What a view of usage asks for, read from its address and written back to it: the address keeps the whole view."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, Protocol, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from billing.statements import Group, Step
from billing.statements.cuts import MOST_DAYS_BY_HOUR, REACH

from .metrics import METRICS, Metric
from .stretches import CUSTOM, STANDING, Days, days_of

__all__ = ["GROUPS", "SHAPES", "STEPS", "Asked", "Question", "Shape", "read"]

Chosen = TypeVar("Chosen")
Shape = Literal["stacked", "lines", "cumulative"]
GROUPS: Mapping[Group, str] = {
    "model": "model",
    "key": "key",
    "provider": "upstream",
    "status": "status",
    "tag": "tag",
    "none": "nothing",
}
STEPS: tuple[Step, ...] = ("hour", "day", "week", "month")
SHAPES: Mapping[Shape, str] = {"stacked": "Stacked", "lines": "Lines", "cumulative": "Cumulative"}
_UTC = ZoneInfo("UTC")
_MOST_NAMED = 20
"""How many keys, models, providers or tags one view is narrowed to at most."""


class Asked(Protocol):
    """The part of a query string that is read: `QueryDict` has it."""

    def get(self, name: str, default: str) -> str:
        """Return the last value of a name."""

    def getlist(self, name: str) -> list[str]:
        """Return all values of a name."""


@dataclass(frozen=True, slots=True)
class Question:
    """A metric by a group per step of the local days first to last, narrowed to what is named; none named is all."""

    metric: Metric
    by: Group
    per: Step
    stretch: str
    days: Days
    zone: ZoneInfo
    in_utc: bool = False
    compare: bool = False
    shape: Shape = "stacked"
    keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    note: str = ""

    @property
    def before(self) -> Days:
        """The same number of days right before."""
        length = timedelta(days=self.days.number)
        return Days(self.days.first - length, self.days.last - length)

    @property
    def title(self) -> str:
        """The controls as they are read aloud, which is the title of the chart."""
        by = "" if self.by == "none" else f" by {GROUPS[self.by]}"
        return f"{self.metric.name}{by} per {self.per}, {self.days.words}"

    @property
    def narrowed(self) -> dict[str, tuple[str, ...]]:
        """What is named, by the names in the address."""
        every = {"key": self.keys, "model": self.models, "provider": self.providers, "tag": self.tags}
        return {name: named for name, named in every.items() if named}

    def pairs(self) -> list[tuple[str, str]]:
        """Return the address of the view as names and values, without what goes without saying."""
        said = [
            ("metric", self.metric.key, "spend"),
            ("by", self.by, "model"),
            ("per", self.per, "day"),
            ("range", self.stretch, STANDING),
            ("shape", self.shape, "stacked"),
            ("compare", "1" if self.compare else "", ""),
            ("zone", "utc" if self.in_utc else "", ""),
        ]
        pairs = [(name, value) for name, value, standing in said if value != standing]
        if self.stretch == CUSTOM:
            pairs += [("first", self.days.first.isoformat()), ("last", self.days.last.isoformat())]
        return pairs + [(name, each) for name, named in self.narrowed.items() for each in named]

    @property
    def address(self) -> str:
        """The query string of the view."""
        return "?" + urlencode(self.pairs())

    def less(self, name: str, value: str) -> "Question":
        """Return the view without one of the names that it is narrowed to."""
        kept = tuple(each for each in self.narrowed[name] if each != value)
        return replace(self, **{f"{name}s": kept})  # type: ignore[arg-type]

    def narrower(self, name: str, value: str) -> "Question":
        """Return the view narrowed to one more name."""
        named = dict.fromkeys((*self.narrowed.get(name, ()), value))
        return replace(self, **{f"{name}s": tuple(named)})  # type: ignore[arg-type]


def read(asked: Asked, *, zone: ZoneInfo, now: datetime) -> Question:
    """Return what an address asks for, in days of the zone or of UTC. Raises ValueError, naming the field."""
    in_utc = asked.get("zone", "") == "utc"
    zone = _UTC if in_utc else zone
    today = now.astimezone(zone).date()
    metric = _one_of(METRICS, asked.get("metric", "spend"), "metric")
    by = _one_of({group: group for group in GROUPS}, asked.get("by", "model"), "by")
    per = _one_of({step: step for step in STEPS}, asked.get("per", "day"), "per")
    stretch = asked.get("range", STANDING)
    days = days_of(stretch, asked.get("first", ""), asked.get("last", ""), today=today)
    per, note = _told(per, days, today)
    shape = _one_of({each: each for each in SHAPES}, asked.get("shape", "stacked"), "shape")
    return Question(
        metric=metric,
        by=by,
        per=per,
        stretch=stretch,
        days=days,
        zone=zone,
        in_utc=in_utc,
        compare=asked.get("compare", "") == "1",
        # Shares of different wholes cannot be stacked, nor added up over time.
        shape="lines" if metric.unit == "share" else shape,
        keys=_named(asked, "key"),
        models=_named(asked, "model"),
        providers=_named(asked, "provider"),
        tags=_named(asked, "tag"),
        note=note,
    )


def _one_of(choices: Mapping[str, Chosen], value: str, field: str) -> Chosen:
    try:
        return choices[value]
    except KeyError:
        raise ValueError(f"{field}: choose one of {', '.join(choices)}") from None


def _told(per: Step, days: Days, today: date) -> tuple[Step, str]:
    """Return the step by which days can be told, and what is said where that is not the one asked for."""
    if per != "hour" or (days.number <= MOST_DAYS_BY_HOUR and days.first > today - REACH):
        return per, ""
    bounds = f"up to {MOST_DAYS_BY_HOUR} days at a time, of the last {REACH.days}"
    return "day", f"Hours are told for {bounds}. These are days."


def _named(asked: Asked, name: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(each for each in asked.getlist(name) if each))
    if len(named) > _MOST_NAMED:
        raise ValueError(f"{name}: at most {_MOST_NAMED} at a time")
    return named
