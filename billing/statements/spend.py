"""What a workspace spent, cut in its own time zone by hour, day, week or month, and split by what it was spent on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from accounts.models import ApiKey
from billing import sums
from catalog.models import Model, Provider
from catalog.pricing import Counts
from kernel import clock
from kernel.replica import reading

from .cuts import Cut, Span, Step, cut
from .sources import EVERYTHING, Only, cells, values

__all__ = ["MOST_MEMBERS", "Group", "Measures", "Period", "Series", "Spend", "spend", "spend_in"]

Group = Literal["none", "key", "model", "provider", "status", "tag"]
MOST_MEMBERS = 100

_STATUS = {"answered": "Answered", "failed": "Failed"}
_COLUMN = {
    "none": "''::text",
    "status": "''::text",
    **dict(zip(("key", "model", "provider", "tag"), sums.DIMENSIONS, strict=True)),
}
_MEASURED = ("requests", "failed", *sums.COUNTS, "cost")
_NOTHING = (0,) * len(_MEASURED)
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Measures:
    """What is counted of usage: requests, those of them that failed, tokens and pieces by class, cost in nano-USD."""

    requests: int = 0
    failed: int = 0
    counts: Counts = field(default_factory=Counts)
    cost: int = 0

    def __add__(self, other: "Measures") -> "Measures":
        names = Counts.__slots__
        return Measures(
            self.requests + other.requests,
            self.failed + other.failed,
            Counts(*(getattr(self.counts, name) + getattr(other.counts, name) for name in names)),
            self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True)
class Series:
    """One key, model, provider, status or tag over the spans, dearest first; or all the `others` beyond, as one.

    `member` is its number, the tag, or "answered" (whole or in part) or "failed".
    """

    member: str
    name: str
    others: int
    values: tuple[Measures, ...]
    total: Measures


@dataclass(frozen=True, slots=True)
class Period:
    """Days with what they came to; `cut_in` is the zone they are days of."""

    first: date
    last: date
    cut_in: str
    total: Measures


@dataclass(frozen=True, slots=True)
class Spend:
    """Usage by span and member: Σ `series` = `values`, and Σ `values` = `total`, in every measure.

    `cut_in` is the time zone of the spans: the one asked for, or "UTC" where only UTC days are kept so far back.
    """

    cut_in: str
    spans: tuple[Span, ...]
    series: tuple[Series, ...]
    values: tuple[Measures, ...]
    total: Measures
    before: Period | None


def spend(
    workspace_id: int,
    *,
    first: date,
    last: date,
    zone: ZoneInfo,
    by: Step = "day",
    group: Group = "none",
    only: Only = EVERYTHING,
    top: int = 10,
    compare: bool = False,
) -> Spend:
    """Return what the local days first to last, both included, used, posted or not, read as of one moment.

    `top` members of a group are told apart (at most MOST_MEMBERS), those that cost most. With `compare`, `before`
    is the same number of days right before. Raises ValueError for bounds of `billing.statements.cuts`.
    """
    made = cut(first, last, zone=zone, by=by, now=clock.now())
    found = spend_in(workspace_id, made, group=group, only=only, top=top)
    if not compare:
        return found
    length = last - first + timedelta(days=1)
    return replace(found, before=_period(workspace_id, first - length, last - length, zone=zone, only=only))


def spend_in(
    workspace_id: int,
    made: Cut,
    *,
    group: Group = "none",
    only: Only = EVERYTHING,
    top: int = 10,
    ranked_by: Sequence[str] = ("cost",),
) -> Spend:
    """Return what a cut holds, as `spend` does; `ranked_by` are the columns whose sum puts members in order.

    Raises ValueError for another `top`, or a column that no sum has.
    """
    if not 1 <= top <= MOST_MEMBERS:
        raise ValueError(f"top: it must be from 1 to {MOST_MEMBERS}")
    if not ranked_by or not set(ranked_by) <= set(_MEASURED):
        raise ValueError(f"ranked_by: choose of {', '.join(_MEASURED)}")
    with reading() as cursor:
        cursor.execute(
            _sql(made, group, only, ranked_by), {**values(workspace_id, made, only=only), "top": top}
        )
        rows = cursor.fetchall()
    if group == "status":
        rows = [part for row in rows for part in _by_status(row)]
    return Spend(
        cut_in=made.zone,
        spans=made.spans,
        series=_series(rows, group=group, spans=len(made.spans), top=top),
        values=_per_span(rows, len(made.spans)),
        total=_measures(_sum(measured for _, _, _, _, *measured in rows)),
        before=None,
    )


def _period(workspace_id: int, first: date, last: date, *, zone: ZoneInfo, only: Only) -> Period:
    made = cut(first, last, zone=zone, by="all", now=clock.now())
    return Period(first, last, made.zone, spend_in(workspace_id, made, only=only).total)


def _sql(made: Cut, group: Group, only: Only, ranked_by: Sequence[str]) -> str:
    summed = ", ".join(f"sum({name})::bigint" for name in _MEASURED)
    return f"""
