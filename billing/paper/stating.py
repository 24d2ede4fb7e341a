"""When months are stated: once they are over and nothing of them is missing, oldest first, each once."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from billing.models import Paper
from billing.proof import seals
from kernel import clock

from . import papers, statement
from .months import Month

__all__ = ["due", "state"]

_SETTLES = timedelta(days=1)  # a day is sealed from the second day after it on
_MONTHS_PER_CALL = 24


def due(now: datetime, *, limit: int) -> list[int]:
    """Return workspaces with a month that is over and not looked at yet, in no order: none that waits bars others."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT a.workspace_id FROM billing_account a LEFT JOIN billing_stated s USING (workspace_id)
               WHERE s.through IS NULL OR s.through < %s ORDER BY random() LIMIT %s""",
            [_over(now).last, limit],
        )
        return [workspace for (workspace,) in cursor.fetchall()]


def state(workspace_id: int, now: datetime) -> list[Paper]:
    """Issue a workspace's statements of the months that are over, at most 24, oldest first, and return them.

    A month in which nothing moved has none. One whose last day is not sealed, or with a request that is open or not yet
    charged, waits, and with it those after. Raises statement.Unreconciled rather than stating what the ledger does not say, parties.NoIssuer while
    nobody has said who issues.
    """
    issued: list[Paper] = []
    try:
        for _ in range(_MONTHS_PER_CALL):
            with transaction.atomic():
                month = _next(workspace_id, now)
                if month is None:
                    break
                if not seals.is_sealed(workspace_id, month.last):
                    break
                draft = statement.compose(workspace_id, month)
                if draft is not None:
                    issued.append(papers.write(draft))
                _mark(workspace_id, month)
    except statement.Waiting:
        pass
    return issued


def _over(now: datetime) -> Month:
    return Month.of(clock.utc_day(now - _SETTLES)).before


def _next(workspace_id: int, now: datetime) -> Month | None:
    """Return the month to state next, locked for this transaction; None where all are, or another process is at it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('billing.stated', %s))", [workspace_id]
        )
        if cursor.fetchone() != (True,):
            return None
        cursor.execute(
            """SELECT s.through, (SELECT t.day FROM billing_ledger_entry e JOIN billing_ledger_transaction t
                       ON t.id = e.transaction_id AND t.workspace_id = e.workspace_id
                       WHERE e.workspace_id = a.workspace_id AND e.seq = 1),
                   (SELECT min(day) FROM billing_daily_usage u WHERE u.workspace_id = a.workspace_id)
               FROM billing_account a LEFT JOIN billing_stated s USING (workspace_id) WHERE a.workspace_id = %s""",
            [workspace_id],
        )
        through, *begins = cursor.fetchone() or (None, None, None)
    over = _over(now)
    month = _first(through, [day for day in begins if day], over)
    return month if month <= over else None


def _first(through: date | None, begins: Sequence[date], over: Month) -> Month:
    """Return the month after the last that was looked at; at first that of the first day, so that none is left out."""
    if through is not None:
        return Month.of(through).next
    return min([over, *(Month.of(day) for day in begins)])


def _mark(workspace_id: int, month: Month) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_stated (workspace_id, through) VALUES (%s, %s)
               ON CONFLICT (workspace_id) DO UPDATE SET through = excluded.through""",
            [workspace_id, month.last],
        )
