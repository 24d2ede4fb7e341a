"""What all workspaces together used: a figure by a group per step of time, from sums alone, however many requests there were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from accounts.models import ApiKey, Workspace
from billing import sums
from catalog.models import Model, Provider
from kernel.replica import reading

__all__ = ["GROUPS", "METRICS", "MOST_DAYS", "STEPS", "Metric", "Overall", "Series", "names_of", "overall"]

Group = Literal["model", "workspace", "upstream", "key", "none"]
Step = Literal["hour", "day", "week", "month"]

MOST_DAYS = {"hour": 14, "day": 120, "week": 400, "month": 1_100}
"""How many UTC days are told by each step: more steps than a chart can show say nothing."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a sum, in SQL; nano-USD where it is `money`."""

    name: str
    sql: str
    money: bool = False


METRICS: Mapping[str, Metric] = {
    "revenue": Metric("Revenue", "cost", money=True),
    "upstream_cost": Metric("Upstream cost", "provider_cost", money=True),
    "margin": Metric("Margin", "(cost - provider_cost)", money=True),
    "requests": Metric("Requests", "requests"),
    "failed": Metric("Failed requests", "failed"),
    "tokens_in": Metric("Tokens in", sums.PROMPT),
    "tokens_out": Metric("Tokens out", sums.COMPLETION),
}
GROUPS: Mapping[Group, str] = {
    "model": "model_id",
    "workspace": "workspace_id",
    "upstream": "provider_id",
    "key": "api_key_id",
    "none": "0::bigint",
}
STEPS: tuple[Step, ...] = ("hour", "day", "week", "month")
_NAMED: Mapping[Group, tuple[Any, str]] = {
    "model": (Model, "public_id"),
    "workspace": (Workspace, "name"),
    "upstream": (Provider, "name"),
    "key": (ApiKey, "name"),
}


@dataclass(frozen=True, slots=True)
class Series:
    """One member over the steps, largest first; or all the `others` beyond those, as one. `before` is the total of then."""

    member: int
    name: str
    others: int
    values: tuple[int, ...]
    before: int | None = None

    @property
    def total(self) -> int:
        """The sum over the steps."""
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Overall:
    """A figure over steps that begin at `begins`: Σ `series` = `values`. `before` is that of the steps of then, if asked."""

    begins: tuple[datetime, ...]
    series: tuple[Series, ...]
    before: tuple[int, ...] | None = None
    values: tuple[int, ...] = field(default=())

    @property
    def total(self) -> int:
        """The sum of all."""
        return sum(self.values)


def overall(
    metric: str,
    *,
    by: Group,
    per: Step,
    first: date,
    last: date,
    only: Mapping[Group, int] | None = None,
    top: int = 5,
    compare: bool = False,
) -> Overall:
    """Return a metric of the UTC days first to last, both included, as it is posted, of everybody or of `only` (group: number).

    `top` members are told apart, those with most of it. With `compare` the same number of days right before is added.
    Two queries, five with `compare`. Raises ValueError for days that are out of bounds, or a name that there is not.
    """
    if last < first or (last - first).days >= MOST_DAYS[per]:
        raise ValueError(f"at most {MOST_DAYS[per]} days are told by {per}")
    begins = _begins(first, last, per)
    rows = _cells(metric, by=by, per=per, first=first, last=last, begins=begins, only=only or {}, top=top)
    series = _series(rows, by=by, steps=len(begins), top=top)
    if not compare:
        return Overall(begins, series, values=_summed(series, len(begins)))
    length = last - first + timedelta(days=1)
    then = {"first": first - length, "last": last - length}
    steps_then = _begins(**then, per=per)
    all_then = _cells(metric, by="none", per=per, **then, begins=steps_then, only=only or {}, top=1)
    before = _summed(_series(all_then, by="none", steps=len(steps_then), top=1), len(steps_then))
    members = _of_members(
        metric, by=by, **then, only=only or {}, members=[each.member for each in series if not each.others]
    )
    told = sum(members.values())
    series = tuple(
        Series(
            s.member, s.name, s.others, s.values, sum(before) - told if s.others else members.get(s.member, 0)
        )
        for s in series
    )
    return Overall(begins, series, before[: len(begins)], _summed(series, len(begins)))


