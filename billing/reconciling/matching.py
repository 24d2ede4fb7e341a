"""How lines of an upstream stand to what we have: one by one where they name our requests, else by day and model."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from .reading import Charged

__all__ = ["Had", "Line", "match"]

State = Literal["matched", "missing", "extra", "price", "count"]
TOLERATED_SHARE = 200
"""A cost may differ by this part of itself: 1/200, half a percent. Upstreams round, and count a little otherwise."""
TOLERATED_NANO = 10_000
"""Or by this many nano-USD: a thousandth of a cent."""
_COUNTS = ("requests", "input", "output")


@dataclass(frozen=True, slots=True)
class Had:
    """What we have of one request, or of one model on one day; cost in nano-USD that we expect the upstream to ask."""

    requests: int = 0
    input: int = 0
    output: int = 0
    cost: int = 0

    def less(self, other: "Had") -> "Had":
        """Return what is left of this without another."""
        return Had(
            *(getattr(self, name) - getattr(other, name) for name in ("requests", "input", "output", "cost"))
        )

    def plus(self, other: "Had") -> "Had":
        """Return both together."""
        return Had(
            *(getattr(self, name) + getattr(other, name) for name in ("requests", "input", "output", "cost"))
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One side held against the other; a side that is not there is None. `number` is the line of the file, or 0."""

    number: int
    state: State
    day: date
    model: str
    request_id: UUID | None
    theirs: Charged | None
    ours: Had | None

    @property
    def difference(self) -> int:
        """Nano-USD that they ask beyond what we expect; where they say no cost, 0."""
        if self.theirs is None:
            return -(self.ours.cost if self.ours else 0)
        return 0 if self.theirs.cost is None else self.theirs.cost - (self.ours.cost if self.ours else 0)


def match(
    lines: Iterable[Charged],
    *,
    requests: Mapping[UUID, tuple[date, str, Had]],
    sums: Mapping[tuple[date, str], Had],
    called: Mapping[str, str],
) -> list[Line]:
    """Return every line with its state, then what only we have.

    `requests` are those of ours that the file names, each with its day and model; `sums` is all we have of the days by
    model, which `called` leads to from what the upstream calls it.
    """
    named: dict[UUID, list[Charged]] = defaultdict(list)
    summed: dict[tuple[date, str], list[Charged]] = defaultdict(list)
    for line in lines:
        if line.request_id is not None:
            named[line.request_id].append(line)
        else:
            summed[line.day, called.get(line.model, line.model)].append(line)
    left = dict(sums)
    for request_id in named.keys() & requests.keys():
        day, model, had = requests[request_id]
        left[day, model] = left.get((day, model), Had()).less(had)
    return [*_by_request(named, requests), *_by_day(summed, left)]


def _by_request(
    named: Mapping[UUID, list[Charged]], requests: Mapping[UUID, tuple[date, str, Had]]
) -> Iterator[Line]:
    # Together: a request may have a line for each kind of its tokens, and one that is charged twice costs twice.
    for request_id, lines in named.items():
        whole = _whole(lines)
        had = requests[request_id][2] if request_id in requests else None
        state: State = "missing" if had is None else _state(whole, had)
        yield Line(whole.number, state, whole.day, whole.model, request_id, whole, had)


def _by_day(
    summed: Mapping[tuple[date, str], list[Charged]], left: Mapping[tuple[date, str], Had]
) -> Iterator[Line]:
    for (day, model), lines in sorted(summed.items()):
        whole, had = _whole(lines), left.get((day, model))
        state: State = "missing" if had is None or had == Had() else _state(whole, had)
        yield Line(whole.number, state, day, lines[0].model, None, whole, None if state == "missing" else had)
    for (day, model), had in sorted(left.items()):
        if (day, model) not in summed and (had.requests > 0 or had.cost > TOLERATED_NANO):
            yield Line(0, "extra", day, model, None, None, had)


def _whole(lines: list[Charged]) -> Charged:
    """Return lines of one request, or of one day and model, as one by the number of the first."""
    first = lines[0]

    def total(name: str) -> int | None:
        known = [value for line in lines if (value := getattr(line, name)) is not None]
        return sum(known) if known else None

    return Charged(
        first.number, first.day, first.model, first.request_id, *(total(name) for name in (*_COUNTS, "cost"))
    )


def _state(theirs: Charged, ours: Had) -> State:
    if theirs.cost is not None:
        return "matched" if _near(theirs.cost, ours.cost, TOLERATED_NANO) else "price"
    said = [(value, getattr(ours, name)) for name in _COUNTS if (value := getattr(theirs, name)) is not None]
    return "matched" if all(_near(one, other, 1) for one, other in said) else "count"


def _near(one: int, other: int, least: int) -> bool:
    return abs(one - other) <= max(least, max(abs(one), abs(other)) // TOLERATED_SHARE)
