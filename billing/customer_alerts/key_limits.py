"""Which alerts about limits of keys are met: a share of the limit is spent in its present window."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.urls import reverse

from billing import figures
from billing.budgets import Period
from billing.models import CustomerAlert
from billing.taking import WINDOW_ENDS
from kernel import clock

from .meeting import Met, usd

__all__ = ["find"]

_MOST = 1_000
"""Keys at once; the rest is met a minute later."""

# What requests hold comes back, and is not used yet. A limit that never begins anew is another one once it was changed.
_USED = f"""
SELECT a.id, window_of.cycle, kb.api_key_id, k.name, kb.period, kb.limit_nano, used.spent, {WINDOW_ENDS}
FROM billing_customer_alert a
JOIN billing_key_budget kb ON kb.workspace_id = a.workspace_id AND kb.api_key_id = coalesce(a.api_key_id, kb.api_key_id)
JOIN accounts_apikey k ON k.id = kb.api_key_id AND k.person_id IS NULL AND k.revoked_at IS NULL
CROSS JOIN LATERAL (SELECT billing_window_day(kb.period, %(minute)s) AS day) w
CROSS JOIN LATERAL (SELECT CASE WHEN kb.window_day >= w.day THEN kb.spent ELSE 0 END AS spent) used
CROSS JOIN LATERAL (SELECT kb.period || ':' || CASE kb.period WHEN 'none' THEN kb.limit_nano ELSE w.day END AS cycle) window_of
WHERE a.id = ANY (%(alerts)s::bigint[]) AND kb.limit_nano > 0
    AND used.spent::numeric * 100 >= kb.limit_nano::numeric * a.percent
    AND NOT EXISTS (SELECT FROM billing_customer_firing f
        WHERE f.alert_id = a.id AND f.cycle = window_of.cycle AND f.subject = kb.api_key_id::text)
ORDER BY a.id, kb.api_key_id LIMIT %(most)s"""


def find(alerts: Sequence[CustomerAlert], now: datetime) -> Sequence[Met]:
    """Return which of some alerts are met, for each key of which that was not told yet. One statement."""
    known = {alert.pk: alert for alert in alerts}
    minute = clock.minute_number(now.timestamp())
    with connection.cursor() as cursor:
        cursor.execute(_USED, {"alerts": list(known), "minute": minute, "most": _MOST})
        return [_met(known[number], *rest) for number, *rest in cursor.fetchall()]


def _met(alert: CustomerAlert, cycle: str, key: int, name: str, period: str, limit: int, spent: int, ends: Any) -> Met:  # fmt: skip
    often = "" if period == Period.NONE else f" a {period}"
    anew = f" It begins anew {_moment(ends)}." if ends is not None else " It does not begin anew."
    return Met(
        alert=alert,
        cycle=cycle,
        value=spent * 100_000 // limit,
        title=f"Key {name} has used {figures.percent(spent, limit)} of its limit",
        detail=f"{usd(spent)} of {usd(limit)}{often}.{anew} Requests beyond it are refused.",
        url=reverse("dashboard:keys"),
        subject=str(key),
    )


def _moment(minute: int) -> str:
    at = clock.start_of_minute(minute)
    return f"{figures.day(at.date(), year=True)} {at:%H:%M} UTC"
