"""What time it is, in UTC: the only reader of the clock outside the database."""

import time
from datetime import UTC, date, datetime, timedelta

__all__ = ["MINUTES_PER_DAY", "day_of_minute", "minute_number", "now", "start_of_minute", "utc_day"]

MINUTES_PER_DAY = 1440
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


def utc_day(moment: datetime) -> date:
    """Return the UTC day that holds a moment. Raises ValueError for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC).date()


def minute_number(seconds: float | None = None) -> int:
    """Return minutes since the Unix epoch for a Unix time in seconds (default: the present)."""
    return int((time.time() if seconds is None else seconds) // 60)


def start_of_minute(minute: int) -> datetime:
    """Return the moment a minute (counted from the Unix epoch) begins, in UTC."""
    return _EPOCH + timedelta(minutes=minute)


def day_of_minute(minute: int) -> date:
    """Return the UTC day that holds a minute counted from the Unix epoch."""
    return start_of_minute(minute).date()
