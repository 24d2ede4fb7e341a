"""What a workspace has spent and has left: rolled sums plus the events not yet posted, read as of one moment."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from billing import sums
from kernel import clock

__all__ = [
    "Balance",
    "DailyRow",
    "Limits",
    "Meter",
    "RecentRow",
    "Totals",
    "balance",
    "daily",
    "limits",
    "recent",
    "spend_today",
    "totals",
]


@dataclass(frozen=True, slots=True)
class Balance:
    """Money of a workspace in nano-USD, and how many of its requests are open.

    `posted` is the ledger's balance, `unbilled` is settled and not yet in it, `held` is reserved by open
    requests, `available` is what a new request may still reserve, an overdraft included.
    """

    posted: int
    unbilled: int
    held: int
    available: int
    open_requests: int


@dataclass(frozen=True, slots=True)
class DailyRow:
    """One model on one UTC day: all tokens in, all tokens out, cost in nano-USD."""

    day: date
    model_id: int
    model: str
    requests: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost: int


@dataclass(frozen=True, slots=True)
class Totals:
    """All models over a span of UTC days; cost in nano-USD."""

    requests: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost: int


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


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit is used; no cap means it is not enforced, no reset that it is not a window."""

    used: int
    cap: int | None
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Limits:
    """The windows of the present minute, hour and day (UTC, in weighted requests), and the open streams."""

    minute: Meter
    hour: Meter
    day: Meter
    streams: Meter


def balance(workspace_id: int) -> Balance:
    """Return the money of a workspace. Raises LookupError if it has no account."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT posted, unbilled, held, posted - unbilled - held + overdraft_limit,
                   (SELECT count(*) FROM billing_admission o WHERE o.workspace_id = a.workspace_id)
               FROM billing_account a WHERE workspace_id = %s""",
            [workspace_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"workspace {workspace_id} has no account")
    return Balance(*row)


# One statement is one snapshot: an event is either in a rolled sum or above the last posted number, never both.
_DAILY = f"""
WITH parts AS (
    SELECT day, model_id, requests, failed, {sums.PROMPT} AS tokens_in, {sums.COMPLETION} AS tokens_out, cost
    FROM billing_daily_usage
    WHERE workspace_id = %(workspace)s AND day BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT {sums.DAY}, model_id, {sums.EVENT_MEASURES["requests"]}, {sums.EVENT_MEASURES["failed"]},
        sum({sums.PROMPT}), sum({sums.COMPLETION}), sum(cost)
    FROM billing_usage_event
    WHERE workspace_id = %(workspace)s
        AND charge_no > (SELECT charged_no FROM billing_account WHERE workspace_id = %(workspace)s)
        AND minute_no BETWEEN %(first_minute)s AND %(last_minute)s
    GROUP BY 1, 2),
per_model AS (
    SELECT day, model_id, sum(requests)::bigint AS requests, sum(failed)::bigint AS failed,
        sum(tokens_in)::bigint AS tokens_in, sum(tokens_out)::bigint AS tokens_out, sum(cost)::bigint AS cost
    FROM parts GROUP BY day, model_id)
SELECT day, model_id, coalesce(m.public_id, 'model ' || model_id) AS model,
    requests, failed, tokens_in, tokens_out, cost
FROM per_model LEFT JOIN catalog_model m ON m.id = model_id
ORDER BY day, model
"""


def daily(workspace_id: int, first: date, last: date) -> list[DailyRow]:
    """Return what was used on the UTC days first to last, both included, by day and model, posted or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            _DAILY,
            {
                "workspace": workspace_id,
                "first": first,
                "last": last,
                "first_minute": sums.first_minute(first),
                "last_minute": sums.first_minute(last) + clock.MINUTES_PER_DAY - 1,
            },
        )
        return [DailyRow(*row) for row in cursor.fetchall()]


def totals(workspace_id: int, first: date, last: date) -> Totals:
    """Return what was used on the UTC days first to last, both included, in all."""
    rows = daily(workspace_id, first, last)
    return Totals(
        requests=sum(row.requests for row in rows),
        failed=sum(row.failed for row in rows),
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        cost=sum(row.cost for row in rows),
    )


def spend_today(workspace_id: int) -> int:
    """Return what the present UTC day has cost so far, in nano-USD."""
    today = clock.utc_day(clock.now())
    return totals(workspace_id, today, today).cost


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
ORDER BY e.id DESC
"""


def recent(workspace_id: int, limit: int = 20) -> list[RecentRow]:
    """Return the requests that ended last, newest admission first."""
    with connection.cursor() as cursor:
        cursor.execute(_RECENT, {"workspace": workspace_id, "limit": limit})
        return [RecentRow(*row) for row in cursor.fetchall()]


_LIMITS = """
SELECT t.minute,
    CASE WHEN a.minute_no >= t.minute THEN a.minute_count ELSE 0 END,
    CASE WHEN a.minute_no / 60 >= t.minute / 60 THEN a.hour_count ELSE 0 END,
    CASE WHEN a.minute_no / 1440 >= t.minute / 1440 THEN a.day_count ELSE 0 END,
    a.open_streams, p.minute_cap, p.hour_cap, p.day_cap, p.stream_cap
FROM billing_account a
JOIN accounts_workspace w ON w.id = a.workspace_id
JOIN catalog_planversion p ON p.id = w.plan_version_id
CROSS JOIN (SELECT floor(extract(epoch FROM clock_timestamp()) / 60)::int AS minute) t
WHERE a.workspace_id = %s
"""


def limits(workspace_id: int) -> Limits:
    """Return the limits by the database's clock, as admission sees them; a window that has passed counts 0.

    Raises LookupError if there is no such workspace.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LIMITS, [workspace_id])
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"there is no workspace {workspace_id}")
    now, minute, hour, day, streams, minute_cap, hour_cap, day_cap, stream_cap = row
    return Limits(
        minute=Meter(minute, minute_cap, _next(now, 1)),
        hour=Meter(hour, hour_cap, _next(now, 60)),
        day=Meter(day, day_cap, _next(now, clock.MINUTES_PER_DAY)),
        streams=Meter(streams, stream_cap, None),
    )


def _next(minute: int, length: int) -> datetime:
    return clock.start_of_minute((minute // length + 1) * length)
