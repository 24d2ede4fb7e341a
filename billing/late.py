"""What happens to a settlement whose lease is gone: done before, or a correction of what the reaper wrote."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, AsyncRawCursor

from catalog.pricing import CLASSES
from kernel import ids
from kernel.failpoints import failpoint

from .settlement import SETTLE, TOKEN_COLUMNS, Settlement, parameters
from .taking import literal

__all__ = ["CORRECT", "Outcome", "correction", "settle"]

Outcome = str
# Kept as they are sent: a fresh copy of four kilobytes would be compared with that of the statement prepared before.
_SETTLE = SETTLE.encode()
_SETTLE_FREE = SETTLE.replace("FOR UPDATE)", "FOR UPDATE SKIP LOCKED)").encode()
_COLUMNS = TOKEN_COLUMNS.split(", ")

_WRITTEN = "SELECT id, status FROM billing_usage_event WHERE id = ANY ($1::uuid[])"

# Revision 1 carries the signed difference between the truth and the reaper's checkpoint, at most once. What served is
# news where nothing was checkpointed; elsewhere it is what the checkpoint says. A budget's window that is over stays.
CORRECT = f"""
WITH l AS MATERIALIZED (SELECT workspace_id, charge_no FROM billing_account WHERE workspace_id = $2 FOR UPDATE),
ev AS (
  INSERT INTO billing_usage_event (id, request_id, rev, workspace_id, api_key_id, charge_no, minute_no, weight,
    model_id, chain_id, provider_id, endpoint_id, upstream_model, attempts, stream, status, http_status, error_code,
    finish_reason, usage_source, suspect, price_version_id, multipliers, cost, provider_cost, hold, ttfb_ms,
    latency_ms, tag, admitted_at, {TOKEN_COLUMNS})
  SELECT $28::uuid, e.request_id, 1, e.workspace_id, e.api_key_id, l.charge_no,
    e.minute_no, 0, coalesce(nullif($31::bigint, 0), e.model_id), coalesce(nullif($32::bigint, 0), e.chain_id),
    coalesce(nullif($29::bigint, 0), e.provider_id), coalesce(nullif($30::bigint, 0), e.endpoint_id), $3::text,
    $4::smallint, e.stream, $5::text, $6::smallint, $7::text, $8::text, $9::text, $10::bool,
    coalesce(nullif($33::bigint, 0), e.price_version_id), $11::text, $12::bigint - e.cost,
    $13::bigint - e.provider_cost, 0, $14::int, $15::int, e.tag, e.admitted_at,
    {", ".join(f"${16 + n}::bigint - e.{name}" for n, name in enumerate(_COLUMNS))}
  FROM billing_usage_event e JOIN l USING (workspace_id) WHERE e.id = $1 AND e.workspace_id = $2
  ON CONFLICT DO NOTHING RETURNING workspace_id, api_key_id, minute_no, cost),
spent AS (
  UPDATE billing_key_budget kb SET spent = greatest(0, kb.spent + ev.cost) FROM ev
  WHERE kb.workspace_id = ev.workspace_id AND kb.api_key_id = ev.api_key_id
    AND kb.window_day = billing_window_day(kb.period, ev.minute_no))
UPDATE billing_account a SET unbilled = a.unbilled + ev.cost FROM ev WHERE a.workspace_id = ev.workspace_id
RETURNING a.workspace_id"""


async def settle(
    connection: AsyncConnection[Any], batch: Sequence[Settlement], /, *, skip_locked: bool = False
) -> list[Outcome | None]:
    """Settle a batch and say of each: `settled`, `before` (an event of ours was there), `corrected` or `unknown`.

    Sending the same batch again is safe: the account lock makes the second wait for the end of the first. With
    `skip_locked` accounts that somebody holds are left, and what was not settled is None.
    """
    cursor = AsyncRawCursor(connection)
    failpoint("settle.begun")
    sql = _SETTLE_FREE if skip_locked else _SETTLE
    await cursor.execute(sql, parameters(batch), prepare=True)
    failpoint("settle.written")
    moved = {row[0] for row in await cursor.fetchall()}
    if skip_locked:
        return ["settled" if item.request_id in moved else None for item in batch]
    written = await _written(cursor, [item for item in batch if item.request_id not in moved])
    return [
        "settled" if item.request_id in moved else await _mend(cursor, item, written.get(item.request_id))
        for item in batch
    ]


async def _written(cursor: AsyncRawCursor[Any], missing: Sequence[Settlement]) -> dict[UUID, str]:
    if not missing:
        return {}
    await cursor.execute(_WRITTEN.encode(), [literal([item.request_id for item in missing])], prepare=True)
    failpoint("settle.looked_up")
    return dict(await cursor.fetchall())


async def _mend(cursor: AsyncRawCursor[Any], item: Settlement, status: str | None) -> Outcome:
    if status is None:
        return "unknown"
    if status != "reaped":
        return "before"
    failpoint("correct.begun")
    await cursor.execute(CORRECT.encode(), correction(item), prepare=True)
    failpoint("correct.written")
    return "corrected"


def correction(item: Settlement) -> list[Any]:
    """Return the parameters of CORRECT for what a request truly came to."""
    return [
        item.request_id,
        item.workspace_id,
        item.upstream_model,
        item.attempts,
        item.status,
        item.http_status,
        item.error_code,
        item.finish_reason,
        item.usage_source,
        item.suspect,
        item.multipliers,
        item.cost,
        item.provider_cost,
        item.ttfb_ms,
        item.latency_ms,
        *(getattr(item.counts, name) for name in CLASSES),
        ids.revision_id(item.request_id, 1),
        item.provider_id,
        item.endpoint_id,
        item.model_id,
        item.chain_id,
        item.price_version_id,
    ]
