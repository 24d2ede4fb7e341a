"""A workspace's requests as flat records, by the UTC days they were let in on, newest first: pages by offset."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from billing import numbers, sums

__all__ = ["DEEPEST", "Record", "records"]

DEEPEST = 10_000
"""How far a page may begin behind the newest: each row before it is read."""


@dataclass(frozen=True, slots=True)
class Record:
    """One request that was answered or failed, corrections included; cost in nano-USD, `at` is when it was let in."""

    request_id: UUID
    model_id: int
    model: str
    provider: str
    prompt_tokens: int
    completion_tokens: int
    cost: int
    at: datetime
    takes: Sequence[str]
    makes: Sequence[str]


_RECORDS = f"""
SELECT e.request_id, e.model_id, coalesce(m.public_id, 'model ' || e.model_id), coalesce(p.slug, ''), whole.prompt,
    whole.completion, whole.cost, e.admitted_at, coalesce(m.input_modalities, '{{}}'),
    coalesce(m.output_modalities, '{{}}')
FROM (
    SELECT * FROM billing_usage_event
    WHERE workspace_id = %(workspace)s AND rev = 0 AND charge_no BETWEEN %(first_no)s AND %(last_no)s
        AND minute_no >= %(first_minute)s AND minute_no < %(end_minute)s
        AND id >= billing_first_id(%(near)s::date)
    ORDER BY charge_no DESC, recorded_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s) e
CROSS JOIN LATERAL (
    SELECT sum({sums.PROMPT})::bigint AS prompt, sum({sums.COMPLETION})::bigint AS completion, sum(cost)::bigint AS cost
    FROM billing_usage_event r
    WHERE r.workspace_id = e.workspace_id AND r.id >= e.request_id
        AND r.id <= encode(set_byte(uuid_send(e.request_id), 15, 255), 'hex')::uuid) whole
LEFT JOIN catalog_model m ON m.id = e.model_id LEFT JOIN catalog_provider p ON p.id = e.provider_id
ORDER BY e.charge_no DESC, e.recorded_at DESC, e.id DESC
"""


def records(workspace_id: int, first: date, last: date, *, limit: int, offset: int) -> list[Record]:
    """Return the requests of the UTC days first to last, both included, `offset` of them left out.

    Raises ValueError for an offset beyond DEEPEST.
    """
    if not 0 <= offset <= DEEPEST:
        raise ValueError(f"offset must be between 0 and {DEEPEST}")
    begins = datetime.combine(first, time(), UTC)
    ends = datetime.combine(last, time(), UTC) + timedelta(days=1)
    first_no, last_no = numbers.between(workspace_id, begins, ends)
    asked: dict[str, Any] = {
        "workspace": workspace_id,
        "first_no": first_no,
        "last_no": last_no,
        "first_minute": sums.first_minute(first),
        "end_minute": sums.first_minute(last) + 24 * 60,
        "near": first - timedelta(days=1),
        "limit": limit,
        "offset": offset,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORDS, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return [Record(*row) for row in rows]
