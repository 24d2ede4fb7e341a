"""What all workspaces used in a span and before it: read once, from the sums of days and of quarters of an hour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from kernel.replica import reading

from .span import Span

__all__ = ["Measured", "Usage", "usage"]

# Of the day that is cut at a time of day: 0 lies before, 1 is the quarter of an hour that is cut, 2 lies after.
_CUT = """CASE WHEN starts_at + interval '15 minutes' <= %(cut)s THEN 0 WHEN starts_at <= %(cut)s THEN 1 ELSE 2 END"""
_HOUR = "extract(hour FROM starts_at AT TIME ZONE 'UTC')::int"
_SUMS = "model_id, provider_id, requests, failed, cost, provider_cost"
_OF_A_DAY = f"""
    SELECT 0 AS side, {_HOUR} AS slot, 0 AS part, {_SUMS} FROM billing_usage_bucket WHERE starts_at >= %(begins)s
    UNION ALL
    SELECT 1, {_HOUR}, {_CUT}, {_SUMS} FROM billing_usage_bucket
    WHERE starts_at >= %(cut_day)s AND starts_at < %(cut_day)s + interval '1 day'"""
_OF_DAYS = f"""
    SELECT 0 AS side, day - %(first)s AS slot, 0 AS part, {_SUMS} FROM billing_daily_usage WHERE day >= %(first)s
    UNION ALL
    SELECT 1, day - %(first_before)s, 0, {_SUMS} FROM billing_daily_usage
    WHERE day >= %(first_before)s AND day < %(cut_day)s::date
    UNION ALL
    SELECT 1, %(slots)s - 1, {_CUT}, {_SUMS} FROM billing_usage_bucket
    WHERE starts_at >= %(cut_day)s AND starts_at < %(cut_day)s + interval '1 day'"""
_READ = """
SELECT side, slot, part, model_id, provider_id, sum(requests)::bigint, sum(failed)::bigint, sum(cost)::bigint,
    sum(provider_cost)::bigint
FROM ({rows}) used GROUP BY GROUPING SETS ((side, slot, part), (side, model_id), (side, provider_id))"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests, those of them that failed, and nano-USD that customers were charged and that upstreams charge."""

    requests: int = 0
    failed: int = 0
    revenue: int = 0
    cost: int = 0

    def __add__(self, other: "Measured") -> "Measured":
        return Measured(
            self.requests + other.requests,
            self.failed + other.failed,
            self.revenue + other.revenue,
            self.cost + other.cost,
        )

    @property
    def margin(self) -> int:
        """What stays with us, in nano-USD."""
        return self.revenue - self.cost


@dataclass(frozen=True, slots=True)
class Usage:
    """The span now: in all, by slot, model and upstream. Before: in all up to the same moment, and by whole slot.

    Of the quarter of an hour in which that moment lies, `before` counts the share that has passed.
    """

    now: Measured
    before: Measured
    slots: tuple[Measured, ...]
    slots_before: tuple[Measured, ...]
    models: Mapping[int, Measured] = field(default_factory=dict)
    providers: Mapping[int, Measured] = field(default_factory=dict)


def usage(span: Span) -> Usage:
    """Return what was posted of a span and of the time before it: the newest requests follow with the roll-up."""
    cells: dict[tuple[int, int, int], Measured] = {}
    models: dict[int, Measured] = {}
    providers: dict[int, Measured] = {}
    with reading() as cursor:
        cursor.execute(_READ.format(rows=_OF_A_DAY if span.by_hour else _OF_DAYS), _values(span))
        for side, slot, part, model, provider, *figures in cursor.fetchall():
            if slot is not None:
                cells[side, slot, part] = Measured(*figures)
            elif side == 0 and model is not None:
                models[model] = Measured(*figures)
            elif side == 0:
                providers[provider] = Measured(*figures)
    return Usage(
        now=_total(cells, 0, 0),
        before=_total(cells, 1, 0) + _part(span, _total(cells, 1, 1)),
        slots=_by_slot(cells, 0, span.slots),
        slots_before=_by_slot(cells, 1, span.slots),
        models=models,
        providers=providers,
    )


def _values(span: Span) -> dict[str, Any]:
    return {
        "begins": span.begins,
        "first": span.first,
        "first_before": span.first - span.back,
        "cut": span.before,
        "cut_day": datetime.combine(span.before.date(), time(), UTC),
        "slots": span.slots,
    }


def _total(cells: Mapping[tuple[int, int, int], Measured], side: int, part: int) -> Measured:
    found = [each for (of, _, in_part), each in cells.items() if (of, in_part) == (side, part)]
    return sum(found, Measured())


def _by_slot(cells: Mapping[tuple[int, int, int], Measured], side: int, slots: int) -> tuple[Measured, ...]:
    whole = [Measured()] * slots
    for (of, slot, _), each in cells.items():
        if of == side and 0 <= slot < slots:
            whole[slot] += each
    return tuple(whole)


def _part(span: Span, cut: Measured) -> Measured:
    return Measured(
        span.share(cut.requests), span.share(cut.failed), span.share(cut.revenue), span.share(cut.cost)
    )
