"""The rows of the list, newest first: settled requests and refusals by key, and those that are open now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing import sums
from billing.refusals import minute_of
from kernel.replica import reading

from .conditions import Conditions
from .marks import NOWHERE, EventKey, Mark

__all__ = [
    "LOOKED_THROUGH",
    "Open",
    "Refused",
    "Settled",
    "lookahead",
    "open_now",
    "refused",
    "running",
    "settled",
]

LOOKED_THROUGH = 10_000
"""How many requests one page looks through for those that fit; the next page goes on from there."""
_MOST_OPEN = 50


@dataclass(frozen=True, slots=True)
class Settled:
    """A request that has ended, over all its revisions; `at` is when. Cost in nano-USD, times in milliseconds."""

    key: EventKey
    request_id: UUID
    status: str
    http_status: int
    error_code: str
    model_id: int
    api_key_id: int
    provider_id: int
    ttfb_ms: int | None
    tokens: int
    cost: int

    @property
    def at(self) -> datetime:
        """When it was settled."""
        return self.key.recorded_at


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that was not let in."""

    request_id: UUID
    at: datetime
    model: str
    api_key_id: int
    code: str


@dataclass(frozen=True, slots=True)
class Open:
    """A request that runs, with what its last checkpoint told; hold in nano-USD."""

    request_id: UUID
    at: datetime
    model_id: int
    api_key_id: int
    provider_id: int
    stream: bool
    first_byte_at: datetime | None
    tokens: int
    hold: int


_WITHIN = """e.workspace_id = %(workspace)s AND e.rev = 0 AND e.charge_no >= %(first_no)s AND e.charge_no <= %(last_no)s
        AND e.recorded_at >= %(begins)s AND (%(ends)s::timestamptz IS NULL OR e.recorded_at < %(ends)s)
        AND e.minute_no >= %(reach_minute)s AND e.id >= coalesce(billing_first_id(%(near)s::date), %(least)s)"""
_ORDER = "e.charge_no DESC, e.recorded_at DESC, e.id DESC"
_SCANNED = f"""
    SELECT e.* FROM billing_usage_event e
    WHERE {_WITHIN} AND (e.charge_no, e.recorded_at, e.id) < (%(number)s, %(at)s, %(id)s)
    ORDER BY {_ORDER} LIMIT %(looked_through)s"""
_FIRST_ID, _LAST_ID = UUID(int=0), UUID(int=2**128 - 1)


def settled(asked: Conditions, mark: Mark, *, limit: int) -> list[Settled]:
    """Return the settled requests behind a mark that fit, newest first, of at most LOOKED_THROUGH."""
    if asked.events is None:
        return []
    with reading() as cursor:
        cursor.execute(
            f"""
SELECT e.charge_no, e.recorded_at, e.id, e.request_id, e.status, e.http_status, e.error_code, e.model_id, e.api_key_id,
    e.provider_id, e.ttfb_ms, whole.tokens, whole.cost
FROM ({_SCANNED}) e CROSS JOIN LATERAL (
    SELECT sum({sums.PROMPT} + {sums.COMPLETION})::bigint AS tokens, sum(cost)::bigint AS cost
    FROM billing_usage_event r
    WHERE r.workspace_id = e.workspace_id AND r.id >= e.request_id
        AND r.id <= encode(set_byte(uuid_send(e.request_id), 15, 255), 'hex')::uuid) whole
WHERE true{asked.events} ORDER BY {_ORDER} LIMIT %(limit)s""",
            {**asked.values, **_behind(mark), "limit": limit, "looked_through": LOOKED_THROUGH},
        )
        return [Settled(EventKey(*row[:3]), *row[3:]) for row in cursor.fetchall()]


def newest(asked: Conditions) -> EventKey | None:
    """Return the request that was settled last in the time, whether it fits or not."""
    with reading() as cursor:
        cursor.execute(
            f"SELECT charge_no, recorded_at, id FROM ({_SCANNED}) e",
            {**asked.values, **_behind(NOWHERE), "looked_through": 1},
        )
        row = cursor.fetchone()
        return EventKey(*row) if row else None


def lookahead(asked: Conditions, mark: Mark) -> EventKey | None:
    """Return where a page that looked through as many as it may stopped; None if it came to the end."""
    with reading() as cursor:
        cursor.execute(
            f"SELECT charge_no, recorded_at, id FROM ({_SCANNED}) e OFFSET %(looked_through)s - 1",
            {**asked.values, **_behind(mark), "looked_through": LOOKED_THROUGH},
        )
        row = cursor.fetchone()
        return EventKey(*row) if row else None


def _behind(mark: Mark) -> Mapping[str, Any]:
    key = mark.event
    number, at, last = (
        (2**62, "infinity", _LAST_ID) if key is None else (key.charge_no, key.recorded_at, key.id)
    )
    return {"number": number, "at": at, "id": last, "least": _FIRST_ID}


_REFUSED = """
SELECT request_id, refused_at, model, api_key_id, code FROM billing_refusal r
WHERE workspace_id = %(workspace)s AND minute_no >= %(first_minute)s AND minute_no < %(end_minute)s
    AND (minute_no, request_id) < (%(minute)s, %(id)s){narrowed}
ORDER BY minute_no DESC, request_id DESC LIMIT %(limit)s
"""


def refused(asked: Conditions, mark: Mark, *, limit: int) -> list[Refused]:
    """Return the refusals behind a mark that fit and whose reasons are kept, newest first."""
    if asked.refusals is None:
        return []
    last = mark.refusal or _LAST_ID
    with reading() as cursor:
        cursor.execute(
            _REFUSED.format(narrowed=asked.refusals),
            {**asked.values, "minute": _minute(last), "id": last, "limit": limit},
        )
        return [Refused(*row) for row in cursor.fetchall()]


def _minute(refusal: UUID) -> int:
    return min(minute_of(refusal), 2**31 - 1)


_OPEN = """
SELECT request_id, admitted_at, model_id, api_key_id, provider_id, stream, first_byte_at,
    progress_input + progress_output, hold
FROM billing_admission o WHERE workspace_id = %(workspace)s{narrowed}
ORDER BY request_id DESC LIMIT %(limit)s
"""


def open_now(asked: Conditions) -> list[Open]:
    """Return the requests that run now and fit, newest first, at most 50."""
    if asked.open is None:
        return []
    with reading() as cursor:
        cursor.execute(_OPEN.format(narrowed=asked.open), {**asked.values, "limit": _MOST_OPEN})
        return [Open(*row) for row in cursor.fetchall()]


def running(workspace_id: int, request_id: UUID) -> Open | None:
    """Return a workspace's request that runs now, or None."""
    with reading() as cursor:
        values: dict[str, Any] = {"workspace": workspace_id, "request": request_id, "limit": 1}
        cursor.execute(_OPEN.format(narrowed=" AND request_id = %(request)s"), values)
        row = cursor.fetchone()
        return Open(*row) if row else None
