"""What a workspace used on each UTC day by model: rolled sums plus the events not yet posted, read as of one moment."""

from dataclasses import dataclass
from datetime import date

from billing import sums
from kernel import clock
from kernel.replica import reading

__all__ = ["DailyRow", "Totals", "daily", "spend_today", "totals"]


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
    with reading() as cursor:
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
