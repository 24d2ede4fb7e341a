"""What was used, cut as developers ask for it: by day, model and key; posted or not, read as of one moment."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from billing import sums
from kernel import clock

__all__ = ["Credit", "Day", "ModelUse", "Spend", "by_day", "by_model_since", "credit", "spend_of_key"]


@dataclass(frozen=True, slots=True)
class Day:
    """One model of one provider through one key on one UTC day; cost in nano-USD."""

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


def _unposted(columns: str, *, by: str) -> str:
    # One statement is one snapshot: an event is in a rolled sum or above the last posted number, never both.
    return f"""
    SELECT {columns} FROM billing_usage_event
    WHERE workspace_id = %(workspace)s
        AND charge_no > (SELECT charged_no FROM billing_account WHERE workspace_id = %(workspace)s)
        AND minute_no BETWEEN %(first_minute)s AND %(last_minute)s
    GROUP BY {by}"""


_NO_END = 2**31 - 1
_QUARTERS_REACH = timedelta(days=89)
_REQUESTS = sums.EVENT_MEASURES["requests"]
_BY_DAY = f"""
WITH parts AS (
    SELECT day, model_id, provider_id, api_key_id, requests, {sums.PROMPT} AS tokens_in,
        {sums.COMPLETION} AS tokens_out, reasoning_tokens AS reasoning, cost
    FROM billing_daily_usage
    WHERE workspace_id = %(workspace)s AND day BETWEEN %(first)s AND %(last)s
    UNION ALL {
    _unposted(
        f'''{sums.DAY}, model_id, provider_id, api_key_id, {_REQUESTS}, sum({sums.PROMPT}),
        sum({sums.COMPLETION}), sum(reasoning_tokens), sum(cost)''',
        by="1, 2, 3, 4",
    )
}),
days AS (
    SELECT day, model_id, provider_id, api_key_id, sum(requests)::bigint AS requests,
        sum(tokens_in)::bigint AS tokens_in, sum(tokens_out)::bigint AS tokens_out,
        sum(reasoning)::bigint AS reasoning, sum(cost)::bigint AS cost
    FROM parts GROUP BY 1, 2, 3, 4)
SELECT d.day, coalesce(m.public_id, 'model ' || d.model_id) AS model, coalesce(p.slug, '') AS provider,
    coalesce(k.name, '') AS key, d.requests, d.tokens_in, d.tokens_out, d.reasoning, d.cost
FROM days d LEFT JOIN catalog_model m ON m.id = d.model_id LEFT JOIN catalog_provider p ON p.id = d.provider_id
LEFT JOIN accounts_apikey k ON k.id = d.api_key_id
ORDER BY d.day DESC, model, provider, key, d.api_key_id
"""


def by_day(workspace_id: int, first: date, last: date) -> list[Day]:
    """Return what was used on the UTC days first to last, both included, newest first; a failed request counts."""
    values: dict[str, int | date] = {
        "workspace": workspace_id,
        "first": first,
        "last": last,
        "first_minute": sums.first_minute(first),
        "last_minute": sums.first_minute(last) + clock.MINUTES_PER_DAY - 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY, values)
        return [Day(*row) for row in cursor.fetchall()]


def _by_model(table: str, condition: str) -> str:
    return f"""
WITH parts AS (
    SELECT model_id, requests, {sums.PROMPT} AS tokens_in, {sums.COMPLETION} AS tokens_out, cost
    FROM {table} WHERE workspace_id = %(workspace)s AND {condition}
    UNION ALL {
        _unposted(f"model_id, {_REQUESTS}, sum({sums.PROMPT}), sum({sums.COMPLETION}), sum(cost)", by="1")
    }),
models AS (
    SELECT model_id, sum(requests)::bigint AS requests, sum(tokens_in)::bigint AS tokens_in,
        sum(tokens_out)::bigint AS tokens_out, sum(cost)::bigint AS cost
    FROM parts GROUP BY 1)
SELECT coalesce(m.public_id, 'model ' || u.model_id) AS model, coalesce(m.capability, ''),
    u.requests, u.tokens_in, u.tokens_out, u.cost
FROM models u LEFT JOIN catalog_model m ON m.id = u.model_id
ORDER BY model
"""


_BY_MODEL_IN_DAYS = _by_model("billing_daily_usage", "day >= %(day)s")
_BY_MODEL_IN_QUARTERS = _by_model("billing_usage_bucket", "starts_at >= %(since)s")


def by_model_since(workspace_id: int, since: datetime) -> list[ModelUse]:
    """Return what was used since the start of a UTC day, or of a quarter of an hour of the last 89 days, by model.

    Raises ValueError for another moment: the sums cannot be cut there.
    """
    minute = clock.minute_number(since.timestamp())
    whole_days = minute % clock.MINUTES_PER_DAY == 0
    if minute % 15 or since.second or not (whole_days or since > clock.now() - _QUARTERS_REACH):
        raise ValueError("since must begin a UTC day, or a quarter of an hour of the last 89 days")
    values: dict[str, int | date] = {
        "workspace": workspace_id,
        "since": since,
        "day": clock.utc_day(since),
        "first_minute": minute,
        "last_minute": _NO_END,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BY_MODEL_IN_DAYS if whole_days else _BY_MODEL_IN_QUARTERS, values)
        return [ModelUse(*row) for row in cursor.fetchall()]


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


# Posted charges are the daily sums, so what was given is the posted balance with them put back.
_CREDIT = """
SELECT a.posted + d.cost, d.cost + a.unbilled, a.posted - a.unbilled, a.held
FROM billing_account a CROSS JOIN LATERAL (
    SELECT coalesce(sum(cost), 0)::bigint AS cost FROM billing_daily_usage u WHERE u.workspace_id = a.workspace_id) d
WHERE a.workspace_id = %s
"""


def credit(workspace_id: int) -> Credit:
    """Return all credit a workspace was given and all it used. Raises LookupError if it has no account."""
    with connection.cursor() as cursor:
        cursor.execute(_CREDIT, [workspace_id])
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"workspace {workspace_id} has no account")
    return Credit(*row)
