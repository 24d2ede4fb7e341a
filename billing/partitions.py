"""How the hot tables keep their size: a partition of events for each month to come, quarters dropped after 90 days."""

from datetime import date, datetime, timedelta

import structlog
from django.db import connection, transaction

__all__ = ["KEPT", "MONTHS_AHEAD", "drop_old_quarters", "make", "make_since"]

log = structlog.get_logger()

MONTHS_AHEAD = 2
KEPT = timedelta(days=90)
_QUARTERS_PER_CALL = 50_000


def make() -> int:
    """Make the missing partitions of this month and the next two; return how many.

    Making one locks the event table for everybody: it waits for that at most a second, and is asked again later.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        cursor.execute("SELECT billing_make_event_partitions(%s)", [MONTHS_AHEAD])
        [made] = cursor.fetchone() or (0,)
        cursor.execute("SELECT billing_guard_event_partitions()")
    if made:
        log.info("partitions made", count=made)
    return int(made)


def make_since(day: date) -> None:
    """Make the missing partitions of the month that holds a past UTC day, and of all months up to the present one.

    For events that are brought in: those of the gateway never lie before the month it was set up in.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        cursor.execute("SELECT billing_make_event_partitions_since(%s)", [day])


def drop_old_quarters(now: datetime) -> int:
    """Delete quarter-hourly sums older than 90 days, at most 50,000 a call; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM billing_usage_bucket WHERE ctid = ANY (ARRAY(
                   SELECT ctid FROM billing_usage_bucket WHERE starts_at < %s LIMIT %s))""",
            [now - KEPT, _QUARTERS_PER_CALL],
        )
        return int(cursor.rowcount)
