"""How many requests there were over a time, made, failed and refused, and what they came to: from sums, never from events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from catalog.models import Model
from kernel import clock
from kernel.replica import reading

__all__ = ["Bar", "Posted", "Volume", "posted"]

_QUARTER, _HOUR, _DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
_MOST_BARS = 200
BY_QUARTERS = timedelta(days=8)
"""Up to how long a time quarters of an hour are read; beyond, days, of which there are a hundred times less."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch; `made` counts the failed, not the refused."""

    begins: datetime
    made: int = 0
    failed: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Volume:
    """The stretches without gaps, each `step` long, and what was charged in all, in nano-USD."""

    step: timedelta
    bars: tuple[Bar, ...]
    cost: int

    @property
    def made(self) -> int:
        """All requests that were let in."""
        return sum(bar.made for bar in self.bars)

    @property
    def failed(self) -> int:
        """Those of them that brought nothing."""
        return sum(bar.failed for bar in self.bars)

    @property
    def refused(self) -> int:
        """All that were not let in."""
        return sum(bar.refused for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted of a time by stretch, made and failed, what that came to in nano-USD, and of whom it was asked."""

    step: timedelta
    first: datetime
    bars: int
    ended: int
    made: Mapping[int, tuple[int, int]]
    cost: int
    only: Mapping[str, int | None]

    @property
    def within(self) -> int:
        """How many requests there were, without the stretches that began before the time or go on after it."""
        return sum(made for place, (made, _) in self.made.items() if 0 < place < self.ended)

    def volume(self) -> Volume:
        """Return the stretches, with what was refused in them."""
        refused = {} if self.only["provider_id"] is not None else _refused(self)
        bars = (
            Bar(self.first + place * self.step, *self.made.get(place, (0, 0)), refused.get(place, 0))
            for place in range(self.bars)
        )
        return Volume(self.step, tuple(bars), self.cost)


def posted(
    begins: datetime,
    ends: datetime,
    *,
    workspace_id: int | None = None,
    api_key_id: int | None = None,
    model_id: int | None = None,
    provider_id: int | None = None,
) -> Posted:
    """Return what was posted of a time, of everybody or of what is named; from days where it is long.

    A refused request reached no upstream: with `provider_id` there are none of them in its volume.
    """
    step, now = _step(ends - begins), clock.now()
    first = _floor(begins, step)
    bars = max(1, min(-(-(min(ends, now) - first) // step), _MOST_BARS))
    only = {
        "workspace_id": workspace_id,
        "api_key_id": api_key_id,
        "model_id": model_id,
        "provider_id": provider_id,
    }
    made, cost = _made(step, first, first + bars * step, only)
    ended = bars if ends >= now else (ends - first) // step
    return Posted(step, first, bars, ended, made, cost, only)


def _step(span: timedelta) -> timedelta:
    if span > BY_QUARTERS:
        return _DAY
    return _QUARTER if span <= 2 * _DAY + _HOUR else _HOUR


def _floor(moment: datetime, step: timedelta) -> datetime:
    seconds = moment.timestamp()
    return datetime.fromtimestamp(seconds - seconds % step.total_seconds(), moment.tzinfo)


def _made(
    step: timedelta, first: datetime, ends: datetime, only: Mapping[str, int | None]
) -> tuple[dict[int, tuple[int, int]], int]:
    table, time = ("daily_usage", "day") if step == _DAY else ("usage_bucket", "starts_at")
    at = "day::timestamp AT TIME ZONE 'UTC'" if step == _DAY else "starts_at"
    bound = "%({})s::timestamptz AT TIME ZONE 'UTC'" if step == _DAY else "%({})s"
    kept = "".join(f" AND {name} = %({name})s" for name, value in only.items() if value is not None)
    with reading() as cursor:
        cursor.execute(
            f"""SELECT floor(extract(epoch FROM {at} - %(first)s) / %(step)s)::int, sum(requests)::bigint,
                    sum(failed)::bigint, sum(cost)::bigint
                FROM billing_{table}
                WHERE {time} >= {bound.format("first")} AND {time} < {bound.format("ends")}{kept} GROUP BY 1""",
            {"first": first, "ends": ends, "step": step.total_seconds(), **only},
        )
        rows = cursor.fetchall()
    return {place: (made, failed) for place, made, failed, _ in rows}, sum(cost for *_, cost in rows)


def _refused(posted: Posted) -> dict[int, int]:
    only, ends = posted.only, posted.first + posted.bars * posted.step
    minutes: dict[str, Any] = {
        "first_minute": clock.minute_number(posted.first.timestamp()),
        "end_minute": clock.minute_number(ends.timestamp()),
        "minutes": posted.step // timedelta(minutes=1),
        "model": _name(only["model_id"]),
    }
    kept = "".join(
        f" AND {name} = %({name})s" for name in ("workspace_id", "api_key_id") if only[name] is not None
    )
    kept += " AND model = %(model)s" if only["model_id"] is not None else ""
    with reading() as cursor:
        cursor.execute(
            f"""SELECT (minute_no - %(first_minute)s) / %(minutes)s, sum(refusals)::bigint FROM billing_refusal_count
                WHERE minute_no >= %(first_minute)s AND minute_no < %(end_minute)s{kept} GROUP BY 1""",
            {**minutes, **only},
        )
        return dict(cursor.fetchall())


def _name(model_id: int | None) -> str:
    known = (
        Model.objects.filter(pk=model_id).values_list("public_id", flat=True).first() if model_id else None
    )
    return known or ""
