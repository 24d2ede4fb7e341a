"""When something may be sent: at once, or at the end of the rule's quiet hours."""

from datetime import UTC, datetime, time, timedelta

__all__ = ["due"]


def due(now: datetime, quiet_from: time | None, quiet_until: time | None) -> datetime:
    """Return the moment, in UTC, from which a message may be sent; hours may pass midnight."""
    if quiet_from is None or quiet_until is None:
        return now
    at = now.astimezone(UTC).time()
    if quiet_from < quiet_until:
        quiet = quiet_from <= at < quiet_until
    else:
        quiet = at >= quiet_from or at < quiet_until
    if not quiet:
        return now
    end = datetime.combine(now.astimezone(UTC).date(), quiet_until, UTC)
    return end if end > now else end + timedelta(days=1)
