"""Customers that need a look: refused often, spending far more than in their own week, or below zero."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from django.db import connection
from django.urls import reverse

from billing import figures
from billing.glance.refused import words
from kernel import clock, money

from .item import Item, Weight

__all__ = ["FLOOR_NANO", "LEAST_REFUSALS", "TIMES", "find_below_zero", "find_refused", "find_spending"]

LEAST_REFUSALS = 100
"""Fewer refusals in 24 hours than this are a customer's everyday life."""
TIMES = 3
"""Spend of today so far that is more than so many times the median of its own last 7 days, up to the same time."""
MOST_TIMES = 1000
"""More is told as this, and so is any spend after a week without."""
FLOOR_NANO = 10 * money.NANO_PER_USD
"""Less than this in a day is nobody's worry."""
_MOST = 5
_MOST_BELOW = 20
_LOOKED_AT = 25

_REFUSED = """
WITH found AS (
    SELECT workspace_id, code, sum(refusals) AS refusals FROM billing_refusal_count
    WHERE minute_no >= %s GROUP BY 1, 2),
most AS (
    SELECT workspace_id, sum(refusals)::bigint AS refusals, (array_agg(code ORDER BY refusals DESC))[1] AS code
    FROM found GROUP BY 1 HAVING sum(refusals) >= %s ORDER BY 2 DESC LIMIT %s)
SELECT most.workspace_id, coalesce(w.name, ''), refusals, code
FROM most LEFT JOIN accounts_workspace w ON w.id = most.workspace_id ORDER BY refusals DESC"""

# Quarters are read of those workspaces only that grew the most by whole days; by their key, of 7 days each.
_SPENDING = """
WITH today AS (
    SELECT workspace_id, sum(cost)::bigint AS cost FROM billing_daily_usage
    WHERE day = %(today)s GROUP BY 1 HAVING sum(cost) >= %(floor)s),
grown AS (
    SELECT t.workspace_id, t.cost FROM today t CROSS JOIN LATERAL (
        SELECT coalesce(sum(d.cost), 0) AS week FROM billing_daily_usage d
        WHERE d.workspace_id = t.workspace_id AND d.day >= %(today)s::date - 7 AND d.day < %(today)s) w
    ORDER BY t.cost::numeric / (w.week + 1) DESC LIMIT %(looked_at)s),
before AS (
    SELECT g.workspace_id, g.cost, back, (
        SELECT coalesce(sum(b.cost), 0) FROM billing_usage_bucket b
        WHERE b.workspace_id = g.workspace_id AND b.starts_at >= %(midnight)s - make_interval(days => back)
            AND b.starts_at <= %(now)s - make_interval(days => back)) AS earlier
    FROM grown g CROSS JOIN generate_series(1, 7) back),
usual AS (
    SELECT workspace_id, cost, percentile_disc(0.5) WITHIN GROUP (ORDER BY earlier)::bigint AS median
    FROM before GROUP BY 1, 2)
SELECT u.workspace_id, coalesce(w.name, ''), cost, median
FROM usual u LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
WHERE cost > %(times)s * median ORDER BY cost - median DESC LIMIT %(most)s"""

_BELOW = """
SELECT a.workspace_id, coalesce(w.name, ''), a.posted - a.unbilled
FROM billing_account a LEFT JOIN accounts_workspace w ON w.id = a.workspace_id
WHERE a.posted - a.unbilled + a.overdraft_limit < 0 AND a.status <> 2
ORDER BY a.posted - a.unbilled LIMIT %s"""


def find_refused(now: datetime) -> Sequence[Item]:
    """Return the workspaces that were refused most in the last 24 hours. One query."""
    since = clock.minute_number(now.timestamp()) - clock.MINUTES_PER_DAY
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED, [since, LEAST_REFUSALS, _MOST])
        rows = cursor.fetchall()
    page = reverse("admin:billing_refusal_changelist")
    return [
        Item(
            key=f"refused:{workspace_id}",
            weight=Weight.WAITS,
            title=f"Refused {refusals:,} times in 24 hours",
            detail=f"{workspace}, most of all: {words(code).lower()}",
            since=None,
            stake=None,
            verb="Look",
            url=f"{page}?workspace={workspace_id}",
            seen_by="billing.view_refusal",
        )
        for workspace_id, workspace, refusals, code in rows
    ]


def find_spending(now: datetime, *, times: float = TIMES) -> Sequence[Item]:
    """Return the workspaces that spend far more today, `times` as much, than in their own week. One query."""
    today = clock.utc_day(now)
    with connection.cursor() as cursor:
        cursor.execute(
            _SPENDING,
            {
                "today": today,
                "midnight": datetime.combine(today, time(), UTC),
                "now": now,
                "floor": FLOOR_NANO,
                "times": times,
                "looked_at": _LOOKED_AT,
                "most": _MOST,
            },
        )
        rows = cursor.fetchall()
    page = reverse("admin:billing_dailyusage_changelist")
    return [
        Item(
            key=f"spending:{workspace_id}:{today}",
            weight=Weight.WAITS,
            title=f"Spend {_times(cost, median)} its own week" if median else "Spend after a quiet week",
            detail=f"{workspace}, ${money.show(median, decimals=2)} by this time on other days",
            since=datetime.combine(today, time(), UTC),
            stake=cost,
            verb="Look",
            url=f"{page}?workspace={workspace_id}&day={today}",
            seen_by="billing.view_dailyusage",
            measure=min(cost / median, MOST_TIMES) if median else MOST_TIMES,
        )
        for workspace_id, workspace, cost, median in rows
    ]


def find_below_zero(now: datetime) -> Sequence[Item]:
    """Return the accounts that owe more than they may. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, [_MOST_BELOW])
        rows = cursor.fetchall()
    return [
        Item(
            key=f"below:{workspace_id}",
            weight=Weight.WARNS,
            title="Below zero",
            detail=workspace,
            since=None,
            stake=balance,
            verb="Look",
            url=reverse("admin:billing_account_change", args=[workspace_id]),
            seen_by="billing.view_account",
        )
        for workspace_id, workspace, balance in rows
    ]


def _times(cost: int, median: int) -> str:
    tenths = money.half_up(cost * 10, median)
    return f"{tenths // 10}.{tenths % 10} ×" if tenths < 1000 else f"{figures.count(tenths // 10)} ×"
