"""The requests of a workspace that ended last, each with its corrections."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing import sums
from billing.reach import Reach
from kernel.replica import reading

__all__ = ["RecentRow", "recent"]


@dataclass(frozen=True, slots=True)
class RecentRow:
    """One settled request with its corrections; times in milliseconds, cost in nano-USD, `at` its admission."""

    request_id: UUID
    at: datetime
    status: str
    http_status: int
    error_code: str
    model: str
    key_name: str
    stream: bool
    input_tokens: int
    output_tokens: int
    ttfb_ms: int | None
    latency_ms: int
    cost: int


# The index leads by charge number, which grows with every roll-up: the newest numbers hold the newest events.
_RECENT = f"""
WITH newest AS (
    SELECT * FROM billing_usage_event WHERE workspace_id = %(workspace)s AND rev = 0
    ORDER BY charge_no DESC, id DESC LIMIT %(limit)s)
SELECT e.request_id, e.admitted_at, e.status, e.http_status, e.error_code,
    coalesce(m.public_id, 'model ' || e.model_id), coalesce(k.name, ''), e.stream,
    whole.tokens_in, whole.tokens_out, e.ttfb_ms, e.latency_ms, whole.cost
FROM newest e
CROSS JOIN LATERAL (
    SELECT sum({sums.PROMPT})::bigint AS tokens_in, sum({sums.COMPLETION})::bigint AS tokens_out,
        sum(cost)::bigint AS cost
    FROM billing_usage_event r
    WHERE r.workspace_id = e.workspace_id AND r.id >= e.request_id
        AND r.id <= encode(set_byte(uuid_send(e.request_id), 15, 255), 'hex')::uuid) whole
LEFT JOIN catalog_model m ON m.id = e.model_id
LEFT JOIN accounts_apikey k ON k.id = e.api_key_id
WHERE e.minute_no >= %(first_minute)s
ORDER BY e.id DESC
"""


def recent(workspace_id: int, limit: int = 20, *, reach: Reach) -> list[RecentRow]:
    """Return those of the requests that ended last which are within reach, newest admission first."""
    with reading() as cursor:
        cursor.execute(
            _RECENT, {"workspace": workspace_id, "limit": limit, "first_minute": reach.first_minute}
        )
        return [RecentRow(*row) for row in cursor.fetchall()]
