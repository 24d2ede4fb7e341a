"""What was used, cut as developers ask for it: by day, model and key; posted or not, read as of one moment."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from billing import sums
from billing.statements.cuts import EARLIEST, LATEST, REACH, Cut, Span, cut
from billing.statements.sources import cells, values
from catalog.pricing import OUTPUT_CLASSES, PROMPT_CLASSES
from kernel import clock

__all__ = [
    "Credit",
    "Day",
    "ModelUse",
    "Spend",
    "by_day",
    "by_model_since",
    "credit",
    "in_cut",
    "spend_of_key",
]


@dataclass(frozen=True, slots=True)
class Day:
    """One model of one provider through one key on one day; cost in nano-USD."""

    day: date
    model: str
    provider: str
    key: str
    requests: int
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cost: int


@dataclass(frozen=True, slots=True)
class ModelUse:
    """One model over a span; cost in nano-USD."""

    model: str
    capability: str
    requests: int
    input_tokens: int
    output_tokens: int
    cost: int


@dataclass(frozen=True, slots=True)
class Spend:
    """What one key has cost in nano-USD: ever, and in the present UTC day, week (from Monday) and month."""

    ever: int
    day: int
    week: int
    month: int


@dataclass(frozen=True, slots=True)
class Credit:
    """Money of a workspace in nano-USD; `given` − `used` = `balance`, of which `held` is reserved."""

    given: int
    used: int
    balance: int
    held: int


UTC = ZoneInfo("UTC")
_MEASURED = ("requests", *(f"{name}_tokens" for name in (*PROMPT_CLASSES, *OUTPUT_CLASSES)), "cost")


def _by_day(made: Cut) -> str:
    dimensions = {name: name for name in ("model_id", "provider_id", "api_key_id")}
    return f"""
WITH days AS ({cells(made, dimensions, _MEASURED)})
SELECT d.slot, coalesce(m.public_id, 'model ' || d.model_id) AS model, coalesce(p.slug, '') AS provider,
    coalesce(k.name, '') AS key, d.requests, {sums.PROMPT}, {sums.COMPLETION}, reasoning_tokens, d.cost
FROM days d LEFT JOIN catalog_model m ON m.id = d.model_id LEFT JOIN catalog_provider p ON p.id = d.provider_id
LEFT JOIN accounts_apikey k ON k.id = d.api_key_id
ORDER BY d.slot DESC, model, provider, key, d.api_key_id
"""


def by_day(workspace_id: int, first: date, last: date) -> list[Day]:
    """Return what was used on the UTC days first to last, both included, newest first; a failed request counts."""
    if last < EARLIEST or first > LATEST:
        return []
    return in_cut(workspace_id, cut(first, last, zone=UTC, by="day", now=clock.now()))


def in_cut(workspace_id: int, made: Cut) -> list[Day]:
    """Return what was used in a cut by day, as `by_day` does."""
    with connection.cursor() as cursor:
        cursor.execute(_by_day(made), values(workspace_id, made))
        rows = cursor.fetchall()
    return [Day(made.spans[slot - 1].begins.date(), *row) for slot, *row in rows]


def _by_model(made: Cut) -> str:
    return f"""
WITH models AS ({cells(made, {"model_id": "model_id"}, _MEASURED)})
SELECT coalesce(m.public_id, 'model ' || u.model_id) AS model, coalesce(m.capability, ''),
    u.requests, {sums.PROMPT}, {sums.COMPLETION}, u.cost
FROM models u LEFT JOIN catalog_model m ON m.id = u.model_id
ORDER BY model
"""


def by_model_since(workspace_id: int, since: datetime) -> list[ModelUse]:
    """Return what was used since the start of a UTC day, or of a quarter of an hour of the last 89 days, by model.

    Raises ValueError for another moment: the sums cannot be cut there.
    """
    minute, now = clock.minute_number(since.timestamp()), clock.now()
    whole_days = minute % clock.MINUTES_PER_DAY == 0
    if minute % 15 or since.second or not (whole_days or since > now - REACH):
        raise ValueError("since must begin a UTC day, or a quarter of an hour of the last 89 days")
    # A process whose clock is ahead writes events of minutes that are still to come here.
    ends = clock.start_of_minute(sums.first_minute(clock.utc_day(now)) + 2 * clock.MINUTES_PER_DAY)
    made = Cut("UTC", "all", (Span(since, ends),), of_days=whole_days)
    with connection.cursor() as cursor:
        cursor.execute(_by_model(made), values(workspace_id, made))
        return [ModelUse(*row) for row in cursor.fetchall()]


# The index of the sums has the day before the key: PostgreSQL skips from one day to the next, and reads the rows of the
# key alone. An index for it would cost every roll-up more than this saves (measured: 8 ms for a year among 200 keys).
_OF_KEY = f"""
WITH parts AS (
    SELECT day, cost FROM billing_daily_usage WHERE workspace_id = %(workspace)s AND api_key_id = %(key)s
    UNION ALL
    SELECT {sums.DAY}, cost FROM billing_usage_event
    WHERE workspace_id = %(workspace)s AND api_key_id = %(key)s
        AND charge_no > (SELECT charged_no FROM billing_account WHERE workspace_id = %(workspace)s))
SELECT coalesce(sum(cost), 0)::bigint,
    coalesce(sum(cost) FILTER (WHERE day >= %(today)s), 0)::bigint,
    coalesce(sum(cost) FILTER (WHERE day >= %(monday)s), 0)::bigint,
    coalesce(sum(cost) FILTER (WHERE day >= %(month)s), 0)::bigint
FROM parts
"""


def spend_of_key(workspace_id: int, api_key_id: int) -> Spend:
    """Return what one key of a workspace has cost."""
    today = clock.utc_day(clock.now())
    with connection.cursor() as cursor:
        cursor.execute(
            _OF_KEY,
            {
                "workspace": workspace_id,
                "key": api_key_id,
                "today": today,
                "monday": today - timedelta(days=today.weekday()),
                "month": today.replace(day=1),
            },
        )
        return Spend(*(cursor.fetchone() or (0, 0, 0, 0)))


# What was given is all that moved but usage. Those movements are few; the charges of a workspace's life are not.
_CREDIT = """
SELECT g.given, g.given - a.posted + a.unbilled, a.posted - a.unbilled, a.held
FROM billing_account a CROSS JOIN LATERAL (
    SELECT coalesce(sum((
        SELECT e.amount FROM billing_ledger_entry e
        WHERE e.transaction_id = t.id AND e.workspace_id = t.workspace_id AND e.account = 'workspace')), 0)::bigint
        AS given
    FROM billing_ledger_transaction t
    WHERE t.workspace_id = a.workspace_id AND t.kind <> 'usage') g
WHERE a.workspace_id = %s
"""


def credit(workspace_id: int) -> Credit:
    """Return all credit a workspace was given, less what was taken back or expired, and all it used.

    Raises LookupError if it has no account.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CREDIT, [workspace_id])
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"workspace {workspace_id} has no account")
    return Credit(*row)
