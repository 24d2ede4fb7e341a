"""How the hold of an open request grows while its answer does: by what the account and the key's budget still allow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, AsyncRawCursor

from kernel.failpoints import failpoint

from .taking import FUNDS, MINUTE, literal

__all__ = ["Extension", "extend"]


@dataclass(frozen=True, slots=True)
class Extension:
    """An open request that wants to hold more, and by how many nano-USD."""

    request_id: UUID
    workspace_id: int
    more: int


# Accounts in order and before leases and budgets, as everywhere. What those before it asked for counts against each,
# whether they got it or not. A lease that a settlement took meanwhile is not there to be updated, and gets nothing;
# nor does one whose key was given a budget, or lost it, while this waited for the account: that budget is not seen here.
_EXTEND = f"""
WITH x AS (
  SELECT x.*, r.api_key_id, r.budgeted FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY x (req, ws, more, n)
  JOIN billing_admission r ON r.request_id = x.req AND r.workspace_id = x.ws),
l AS MATERIALIZED (
  SELECT a.workspace_id, {FUNDS} - a.held AS free
  FROM billing_account a CROSS JOIN (SELECT {MINUTE} AS m) t
  WHERE a.workspace_id = ANY ($2::bigint[]) AND a.status = 0 ORDER BY a.workspace_id FOR UPDATE OF a),
b AS MATERIALIZED (
  SELECT kb.workspace_id, kb.api_key_id,
    kb.limit_nano - kb.held - CASE WHEN kb.window_day >= w.day THEN kb.spent ELSE 0 END AS free
  FROM billing_key_budget kb
  CROSS JOIN LATERAL (SELECT billing_window_day(kb.period,
    {MINUTE}) AS day) w
  WHERE (kb.workspace_id, kb.api_key_id) IN (
    SELECT x.ws, x.api_key_id FROM x WHERE x.budgeted AND x.ws = ANY (ARRAY(SELECT workspace_id FROM l)))
  ORDER BY kb.workspace_id, kb.api_key_id FOR UPDATE OF kb),
g AS (
  SELECT x.req, x.ws, x.budgeted, least(x.more,
    l.free - sum(x.more) OVER (PARTITION BY x.ws ORDER BY x.n) + x.more,
    b.free - sum(x.more) OVER (PARTITION BY x.ws, x.api_key_id ORDER BY x.n) + x.more)::bigint AS more
  FROM x JOIN l ON l.workspace_id = x.ws
  LEFT JOIN b ON x.budgeted AND b.workspace_id = x.ws AND b.api_key_id = x.api_key_id),
grown AS (
  UPDATE billing_admission r SET hold = r.hold + g.more FROM g
  WHERE r.request_id = g.req AND r.workspace_id = g.ws AND r.budgeted = g.budgeted AND g.more > 0
  RETURNING r.request_id, r.workspace_id, r.api_key_id, r.budgeted, g.more),
held AS (
  UPDATE billing_account a SET held = a.held + t.more
  FROM (SELECT workspace_id, sum(more)::bigint AS more FROM grown GROUP BY 1) t WHERE a.workspace_id = t.workspace_id),
reserved AS (
  UPDATE billing_key_budget kb SET held = kb.held + t.more
  FROM (SELECT workspace_id, api_key_id, sum(more)::bigint AS more FROM grown WHERE budgeted GROUP BY 1, 2) t
  WHERE kb.workspace_id = t.workspace_id AND kb.api_key_id = t.api_key_id)
SELECT l.workspace_id, grown.request_id, grown.more FROM l LEFT JOIN grown ON grown.workspace_id = l.workspace_id"""


async def extend(
    connection: AsyncConnection[Any], batch: Sequence[Extension], /, *, skip_locked: bool = False
) -> list[int | None]:
    """Add to the holds of open requests what can be had, at most what is wanted; return the nano-USD that each got.

    With `skip_locked` accounts that somebody holds are left, and theirs are None. A request that is not open gets 0.
    """
    wanted: dict[tuple[UUID, int], int] = {}
    for item in batch:
        request = item.request_id, item.workspace_id
        wanted[request] = wanted.get(request, 0) + item.more
    sql = _EXTEND.replace("FOR UPDATE OF a", "FOR UPDATE OF a SKIP LOCKED") if skip_locked else _EXTEND
    cursor = AsyncRawCursor(connection)
    failpoint("extend.begun")
    await cursor.execute(sql.encode(), _parameters(wanted), prepare=True)
    failpoint("extend.written")
    rows = await cursor.fetchall()
    reached = {workspace for workspace, _, _ in rows}
    got: dict[UUID, int] = {request: more for _, request, more in rows if request is not None}
    return [None if skip_locked and item.workspace_id not in reached else _share(item, got) for item in batch]


def _parameters(wanted: Mapping[tuple[UUID, int], int]) -> list[Any]:
    return [
        literal([request for request, _ in wanted]),
        literal([workspace for _, workspace in wanted]),
        literal(list(wanted.values())),
    ]


def _share(item: Extension, got: dict[UUID, int]) -> int:
    # One request may want more twice in a batch.
    left = got.get(item.request_id, 0)
    got[item.request_id] = left - min(item.more, left)
    return min(item.more, left)
