"""Which months are counted when: open and new ones every hour, older ones weekly, what is asked for within a minute."""

import time
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q

from billing.models import BookMonth, MonthClose
from billing.paper.months import Month
from kernel import clock

from .counting import count

__all__ = ["OFTEN", "SELDOM", "ask", "count_asked", "count_due"]

OFTEN, SELDOM = timedelta(hours=1), timedelta(days=7)
NEW = timedelta(days=100)
"""After so long corrections of a month are rare."""
MOST_MONTHS = 240
_COUNT_SECONDS = 60
"""For each query of a month; a month that takes longer waits for the next hour."""
_FIRST = "SELECT min(day) FROM (SELECT day FROM billing_ledger_transaction ORDER BY id LIMIT 1000) oldest"
log = structlog.get_logger()


def ask(first: Month) -> None:
    """Have a month counted within a minute."""
    BookMonth.objects.filter(first=first.first).update(asked_at=clock.now())


def count_asked(now: datetime, *, seconds: float) -> int:
    """Count the months that somebody asked for, and new ones, for about so many seconds; return how many."""
    _open_months(now)
    asked = Q(asked_at__isnull=False) & (Q(counted_at=None) | Q(asked_at__gt=F("counted_at")))
    return _count_all(asked, seconds)


def count_due(now: datetime, *, seconds: float) -> int:
    """Count the months whose figures are old, the newest first, for about so many seconds; return how many."""
    _open_months(now)
    closed = MonthClose.objects.filter(first__lt=clock.utc_day(now - NEW)).values("first")
    often = ~Q(first__in=closed) & Q(counted_at__lte=now - OFTEN)
    return _count_all(Q(counted_at=None) | often | Q(counted_at__lte=now - SELDOM), seconds)


def _count_all(wanted: Q, seconds: float) -> int:
    made, until = 0, time.monotonic() + seconds
    for row in BookMonth.objects.filter(wanted).order_by("-first"):
        if time.monotonic() > until:
            break
        try:
            made += _count(row)
        except DatabaseError as error:
            log.warning("a month was not counted", month=str(row.first), error=str(error))
            BookMonth.objects.filter(pk=row.pk).update(asked_at=None)  # it would be tried every minute
    return made


@transaction.atomic
def _count(row: BookMonth) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{_COUNT_SECONDS}s'")
    # Rows that are locked are being counted, or closed.
    locked = BookMonth.objects.select_for_update(skip_locked=True).filter(first=row.first).first()
    if locked is None:
        return False
    locked.counted_at = clock.now()
    locked.figures = count(Month(locked.first)).kept()
    locked.save(update_fields=["figures", "counted_at"])
    return True


def _open_months(now: datetime) -> None:
    """Have a row for each month from the first movement on."""
    present = Month.of(clock.utc_day(now))
    newest = BookMonth.objects.order_by("-first").values_list("first", flat=True).first()
    month = Month(newest) if newest is not None else _first() or present
    found: list[BookMonth] = []
    while month <= present and len(found) < MOST_MONTHS:
        found.append(BookMonth(first=month.first, asked_at=now))
        month = month.next
    BookMonth.objects.bulk_create(found, ignore_conflicts=True)


def _first() -> Month | None:
    with connection.cursor() as cursor:
        cursor.execute(_FIRST)
        [(day,)] = cursor.fetchall()
    return Month.of(day) if day is not None else None
