"""How events leave: whole months, once each event is charged, each day sealed and all of it audited."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing import sums
from billing.models import AuditRun

__all__ = ["Kept", "Month", "drop_next", "drop_old_attempts", "oldest_due"]

log = structlog.get_logger()

AUDITED_WITHIN = timedelta(days=2)
_NAMED = 5
_ATTEMPTS_PER_CALL = 50_000

_OLDEST = """
SELECT to_date(right(relname, 6), 'YYYYMM') FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'billing_usage_event'::regclass AND relname ~ '^billing_usage_event_[0-9]{6}$'
ORDER BY 1 LIMIT 1
"""

_UNPOSTED = """
SELECT format('workspace %%s has %%s requests not charged', workspace_id, count(*))
FROM {part} e LEFT JOIN billing_account a USING (workspace_id)
WHERE e.charge_no > coalesce(a.charged_no, 0) GROUP BY workspace_id ORDER BY workspace_id LIMIT {named}
"""

_UNSEALED = f"""
SELECT format('workspace %%s: requests of %%s are not sealed', workspace_id, day) FROM (
    SELECT workspace_id, {sums.DAY} AS day, max(charge_no) AS last_no FROM {{part}} GROUP BY 1, 2) e
WHERE last_no > coalesce((SELECT max(through_no) FROM billing_day_seal s
    WHERE s.workspace_id = e.workspace_id AND s.day = e.day), -1)
ORDER BY workspace_id, day LIMIT {{named}}
"""

_OPEN = """
SELECT format('workspace %%s: request %%s is open', workspace_id, request_id) FROM billing_admission
WHERE request_id >= billing_first_id(%(month)s) AND request_id < billing_first_id(%(end)s)
ORDER BY workspace_id LIMIT {named}
"""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of events that was dropped."""

    month: date
    events: int


class Kept(Exception):
    """A month of events that must not be dropped yet, and why."""

    def __init__(self, month: date, reasons: tuple[str, ...]) -> None:
        super().__init__(f"events of {month:%B %Y} are kept: {'; '.join(reasons)}")
        self.month = month
        self.reasons = reasons


def oldest_due(now: datetime) -> date | None:
    """Return the first day of the oldest month whose last day is USAGE_RETENTION_DAYS old, or None."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        [oldest] = cursor.fetchone() or (None,)
    limit = now.date() - timedelta(days=settings.USAGE_RETENTION_DAYS)
    return oldest if oldest and _next(oldest) <= limit else None


def drop_next(now: datetime) -> Month | None:
    """Drop the events of the oldest month that is due; return None if none is.

    Nothing is written to that month while it is looked at, and the last step waits at most a second for the lock that
    every request needs. Raises Kept if an event is not charged or not sealed, a request of the month is open, or no
    audit of everything within two days found all of it right; OperationalError if the lock is not to be had.
    """
    month = oldest_due(now)
    if month is None:
        return None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '30min'")
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        part = f"billing_usage_event_{month:%Y%m}"
        cursor.execute("SELECT billing_close_month(%s)", [month])
        reasons = _reasons(cursor, month, part, now)
        if reasons:
            raise Kept(month, tuple(reasons))
        cursor.execute("SELECT billing_drop_month(%s)", [month])
        [events] = cursor.fetchone() or (0,)
    log.info("events dropped", month=str(month), count=events)
    return Month(month, events)


def drop_old_attempts() -> int:
    """Delete failed tries of requests whose events were dropped, at most 50,000 a call; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM billing_attempt WHERE ctid = ANY (ARRAY(
                   SELECT ctid FROM billing_attempt WHERE id < (
                       SELECT billing_first_id((max(month) + interval '1 month')::date) FROM billing_dropped_month)
                   LIMIT %s))""",
            [_ATTEMPTS_PER_CALL],
        )
        return int(cursor.rowcount)


def _reasons(cursor: CursorWrapper, month: date, part: str, now: datetime) -> list[str]:
    found: list[str] = []
    for query in (_UNPOSTED, _UNSEALED, _OPEN):
        cursor.execute(query.format(part=part, named=_NAMED), {"month": month, "end": _next(month)})
        found += [reason for (reason,) in cursor.fetchall()]
    last = AuditRun.objects.filter(kind=AuditRun.Kind.WHOLE, ended_at__isnull=False).order_by("-id").first()
    if last is None or last.started_at < now - AUDITED_WITHIN:
        found.append("no audit of everything within two days")
    elif last.broken:
        found.append(f"the last audit of everything has {last.broken} findings")
    return found


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
