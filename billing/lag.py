"""How late charges reach the ledger: since when the oldest settled request waits to be posted."""

from datetime import datetime, timedelta

from django.db import connection

__all__ = ["OLDEST", "lag"]

_ACCOUNTS_LOOKED_AT = 1_000

# It asks, as the sweep does, for the oldest of each workspace's first unposted events.
OLDEST = f"""
(SELECT min(oldest) FROM (SELECT workspace_id, charged_no FROM billing_account WHERE unbilled <> 0
    LIMIT {_ACCOUNTS_LOOKED_AT}) a
  CROSS JOIN LATERAL (SELECT min(recorded_at) AS oldest FROM (SELECT recorded_at FROM billing_usage_event e
    WHERE e.workspace_id = a.workspace_id AND e.charge_no > a.charged_no ORDER BY charge_no LIMIT 100) first) o)"""
"""An expression: when the oldest request was settled that is not posted, or null."""


def lag(now: datetime) -> timedelta:
    """Return for how long the oldest settled request has waited; zero where none waits. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {OLDEST}")
        [(oldest,)] = cursor.fetchall()
    return max(now - oldest, timedelta()) if oldest is not None else timedelta()
