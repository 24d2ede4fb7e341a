"""Which charge numbers the requests of a time carry: numbers grow with time, so both ends are found by halving."""

from datetime import datetime, timedelta

from django.db import connection

__all__ = ["LATEST", "between"]

LATEST = timedelta(days=1)
"""How long after its admission a request is settled at the latest, but for what a journal kept."""

# Each step asks the index for one event. Numbers go up to one a minute: some twenty steps.
_BETWEEN = """
WITH RECURSIVE halves AS (
    SELECT side, moment, 1::bigint AS low, charge_no + 1 AS high
    FROM billing_account, (VALUES (1, %(begins)s::timestamptz), (2, %(ends)s)) AS sides (side, moment)
    WHERE workspace_id = %(workspace)s
  UNION ALL
    SELECT side, moment, CASE WHEN at < moment THEN middle + 1 ELSE low END, CASE WHEN at < moment THEN high ELSE middle END
    FROM (SELECT *, (low + high) / 2 AS middle, (
              SELECT recorded_at FROM billing_usage_event e
              WHERE e.workspace_id = %(workspace)s AND e.charge_no >= (low + high) / 2
              ORDER BY e.charge_no LIMIT 1) AS at
          FROM halves WHERE low < high) asked)
SELECT low FROM halves WHERE low >= high ORDER BY side
"""


def between(workspace_id: int, begins: datetime, ends: datetime) -> tuple[int, int]:
    """Return the first and the last charge number that requests admitted within a span can carry.

    Numbers that begin before it or go on behind it are among them. A workspace without an account has none: (1, 0).
    """
    with connection.cursor() as cursor:
        cursor.execute(_BETWEEN, {"workspace": workspace_id, "begins": begins, "ends": ends + LATEST})
        found = [low for (low,) in cursor.fetchall()]
    return (found[0] - 1, found[1]) if found else (1, 0)
