"""Sums made anew from the events they come of, held against those that are stored, and put in their place."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing import sums
from billing.proof import retained
from kernel import clock

__all__ = ["Change", "Gone", "rebuild"]

_KEYS = ", ".join(sums.DIMENSIONS)
_MEASURES = ", ".join(sums.MEASURES)
_FROM_EVENTS = ", ".join(f"{made} AS {name}" for name, made in sums.EVENT_MEASURES.items())
_QUARTERS_KEPT_DAYS = 89

# By the workspace's own index and no bound on ids: a rebuild must not leave out an event, however odd its id is.
_EVENTS = """FROM billing_usage_event e
    WHERE e.workspace_id = %(workspace)s
      AND e.charge_no <= (SELECT charged_no FROM billing_account a WHERE a.workspace_id = %(workspace)s)
      AND e.minute_no >= %(first)s AND e.minute_no < %(after)s"""


@dataclass(frozen=True, slots=True)
class _Sums:
    """A table of sums: the column of its time, how that is made from an event, and which rows are in the days asked."""

    table: str
    time: str
    made: str
    within: str


_DAYS = _Sums("billing_daily_usage", "day", sums.DAY, "day BETWEEN %(from)s AND %(to)s")
_QUARTERS = _Sums(
    "billing_usage_bucket",
    "starts_at",
    "to_timestamp((minute_no / 15)::bigint * 900)",
    "starts_at >= %(quarters_from)s AND starts_at < (%(to)s::date + 1)::timestamp AT TIME ZONE 'UTC'",
)


@dataclass(frozen=True, slots=True)
class Change:
    """A sum that is not what its events make: where, what is stored and what it should be; None where there is none."""

    table: str
    workspace_id: int
    time: str
    key: str
    stored: str | None
    made: str | None


class Gone(Exception):
    """Days whose events were dropped: nothing is left to make their sums from."""

    def __init__(self, first: date, last: date) -> None:
        super().__init__(f"the events of {first} to {last} were dropped: their sums stay as they are")
        self.first = first
        self.last = last


def rebuild(workspace_id: int, first: date, last: date, *, apply: bool = False) -> list[Change]:
    """Make a workspace's daily and quarter-hourly sums of UTC days first to last anew from its posted events.

    Returns what differs. With `apply` that is put right in the same transaction, in which no charge of the workspace
    can be posted; rows that are right are not touched. Quarters are kept 90 days, so older ones are left alone.
    Raises Gone if events of one of the days were dropped, ValueError if the days are the wrong way round.
    """
    if last < first:
        raise ValueError("the last day is before the first")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        _refuse_gone(cursor, first, last)
        # The roll-up only tries for this lock and goes on to the next workspace: it is asked again in seconds.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('billing.rollup', %s))", [workspace_id])
        values = _values(workspace_id, first, last)
        return [
            change for table in (_DAYS, _QUARTERS) for change in _rebuild(cursor, table, values, apply=apply)
        ]


def _refuse_gone(cursor: CursorWrapper, first: date, last: date) -> None:
    complete_from = retained.complete_from(cursor)
    if first < complete_from:
        raise Gone(first, min(last, complete_from - timedelta(days=1)))


def _values(workspace_id: int, first: date, last: date) -> dict[str, Any]:
    kept_from = clock.utc_day(clock.now()) - timedelta(days=_QUARTERS_KEPT_DAYS)
    return {
        "workspace": workspace_id,
        "from": first,
        "to": last,
        "first": sums.first_minute(first),
        "after": sums.first_minute(last + timedelta(days=1)),
        "quarters_from": clock.start_of_minute(sums.first_minute(max(first, kept_from))),
    }


def _rebuild(cursor: CursorWrapper, to: _Sums, values: dict[str, Any], *, apply: bool) -> list[Change]:
    keys = f"{to.time}, {_KEYS}"
    cursor.execute(
        f"""CREATE TEMPORARY TABLE made_anew ON COMMIT DROP AS
            SELECT * FROM (SELECT {to.made} AS {to.time}, {_KEYS}, {_FROM_EVENTS} {_EVENTS} GROUP BY 1, {_KEYS}) made
            WHERE {to.within}""",
        values,
    )
    cursor.execute(
        f"""SELECT {to.time}::text, format('key %%s model %%s provider %%s tag %%s', {_KEYS}), stored, made
            FROM (SELECT {keys}, row({_MEASURES})::text AS stored FROM {to.table}
                  WHERE workspace_id = %(workspace)s AND {to.within}) s
            FULL JOIN (SELECT {keys}, row({_MEASURES})::text AS made FROM made_anew) m USING ({keys})
            WHERE stored IS DISTINCT FROM made ORDER BY {keys}""",
        values,
    )
    changes = [Change(to.table, values["workspace"], *row) for row in cursor.fetchall()]
    if apply and changes:
        _replace(cursor, to, values)
    cursor.execute("DROP TABLE made_anew")
    return changes


def _replace(cursor: CursorWrapper, to: _Sums, values: dict[str, Any]) -> None:
    same = " AND ".join(f"s.{name} = m.{name}" for name in (to.time, *sums.DIMENSIONS))
    cursor.execute(
        f"""DELETE FROM {to.table} s WHERE workspace_id = %(workspace)s AND {to.within}
            AND NOT EXISTS (SELECT FROM made_anew m WHERE {same})""",
        values,
    )
    changed = ", ".join(f"{name} = excluded.{name}" for name in sums.MEASURES)
    differs = f"({', '.join(f's.{name}' for name in sums.MEASURES)}) IS DISTINCT FROM ({', '.join(f'excluded.{name}' for name in sums.MEASURES)})"
    cursor.execute(
        f"""INSERT INTO {to.table} AS s (workspace_id, {to.time}, {_KEYS}, {_MEASURES})
            SELECT %(workspace)s, {to.time}, {_KEYS}, {_MEASURES} FROM made_anew
            ON CONFLICT (workspace_id, {to.time}, {_KEYS}) DO UPDATE SET {changed} WHERE {differs}""",
        values,
    )
