"""Which requests of a time are to be given back: by customer, model, upstream, how they ended, and how long they took."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from kernel import ids

__all__ = ["LONGEST", "Chosen"]

LONGEST = timedelta(hours=72)
"""The longest span: what an incident takes, and no more than can be read while somebody waits."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Requests admitted from a moment up to but not including another, both in UTC; what is None narrows nothing."""

    since: datetime
    until: datetime
    workspace_id: int | None = None
    model_id: int | None = None
    provider_id: int | None = None
    status: str | None = None
    error_code: str | None = None
    slower_than_ms: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a span that is empty or longer than LONGEST."""
        if not timedelta(0) < self.until - self.since <= LONGEST:
            raise ValueError(
                f"until: at most {LONGEST.total_seconds() // 3600:.0f} hours after the beginning"
            )

    @property
    def told(self) -> Mapping[str, str]:
        """What it narrows to, as text."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: f"{value}" for name, value in found.items() if value is not None}

    def sql(self) -> tuple[str, dict[str, Any]]:
        """Return the statement that gives request id, workspace and charge (nano-USD) of those that cost something."""
        wheres = [
            f"e.{name} = %({name})s"
            for name in ("workspace_id", "model_id", "provider_id", "status", "error_code")
            if getattr(self, name) is not None
        ]
        if self.slower_than_ms is not None:
            wheres.append("e.latency_ms > %(slower_than_ms)s")
        narrowed = "".join(f" AND {each}" for each in wheres)
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return _SQL.format(narrowed=narrowed), values | {
            "first": ids.first_at(self.since),
            "last": ids.first_at(self.until),
        }


# An id begins with the milliseconds of its request: the span is a range of the primary key.
_SQL = """SELECT e.request_id::text, e.workspace_id, whole.cost
    FROM billing_usage_event e CROSS JOIN LATERAL (
        SELECT sum(r.cost)::bigint AS cost FROM billing_usage_event r
        WHERE r.workspace_id = e.workspace_id AND r.id >= e.request_id
            AND r.id <= encode(set_byte(uuid_send(e.request_id), 15, 255), 'hex')::uuid) whole
    WHERE e.id >= %(first)s AND e.id < %(last)s AND e.rev = 0 AND whole.cost > 0{narrowed}
    ORDER BY e.id"""
