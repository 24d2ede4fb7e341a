"""When credit ends: what remains of a lot is posted as expired, once all usage of the days it paid is charged."""

from datetime import date, datetime, timedelta

import structlog
from django.db import DatabaseError, connection, transaction

from billing import ledger
from kernel import clock
from kernel.failpoints import failpoint

__all__ = ["lapse"]

log = structlog.get_logger()

_PER_ROUND = 1_000
_SETTLES = timedelta(minutes=1)
"""A request takes its minute from the database's clock before it waits for its account: by then it has it."""


def lapse(now: datetime) -> int:
    """Post the end of lots whose day has come; return how many (of at most 1,000 workspaces a round).

    A lot waits while a request of an earlier UTC day is open or not yet charged; requests admitted meanwhile cannot
    use it. A workspace that fails is logged and left for the next round.
    """
    today, ended = clock.utc_day(now - _SETTLES), 0
    for workspace in _due(today):
        try:
            ended += _end(workspace, today)
        except DatabaseError as error:
            log.warning("credit not lapsed", workspace_id=workspace, error=str(error))
    return ended


def _due(today: date) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT workspace_id FROM billing_credit_lot
               WHERE remaining > 0 AND expires_on <= %s ORDER BY workspace_id LIMIT %s""",
            [today, _PER_ROUND],
        )
        return [workspace for (workspace,) in cursor.fetchall()]


def _end(workspace_id: int, today: date) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM billing_purse WHERE workspace_id = %s FOR UPDATE", [workspace_id])
        cursor.execute(_ENDED, {"workspace": workspace_id, "today": today})
        lots = cursor.fetchall()
        failpoint("lapse.held")
        for lot, transaction_id, remaining, source in lots:
            ledger.post(
                workspace_id=workspace_id,
                kind=ledger.Kind.EXPIRY,
                amount=-remaining,
                offset=ledger.System.EXPIRED,
                idem_key=f"lapse:{lot}",
                reason=f"{source} credit ended",
                actor="celery",
                lot_of=transaction_id,
            )
            failpoint("lapse.posted")
    failpoint("lapse.committed")
    return len(lots)


_ENDED = """
SELECT l.id, l.transaction_id, l.remaining, l.source FROM billing_credit_lot l
CROSS JOIN LATERAL (SELECT (l.expires_on - DATE '1970-01-01') * 1440 AS minute_no) ends
JOIN billing_account a ON a.workspace_id = l.workspace_id
WHERE l.workspace_id = %(workspace)s AND l.remaining > 0 AND l.expires_on <= %(today)s
    AND NOT EXISTS (SELECT FROM billing_admission o
        WHERE o.workspace_id = l.workspace_id AND o.minute_no < ends.minute_no)
    AND NOT EXISTS (SELECT FROM billing_usage_event e
        WHERE e.workspace_id = l.workspace_id AND e.charge_no > a.charged_no AND e.minute_no < ends.minute_no)
ORDER BY l.expires_on, l.created_at, l.id
"""
