"""What time it is by the database: sweeps go by it, so that a process whose own clock is off ends nothing early or late."""

from datetime import datetime, timedelta

import structlog
from django.db import connection

from kernel import clock

__all__ = ["now"]

_TOLERATED = timedelta(seconds=2)
log = structlog.get_logger()


def now() -> datetime:
    """Return the database's present moment, in UTC; a clock of this process that differs by more than 2 s is logged.

    Raises DatabaseError if the database is away.
    """
    asked = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [found] = cursor.fetchone() or (asked,)
    answered = clock.now()
    # What the question took is nobody's fault: between asking and the answer every moment is right.
    ahead = asked - found if asked > found else min(answered - found, timedelta(0))
    if abs(ahead) > _TOLERATED:
        log.error("the clock of this process is off", seconds_ahead=round(ahead.total_seconds(), 1))
    moment: datetime = found
    return moment