def _begins(first: date, last: date, per: Step) -> tuple[datetime, ...]:
    if per == "hour":
        number = ((last - first).days + 1) * 24
        return tuple(_midnight(first) + step * _HOUR for step in range(number))
    days = (first + timedelta(days=back) for back in range((last - first).days + 1))
    return tuple(_midnight(day) for day in days if day == first or _opens(day, per))


def _opens(day: date, per: Step) -> bool:
    return per == "day" or (day.weekday() == 0 if per == "week" else day.day == 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _cells(
    metric: str,
    *,
    by: Group,
    per: Step,
    first: date,
    last: date,
    begins: Sequence[datetime],
    only: Mapping[Group, int],
    top: int,
) -> list[tuple[Any, ...]]:
    table, time_column, edges = _source(per, begins)
    with reading() as cursor:
        cursor.execute(
            f"""WITH cells AS (
                    SELECT width_bucket({time_column}, %(edges)s::{edges}[]) AS step, {GROUPS[by]} AS member,
                        sum({METRICS[metric].sql})::bigint AS part
                    FROM {table} WHERE {_within(per)}{_kept(only)} GROUP BY 1, 2),
                ranked AS (
                    SELECT member, row_number() OVER (ORDER BY sum(part) DESC, member) AS place FROM cells GROUP BY member)
                SELECT step, least(place, %(top)s + 1), min(member), (SELECT count(*) FROM ranked), sum(part)::bigint
                FROM cells JOIN ranked USING (member) GROUP BY 1, 2 ORDER BY 2, 1""",
            {"edges": list(begins), "top": top, **_span(first, last), **_named(only)},
        )
        return list(cursor.fetchall())


def _of_members(
    metric: str, *, by: Group, first: date, last: date, only: Mapping[Group, int], members: Sequence[int]
) -> dict[int, int]:
    with reading() as cursor:
        cursor.execute(
            f"""SELECT {GROUPS[by]}, sum({METRICS[metric].sql})::bigint FROM billing_daily_usage
                WHERE {_within("day")}{_kept(only)} AND {GROUPS[by]} = ANY (%(members)s) GROUP BY 1""",
            {"members": list(members), **_span(first, last), **_named(only)},
        )
        return dict(cursor.fetchall())


def _source(per: Step, begins: Sequence[datetime]) -> tuple[str, str, str]:
    if per == "hour":
        return "billing_usage_bucket", "starts_at", "timestamptz"
    return "billing_daily_usage", "day::timestamp AT TIME ZONE 'UTC'", "timestamptz"


def _within(per: Step) -> str:
    return (
        "starts_at >= %(begins)s AND starts_at < %(ends)s"
        if per == "hour"
        else "day BETWEEN %(first)s AND %(last)s"
    )


def _span(first: date, last: date) -> dict[str, Any]:
    return {
        "first": first,
        "last": last,
        "begins": _midnight(first),
        "ends": _midnight(last + timedelta(days=1)),
    }


def _named(only: Mapping[Group, int]) -> dict[str, int]:
    return {str(name): number for name, number in only.items()}


def _kept(only: Mapping[Group, int]) -> str:
    return "".join(f" AND {GROUPS[name]} = %({name})s" for name in only)


def _series(rows: Sequence[tuple[Any, ...]], *, by: Group, steps: int, top: int) -> tuple[Series, ...]:
    found: dict[int, dict[int, int]] = {}
    members: dict[int, int] = {}
    others: dict[int, int] = {}
    for step, place, member, number, part in rows:
        found.setdefault(place, {})[step] = part
        members[place] = member
        others[place] = number - top if place > top else 0
    names = names_of(by, [member for place, member in members.items() if place <= top])
    return tuple(
        Series(
            member=members[place] if place <= top else 0,
            name=names.get(members[place], "") if place <= top else "",
            others=others[place],
            values=tuple(parts.get(step, 0) for step in range(1, steps + 1)),
        )
        for place, parts in found.items()
    )


def _summed(series: Sequence[Series], steps: int) -> tuple[int, ...]:
    return tuple(map(sum, zip(*(each.values for each in series), strict=True))) if series else (0,) * steps


def names_of(by: Group, members: Sequence[int]) -> dict[int, str]:
    """Return what members of a group are called; one that is gone keeps its number."""
    if by == "none":
        return dict.fromkeys(members, "All")
    model, column = _NAMED[by]
    known = dict(model.objects.filter(pk__in=members).values_list("pk", column))
    return {
        member: known.get(member) or (f"{by} {member}" if member else "none reached") for member in members
    }
