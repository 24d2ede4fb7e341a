"""How many requests ended in each stretch of a time, and what they came to: from themselves where they are few, else from sums."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from billing import volume
from billing.volume import Bar, Posted
from kernel import clock
from kernel.replica import reading

from .conditions import Conditions
from .sought import Sought

__all__ = ["Bars", "bars"]

COUNTED = 10_000
"""Up to how many requests of a time are counted one by one, by everything that is known of them."""
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_STEPS = ((2 * _HOUR, _MINUTE), (26 * _HOUR, 15 * _MINUTE), (8 * _DAY, _HOUR))
"""Up to how long a time, and the length of its bars; beyond, days."""


@dataclass(frozen=True, slots=True)
class Bars:
    """The stretches without gaps, each but days of a change of clocks `step` long; `cost` in nano-USD.

    `counted` tells that all conditions were heeded; sums do not know those that are `beside`.
    """

    step: timedelta
    bars: tuple[Bar, ...]
    ends: datetime
    cost: int
    counted: bool

    @property
    def made(self) -> int:
        """All that were let in."""
        return sum(bar.made for bar in self.bars)

    @property
    def failed(self) -> int:
        """Those of them that brought nothing."""
        return sum(bar.failed for bar in self.bars)

    @property
    def refused(self) -> int:
        """All that were not let in."""
        return sum(bar.refused for bar in self.bars)


def bars(workspace_id: int, sought: Sought, asked: Conditions) -> Bars:
    """Return the bars of a time; of a charge number one, which is all of it."""
    now = clock.now().astimezone(sought.zone)
    ends = sought.ends or now.replace(second=0, microsecond=0) + _MINUTE
    begins = clock.start_of_minute(0) if sought.charge is not None else sought.begins
    step = ends - begins if sought.charge is not None else _step(ends - begins)
    edges = list(_edges(begins, ends, step))
    span = begins.astimezone(UTC), ends.astimezone(UTC)
    posted = volume.posted(*span, workspace_id=workspace_id) if sought.charge is None else None
    # Sums say in no time what counting would give up on after COUNTED.
    found = None if posted is not None and posted.within > COUNTED else _counted(asked, edges)
    if found is None:
        return _summed(workspace_id, begins, ends, asked, posted)
    made, cost = found
    refused = _refused(asked, edges)
    return Bars(
        step,
        tuple(
            Bar(begins, *made.get(place, (0, 0)), refused.get(place, 0))
            for place, begins in enumerate(edges, start=1)
        ),
        ends,
        cost,
        counted=True,
    )


def _step(span: timedelta) -> timedelta:
    return next((step for longest, step in _STEPS if span <= longest), _DAY)


def _edges(begins: datetime, ends: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield where bars begin: the first with the time, the others on whole steps of the clock that is shown."""
    at, zone = begins, begins.tzinfo
    while at < ends:
        yield at
        if step >= _DAY:
            at = datetime.combine(at.date() + _DAY, time(), zone)
        else:
            passed = (at.timestamp() + (at.utcoffset() or timedelta()).total_seconds()) % step.total_seconds()
            at = (at.astimezone(UTC) + step - timedelta(seconds=passed)).astimezone(zone)


_COUNTED = """
SELECT width_bucket(e.recorded_at, %(edges)s::timestamptz[]), count(*),
    count(*) FILTER (WHERE e.rev = 0{narrowed}),
    count(*) FILTER (WHERE e.rev = 0 AND e.status = 'failed'{narrowed}),
    coalesce(sum(e.cost) FILTER (WHERE true{narrowed}), 0)::bigint
FROM (
    SELECT * FROM billing_usage_event e
    WHERE e.workspace_id = %(workspace)s AND e.charge_no >= %(first_no)s AND e.charge_no <= %(last_no)s
        AND e.recorded_at >= %(begins)s AND (%(ends)s::timestamptz IS NULL OR e.recorded_at < %(ends)s)
        AND e.minute_no >= %(reach_minute)s
        AND e.id >= coalesce(billing_first_id(%(near)s::date), '00000000-0000-0000-0000-000000000000')
    LIMIT %(most)s) e
GROUP BY 1
"""


def _counted(asked: Conditions, edges: Sequence[datetime]) -> tuple[dict[int, tuple[int, int]], int] | None:
    """Return made and failed by bar and the cost of all; None if there are more than may be counted."""
    if asked.events is None:
        return {}, 0
    with reading() as cursor:
        cursor.execute(
            _COUNTED.format(narrowed=asked.events),
            {**asked.values, "edges": list(edges), "most": COUNTED + 1},
        )
        rows = cursor.fetchall()
    if sum(seen for _, seen, *_ in rows) > COUNTED:
        return None
    # What was recorded by a clock ahead of this one is of the last bar.
    made = {place: (made, failed) for place, _, made, failed, _ in rows}
    return made, sum(cost for *_, cost in rows)


_REFUSED = """
SELECT width_bucket(r.minute_no, %(minutes)s::int[]), sum(r.refusals)::bigint FROM billing_refusal_count r
WHERE r.workspace_id = %(workspace)s AND r.minute_no >= %(first_minute)s AND r.minute_no < %(end_minute)s{narrowed}
GROUP BY 1
"""


def _refused(asked: Conditions, edges: Sequence[datetime]) -> dict[int, int]:
    if asked.refusals is None:
        return {}
    minutes = [clock.minute_number(edge.timestamp()) for edge in edges]
    with reading() as cursor:
        cursor.execute(_REFUSED.format(narrowed=asked.refusals), {**asked.values, "minutes": minutes})
        return dict(cursor.fetchall())


def _summed(
    workspace_id: int, begins: datetime, ends: datetime, asked: Conditions, posted: Posted | None
) -> Bars:
    only: dict[str, Any] = {
        "api_key_id": asked.dimensions.keys,
        "model_id": asked.dimensions.models,
        "provider_id": asked.dimensions.providers,
    }
    first = {name: numbers[0] for name, numbers in only.items() if len(numbers) == 1}
    if first or posted is None:
        span = begins.astimezone(UTC), ends.astimezone(UTC)
        posted = volume.posted(*span, workspace_id=workspace_id, **first)
    found = posted.volume()
    zone = begins.tzinfo
    shown = tuple(Bar(bar.begins.astimezone(zone), bar.made, bar.failed, bar.refused) for bar in found.bars)
    return Bars(found.step, shown, shown[-1].begins + found.step, found.cost, counted=False)