WITH cells AS ({cells(made, {"member": _COLUMN[group]}, _MEASURED, only=only)}),
ranked AS (
    SELECT member, row_number() OVER (
        ORDER BY sum({" + ".join(ranked_by)}) DESC, sum(cost) DESC, sum(requests) DESC, member) AS place
    FROM cells GROUP BY member)
SELECT slot, least(place, %(top)s + 1), min(member::text), (SELECT count(*) FROM ranked), {summed}
FROM cells JOIN ranked USING (member)
GROUP BY 1, 2 ORDER BY 2, 1
"""


def _by_status(row: Row) -> Iterator[Row]:
    """Tell the answered requests of a sum from the failed ones, which have no tokens and cost nothing."""
    slot, _, _, _, requests, failed, *used = row
    if requests > failed or any(used):
        yield (slot, 1, "answered", len(_STATUS), requests - failed, 0, *used)
    if failed:
        yield (slot, 2, "failed", len(_STATUS), failed, failed, *(0 for _ in used))


def _series(rows: Sequence[Row], *, group: Group, spans: int, top: int) -> tuple[Series, ...]:
    found: dict[int, dict[int, Row]] = {}
    members: dict[int, str] = {}
    others = 0
    for slot, place, member, count, *measured in rows:
        found.setdefault(place, {})[slot] = tuple(measured)
        members[place] = member
        others = count - top
    names = _names(group, [member for place, member in members.items() if place <= top])
    return tuple(
        Series(
            member=members[place] if place <= top else "",
            name=names.get(members[place], members[place]) if place <= top else "",
            others=others if place > top else 0,
            values=tuple(_measures(each.get(slot, _NOTHING)) for slot in range(1, spans + 1)),
            total=_measures(_sum(each.values())),
        )
        for place, each in found.items()
    )


def _per_span(rows: Iterable[Row], spans: int) -> tuple[Measures, ...]:
    sums: dict[int, Sequence[int]] = dict.fromkeys(range(1, spans + 1), _NOTHING)
    for slot, _, _, _, *measured in rows:
        sums[slot] = _sum((sums[slot], measured))
    return tuple(_measures(each) for each in sums.values())


def _sum(rows: Iterable[Sequence[int]]) -> Sequence[int]:
    return tuple(map(sum, zip(_NOTHING, *rows, strict=True)))


def _measures(row: Sequence[int]) -> Measures:
    requests, failed, *counts, cost = row
    return Measures(requests, failed, Counts(*counts), cost)


def _names(group: Group, members: Sequence[str]) -> Mapping[str, str]:
    """Return what members are called, by number; one that is gone keeps its number."""
    if group in ("none", "tag"):
        return {}
    if group == "status":
        return _STATUS
    numbers = [int(member) for member in members]
    known: dict[int, str]
    match group:
        case "model":
            known = dict(Model.objects.filter(pk__in=numbers).values_list("pk", "public_id"))
        case "provider":
            known = dict(Provider.objects.filter(pk__in=numbers).values_list("pk", "slug"))
        case _:
            known = dict(ApiKey.objects.filter(pk__in=numbers).values_list("pk", "name"))
    return {str(number): known.get(number, f"{group} {number}") for number in numbers}
