"""How usage becomes charges: a workspace's open number is closed, then each closed number is posted in one commit."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing import ledger, sums
from kernel import clock, prepared
from kernel.failpoints import failpoint

__all__ = ["close", "close_free", "due", "overdue", "post"]

_NUMBERS_PER_CALL = 100

_UNPOSTED = "FROM billing_usage_event e WHERE e.workspace_id = a.workspace_id AND e.charge_no > a.charged_no"
# A scalar subquery is a probe of the index per account; an EXISTS may become one scan of all events.
_OLD = f"coalesce((SELECT true {_UNPOSTED} AND e.recorded_at <= %s LIMIT 1), false)"
# Idle accounts are not probed. Events that cost nothing and outlast this wait for the next request.
_LIVELY = "(a.unbilled <> 0 OR a.minute_no >= %s)"
_LIVELY_MINUTES = 3 * clock.MINUTES_PER_DAY


def due(now: datetime) -> list[int]:
    """Return the workspaces to charge, those with closed numbers first.

    A workspace is due at CHARGE_AFTER_EVENTS unposted events, at CHARGE_AFTER_SECONDS of age of the oldest, or
    whenever a closed number waits to be posted.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT a.workspace_id FROM billing_account a
                WHERE a.charged_no + 1 < a.charge_no
                   OR {_LIVELY} AND (
                       {_OLD} OR (SELECT count(*) FROM (SELECT {_UNPOSTED} LIMIT %s) AS sample) >= %s)
                ORDER BY a.charged_no + 1 = a.charge_no, a.workspace_id""",
            [
                _minute(now) - _LIVELY_MINUTES,
                now - timedelta(seconds=settings.CHARGE_AFTER_SECONDS),
                settings.CHARGE_AFTER_EVENTS,
                settings.CHARGE_AFTER_EVENTS,
            ],
        )
        return [workspace for (workspace,) in cursor.fetchall()]


def overdue(now: datetime) -> list[int]:
    """Return the workspaces with an unposted event older than TAKEOVER_SECONDS: nobody else charges them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT a.workspace_id FROM billing_account a
                WHERE {_LIVELY} AND {_OLD} ORDER BY a.workspace_id""",
            [_minute(now) - _LIVELY_MINUTES, now - timedelta(seconds=settings.TAKEOVER_SECONDS)],
        )
        return [workspace for (workspace,) in cursor.fetchall()]


def _minute(moment: datetime) -> int:
    return clock.minute_number(moment.timestamp())


def close(workspace_id: int) -> bool:
    """Close the open charge number, in a commit of its own, if an event carries it; tell whether it did.

    Events take their number under the account's lock, which this needs too: a closed number is complete for ever.
    """
    return bool(_close(_CLOSE.format(locked=""), [workspace_id]))


def close_free(workspace_ids: Sequence[int]) -> set[int]:
    """Close the open numbers of these, all in one commit, where an event carries it; return whose were closed.

    An account that somebody has locked is left out: `close` waits for it.
    """
    return _close(_CLOSE.format(locked="SKIP LOCKED"), workspace_ids)


def _close(statement: str, workspace_ids: Sequence[int]) -> set[int]:
    failpoint("rollup.begun")
    with connection.cursor() as cursor:
        closed = {workspace for (workspace,) in prepared.execute(cursor, statement, [list(workspace_ids)])}
    failpoint("rollup.closed")
    return closed


_CLOSE = """
WITH used AS MATERIALIZED (
    SELECT a.workspace_id FROM billing_account a
    WHERE a.workspace_id = ANY (%s::bigint[]) AND EXISTS (
        SELECT FROM billing_usage_event e WHERE e.workspace_id = a.workspace_id AND e.charge_no = a.charge_no)
    ORDER BY a.workspace_id FOR UPDATE {locked})
