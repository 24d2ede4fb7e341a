"""Which alerts about a low balance are met: what is left to spend, with what running requests hold."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.urls import reverse

from billing.models import CustomerAlert
from billing.statements.standing import out_of_reach

from .meeting import Met, usd

__all__ = ["find"]

# As `statements.balance` has it, but for what is held: that comes and goes, and would tell the same thing many times.
_LEFT = f"""
SELECT workspace_id, posted - unbilled + overdraft_limit - ({out_of_reach("%(now)s::timestamptz")})
FROM billing_account WHERE workspace_id = ANY (%(workspaces)s::bigint[])"""


def find(alerts: Sequence[CustomerAlert], now: datetime) -> Sequence[Met]:
    """Return which of some alerts are met. One statement."""
    workspaces = sorted({alert.workspace_id for alert in alerts})
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, {"workspaces": workspaces, "now": now})
        left: dict[int, int] = dict(cursor.fetchall())
    return [
        _met(alert, left[alert.workspace_id])
        for alert in alerts
        if alert.amount is not None and left.get(alert.workspace_id, alert.amount) < alert.amount
    ]


def _met(alert: CustomerAlert, left: int) -> Met:
    return Met(
        alert=alert,
        cycle=str(alert.episode),
        value=left,
        title=f"The balance is below {usd(alert.amount or 0)}",
        detail=f"{usd(left)} is left to spend. Without credit, requests that cost are refused.",
        url=reverse("dashboard:credit"),
    )
