"""What single keys may spend: limits per UTC day, week or month, kept exact by the statements that admit and settle."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from billing.models import KeyBudget
from billing.taking import WINDOW_ENDS
from kernel import clock

__all__ = ["NEARLY_SPENT", "Budget", "clear", "in_workspaces", "of_key", "of_keys", "put"]

Period = KeyBudget.Period


@dataclass(frozen=True, slots=True)
class Budget:
    """A key's limit and what is left of it in the present window; nano-USD, `resets_at` None if it never renews."""

    period: str
    limit: int
    spent: int
    held: int
    resets_at: datetime | None

    @property
    def percent(self) -> int:
        """How much of it is spent or held, in whole percent."""
        taken = self.spent + self.held
        return 100 if taken >= self.limit else taken * 100 // self.limit

    @property
    def remaining(self) -> int:
        """What requests may still reserve, in nano-USD."""
        return max(0, self.limit - self.spent - self.held)


def put(workspace_id: int, api_key_id: int, *, limit: int, period: KeyBudget.Period, actor: str) -> Budget:
    """Give a key a budget in nano-USD, or change it; what the window has seen so far counts, open requests too.

    In force for every request admitted after this. Raises ValueError for a negative limit, LookupError if the
    workspace has no account.
    """
    if limit < 0:
        raise ValueError("limit: a budget is not negative")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM billing_account WHERE workspace_id = %s FOR UPDATE", [workspace_id])
        if cursor.fetchone() is None:
            raise LookupError(f"workspace {workspace_id} has no account")
        values: dict[str, Any] = {
            "workspace": workspace_id,
            "key": api_key_id,
            "limit": limit,
            "period": period,
            "actor": actor,
            "minute": clock.minute_number(),
        }
        cursor.execute(_LEASES, values)
        cursor.execute(_PUT, values)
    return of_keys(workspace_id, [api_key_id])[api_key_id]


def clear(workspace_id: int, api_key_id: int) -> bool:
    """Take a key's budget away; tell whether there was one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM billing_account WHERE workspace_id = %s FOR UPDATE", [workspace_id])
        cursor.execute(
            "UPDATE billing_admission SET budgeted = false WHERE workspace_id = %s AND api_key_id = %s",
            [workspace_id, api_key_id],
        )
        cursor.execute(
            "DELETE FROM billing_key_budget WHERE workspace_id = %s AND api_key_id = %s",
            [workspace_id, api_key_id],
        )
        return bool(cursor.rowcount)


def of_key(workspace_id: int, api_key_id: int) -> Budget | None:
    """Return the budget of a key, or None if it has none."""
    return of_keys(workspace_id, [api_key_id]).get(api_key_id)


def of_keys(workspace_id: int, api_key_ids: list[int]) -> dict[int, Budget]:
    """Return the budgets of those of the keys that have one, as admission sees them now."""
    return in_workspaces([workspace_id], api_key_ids)


def in_workspaces(workspace_ids: list[int], api_key_ids: list[int]) -> dict[int, Budget]:
    """Return the budgets of those of the keys, of any of the workspaces, that have one."""
    with connection.cursor() as cursor:
        cursor.execute(
            _READ, {"workspaces": workspace_ids, "keys": api_key_ids, "minute": clock.minute_number()}
        )
        return {
            key: Budget(period, limit, spent, held, clock.start_of_minute(ends) if ends is not None else None)
            for key, period, limit, spent, held, ends in cursor.fetchall()
        }


_READ = f"""
SELECT kb.api_key_id, kb.period, kb.limit_nano, CASE WHEN kb.window_day >= w.day THEN kb.spent ELSE 0 END, kb.held,
    {WINDOW_ENDS}
FROM billing_key_budget kb CROSS JOIN LATERAL (SELECT billing_window_day(kb.period, %(minute)s) AS day) w
WHERE kb.workspace_id = ANY (%(workspaces)s::bigint[]) AND kb.api_key_id = ANY (%(keys)s::bigint[])
"""

NEARLY_SPENT = """
SELECT kb.api_key_id FROM billing_key_budget kb
CROSS JOIN LATERAL (SELECT billing_window_day(kb.period, %s) AS day) w
WHERE (CASE WHEN kb.window_day >= w.day THEN kb.spent ELSE 0 END + kb.held) * 100 >= kb.limit_nano * %s
"""
"""Gives the keys whose limit is used by so many percent or more, in the window that holds a minute since 1970."""

_LEASES = """
UPDATE billing_admission SET budgeted = true
WHERE workspace_id = %(workspace)s AND api_key_id = %(key)s AND NOT budgeted
"""

# Posted days are in the daily sums, whose rows are whole UTC days as windows are; the rest is in the events.
_PUT = """
WITH w AS (SELECT billing_window_day(%(period)s, %(minute)s) AS day),
spent AS (
    SELECT coalesce((SELECT sum(cost) FROM billing_daily_usage, w WHERE workspace_id = %(workspace)s
            AND api_key_id = %(key)s AND billing_daily_usage.day >= DATE '1970-01-01' + w.day), 0)
        + coalesce((SELECT sum(e.cost) FROM billing_usage_event e, w WHERE e.workspace_id = %(workspace)s
            AND e.api_key_id = %(key)s AND e.minute_no >= w.day * 1440
            AND e.charge_no > (SELECT charged_no FROM billing_account WHERE workspace_id = %(workspace)s)), 0) AS cost,
        coalesce((SELECT sum(hold) FROM billing_admission WHERE workspace_id = %(workspace)s
            AND api_key_id = %(key)s), 0) AS held)
INSERT INTO billing_key_budget AS kb (workspace_id, api_key_id, period, limit_nano, window_day, spent, held, changed_by)
SELECT %(workspace)s, %(key)s, %(period)s, %(limit)s, w.day, spent.cost, spent.held, %(actor)s FROM w, spent
ON CONFLICT (workspace_id, api_key_id) DO UPDATE SET period = excluded.period, limit_nano = excluded.limit_nano,
    window_day = excluded.window_day, spent = excluded.spent, held = excluded.held,
    changed_at = clock_timestamp(), changed_by = excluded.changed_by
"""