UPDATE billing_account a SET charge_no = a.charge_no + 1 FROM used
WHERE a.workspace_id = used.workspace_id RETURNING a.workspace_id
"""


def post(workspace_id: int, *, actor: str = "celery") -> int:
    """Post the closed numbers of a workspace, each in one commit, and return how many (at most 100 a call).

    Killed anywhere, the next call finds the gap between the last posted and the open number. While another
    process posts the same workspace there is nothing to do here.
    """
    posted = 0
    try:
        while posted < _NUMBERS_PER_CALL:
            left = _post_next(workspace_id, actor)
            posted += left is not None
            if not left:
                break
    except ledger.Charged:
        pass
    return posted


def _post_next(workspace_id: int, actor: str) -> int | None:
    """Post the next closed number and return how many are closed after it; None where there is none to post."""
    with transaction.atomic(), connection.cursor() as cursor:
        claimed = prepared.execute(cursor, _CLAIM, {"workspace": workspace_id}).fetchone()
        if claimed is None:
            return None
        number, left = claimed
        failpoint("rollup.claimed")
        costs = _fold(cursor, workspace_id, number)
        failpoint("rollup.folded")
        ledger.charge(cursor, workspace_id=workspace_id, charge_no=number, costs=costs, actor=actor)
    failpoint("rollup.committed")
    return int(left)


# The lock is only to spare a second process the work: that a number is posted once is the ledger's guard.
_CLAIM = """
SELECT charged_no + 1, charge_no - charged_no - 2 FROM billing_account
WHERE workspace_id = %(workspace)s AND charged_no + 1 < charge_no
  AND pg_try_advisory_xact_lock(hashtextextended('billing.rollup', %(workspace)s))
"""


_NAMES = ", ".join((*sums.DIMENSIONS, *sums.MEASURES))
_FROM_EVENTS = ", ".join(f"{made} AS {name}" for name, made in sums.EVENT_MEASURES.items())
_FROM_SUMS = ", ".join(f"sum({name})::bigint" for name in sums.MEASURES)


def _merge(table: str, time: str) -> str:
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums.MEASURES)
    return f"ON CONFLICT (workspace_id, {time}, {', '.join(sums.DIMENSIONS)}) DO UPDATE SET {added}"


# The events of the number are read once, into quarters of an hour; days are summed from those.
_FOLD = f"""
WITH quarters AS MATERIALIZED (
    SELECT workspace_id, minute_no / 15 AS quarter, {", ".join(sums.DIMENSIONS)}, {_FROM_EVENTS}
    FROM billing_usage_event WHERE workspace_id = %s AND charge_no = %s
    GROUP BY workspace_id, minute_no / 15, {", ".join(sums.DIMENSIONS)}),
buckets AS (
    INSERT INTO billing_usage_bucket (workspace_id, starts_at, {_NAMES})
    SELECT workspace_id, to_timestamp(quarter::bigint * 900), {_NAMES} FROM quarters
    {_merge("billing_usage_bucket", "starts_at")}),
days AS (
    INSERT INTO billing_daily_usage (workspace_id, day, {_NAMES})
    SELECT workspace_id, DATE '1970-01-01' + quarter / {sums.QUARTERS_PER_DAY}, {", ".join(sums.DIMENSIONS)},
        {_FROM_SUMS}
    FROM quarters
    GROUP BY workspace_id, quarter / {sums.QUARTERS_PER_DAY}, {", ".join(sums.DIMENSIONS)}
    {_merge("billing_daily_usage", "day")})
SELECT DATE '1970-01-01' + quarter / {sums.QUARTERS_PER_DAY}, sum(cost)::bigint FROM quarters GROUP BY 1
"""


def _fold(cursor: CursorWrapper, workspace_id: int, number: int) -> Mapping[date, int]:
    """Add the events of a closed number to the daily and quarterly sums; return the cost of each UTC day."""
    return dict(prepared.execute(cursor, _FOLD, [workspace_id, number]).fetchall())
