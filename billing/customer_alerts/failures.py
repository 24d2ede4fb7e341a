"""Which alerts about failed requests are met: a share of those that ended in the last ten minutes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.urls import reverse

from billing import figures
from billing.models import CustomerAlert
from kernel import ids

from .kinds import ERROR_MINUTES, LEAST_REQUESTS
from .meeting import Met

__all__ = ["find"]

_LONGEST = timedelta(minutes=15)
"""A request is ended after ten minutes; the rest is for a database that is away when it ends."""

# By the primary key, which begins with the moment of a request.
_ENDED = """
SELECT workspace_id, count(*), count(*) FILTER (WHERE status = 'failed') FROM billing_usage_event
WHERE id >= %(first)s::uuid AND workspace_id = ANY (%(workspaces)s::bigint[]) AND rev = 0
    AND recorded_at > %(since)s AND recorded_at <= %(now)s
GROUP BY 1 HAVING count(*) >= %(least)s"""


def find(alerts: Sequence[CustomerAlert], now: datetime) -> Sequence[Met]:
    """Return which of some alerts are met. One statement."""
    since = now - timedelta(minutes=ERROR_MINUTES)
    asked: dict[str, Any] = {
        "first": str(ids.first_at(since - _LONGEST)),
        "workspaces": sorted({alert.workspace_id for alert in alerts}),
        "since": since,
        "now": now,
        "least": LEAST_REQUESTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ENDED, asked)
        found = {workspace: (requests, failed) for workspace, requests, failed in cursor.fetchall()}
    return [
        _met(alert, *found[alert.workspace_id])
        for alert in alerts
        if alert.workspace_id in found and _beyond(alert, *found[alert.workspace_id])
    ]


def _beyond(alert: CustomerAlert, requests: int, failed: int) -> bool:
    assert alert.percent is not None
    return failed * 100 >= requests * alert.percent


def _met(alert: CustomerAlert, requests: int, failed: int) -> Met:
    return Met(
        alert=alert,
        cycle=str(alert.episode),
        value=failed * 100_000 // requests,
        title=f"{figures.percent(failed, requests)} of requests failed",
        detail=f"{failed:,} of {requests:,} that ended in {ERROR_MINUTES} minutes. The threshold is {alert.percent}\u00a0%.",
        url=f"{reverse('dashboard:logs')}?status=failed",
    )
