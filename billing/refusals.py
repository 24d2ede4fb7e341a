"""Who was not let in, how often and why: counted in the process, written once a second, never on a request's way."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.db import connection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from billing.reach import Reach
from billing.taking import literal
from kernel import clock
from kernel.tallies import Count

__all__ = ["DETAILS", "Refusal", "Refusals", "count", "drop_old", "find", "minute_of", "newest"]

log = structlog.get_logger()

DETAILS = 20
"""How many refusals per workspace and minute are kept with their reasons."""
DETAILS_KEPT, COUNTS_KEPT = timedelta(days=7), timedelta(days=90)
EVERY_SECONDS = 1.0
_MOST_COUNTERS, _MOST_DETAILS = 20_000, 5_000
_ROWS_PER_CALL = 50_000
_POOL_SECONDS = 2.0
_LONGEST = {"model": 128, "message": 500}
# What names no model of ours could be any text, and a counter for each would have no bound.
_MODEL_UNKNOWN = frozenset({"INVALID_MODEL", "VALIDATION_ERROR"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request that was not let in. Money in nano-USD; what a code does not tell is 0 or None."""

    request_id: UUID
    workspace_id: int
    api_key_id: int
    model: str
    code: str
    message: str
    refused_at: datetime
    weight: int = 1
    cap: int = 0
    used: int = 0
    resets_at: datetime | None = None
    required: int = 0
    available: int = 0
    held: int = 0


_refused = Count("tollway_refusals_total", "Requests of known callers that were not let in.", ("code",))
_Counted = tuple[int, int, int, str, str]

_COLUMNS = tuple(field.name for field in fields(Refusal))
_NAMES = ", ".join(_COLUMNS)
# Counters come in order, so that two processes cannot lock each other's rows crosswise. Two that write at the same
# moment do not see each other's details: there can be a few more of them.
_WRITE = f"""
WITH counted AS (
  INSERT INTO billing_refusal_count (workspace_id, minute_no, api_key_id, model, code, refusals)
  SELECT * FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::text[], %s::text[], %s::bigint[])
  ON CONFLICT (workspace_id, minute_no, api_key_id, model, code)
  DO UPDATE SET refusals = billing_refusal_count.refusals + excluded.refusals),
told AS (
  SELECT d.*, row_number() OVER (PARTITION BY workspace_id, minute_no ORDER BY request_id) AS place
  FROM unnest(%s::int[], %s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
    %s::int[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[])
    d (minute_no, {_NAMES}))
INSERT INTO billing_refusal (minute_no, {_NAMES})
SELECT minute_no, {_NAMES} FROM told
WHERE place + (SELECT count(*) FROM billing_refusal r
               WHERE r.workspace_id = told.workspace_id AND r.minute_no = told.minute_no) <= {DETAILS}
ON CONFLICT DO NOTHING"""


class Refusals:
    """The refusals of one process: notes them in memory and writes them once a second, in one statement."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._counts: Counter[_Counted] = Counter()
        self._details: list[Refusal] = []
        self._seen: Counter[tuple[int, int]] = Counter()
        self._end = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="refusals")

    async def stop(self) -> None:
        """Write what is left, and end."""
        self._end.set()
        if self._task is not None:
            await self._task

    def note(self, refusal: Refusal) -> None:
        """Count a refusal, and keep its reasons if it is among the first of its workspace and minute."""
        _refused.add(refusal.code)
        minute = minute_of(refusal.request_id)
        model = "" if refusal.code in _MODEL_UNKNOWN else refusal.model[: _LONGEST["model"]]
        counted = (refusal.workspace_id, minute, refusal.api_key_id, model, refusal.code)
        if counted in self._counts or len(self._counts) < _MOST_COUNTERS:
            self._counts[counted] += 1
        place = (refusal.workspace_id, minute)
        if self._seen[place] < DETAILS and len(self._details) < _MOST_DETAILS:
            self._seen[place] += 1
            self._details.append(refusal)

    async def write(self) -> None:
        """Write what is noted. What cannot reach the database waits; what may have reached it is not sent twice."""
        if not self._counts:
            return
        try:
            async with self._pool.connection(timeout=_POOL_SECONDS) as connection:
                counts, self._counts = self._counts, Counter()
                details, self._details = self._details, []
                await connection.execute(_WRITE.encode(), _parameters(counts, details))
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("refusals not written", error=type(error).__name__)
        passed = clock.minute_number() - 1  # what came in before that has been told enough of
        self._seen = Counter({place: n for place, n in self._seen.items() if place[1] >= passed})

    async def _run(self) -> None:
        ending = False
        while not ending:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    ending = await self._end.wait()
            await self.write()


def minute_of(request_id: UUID) -> int:
    """Return the minute since 1970, UTC, in which a request came: its id says so."""
    return (request_id.int >> 80) // 60_000


def find(workspace_id: int, request_id: UUID, *, reach: Reach) -> Refusal | None:
    """Return the refusal of a workspace's request, if it is kept and within reach."""
    if not reach.holds(minute_of(request_id)):
        return None
    return _one("minute_no = %s AND request_id = %s", [workspace_id, minute_of(request_id), request_id])


def newest(workspace_id: int, *, reach: Reach) -> Refusal | None:
    """Return the newest refusal of a workspace that is kept and within reach."""
    return _one(
        "minute_no >= %s ORDER BY minute_no DESC, request_id DESC LIMIT 1", [workspace_id, reach.first_minute]
    )


def count(refusal: Refusal) -> int:
    """Return how many requests of the workspace were refused with the same code in the same minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce(sum(refusals), 0)::bigint FROM billing_refusal_count
               WHERE workspace_id = %s AND minute_no = %s AND code = %s""",
            [refusal.workspace_id, minute_of(refusal.request_id), refusal.code],
        )
        [number] = cursor.fetchone() or (0,)
        return int(number)


def drop_old(now: datetime) -> int:
    """Delete reasons older than 7 days and counts older than 90, at most 50,000 each a call; return how many."""
    dropped = 0
    with connection.cursor() as cursor:
        for table, kept in (("billing_refusal", DETAILS_KEPT), ("billing_refusal_count", COUNTS_KEPT)):
            cursor.execute(
                f"""DELETE FROM {table} WHERE ctid = ANY (ARRAY(
                       SELECT ctid FROM {table} WHERE minute_no < %s LIMIT %s))""",
                [clock.minute_number((now - kept).timestamp()), _ROWS_PER_CALL],
            )
            dropped += cursor.rowcount
    return dropped


def _one(condition: str, values: Sequence[int | UUID]) -> Refusal | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_NAMES} FROM billing_refusal WHERE workspace_id = %s AND {condition}", list(values)
        )
        row = cursor.fetchone()
    return Refusal(*row) if row else None


def _parameters(counts: Mapping[_Counted, int], details: Sequence[Refusal]) -> list[Any]:
    rows = [(*counted, counts[counted]) for counted in sorted(counts)]
    columns = [[row[place] for row in rows] for place in range(6)]
    told: list[list[Any]] = [[getattr(each, name) for each in details] for name in _COLUMNS]
    for name, longest in _LONGEST.items():
        place = _COLUMNS.index(name)
        told[place] = [text[:longest] for text in told[place]]
    return [*columns, literal([minute_of(each.request_id) for each in details]), *told]
