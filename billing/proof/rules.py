"""What a rule over the money's rows is, and how one is checked: one SQL statement, all of them in one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from billing import sums
from kernel import clock

__all__ = [
    "BEGINNING",
    "CHARGED",
    "EVENTS",
    "FINDINGS_SHOWN",
    "NEAR",
    "ONLY",
    "POSTED",
    "SEALED_AFTER",
    "Finding",
    "Invariant",
    "Outcome",
    "Scope",
    "check",
    "snapshot",
]

FINDINGS_SHOWN = 100
"""How many findings of an invariant are listed; all are counted."""

REAP_SECONDS = 60
"""How long after its worker fell silent a lease may be left, with sweeps every few seconds."""

SEALED_AFTER = 2
"""A UTC day is sealed from the second day after it on."""

SEALED_BY = 4
"""How many days after it a day has its seal at the latest, in a workspace that has seals."""

BEGINNING = date(1970, 1, 1)

ONLY = "(%(only)s::bigint IS NULL OR workspace_id = %(only)s)"
"""Holds for the workspaces in scope. Values are written into the statement, so the planner sees constants."""

NEAR = "billing_first_id(%(near)s)"
"""The least id that a row of a day in scope can have: ids are made at most a day before their row's day."""

EVENTS = (
    f"(SELECT * FROM billing_usage_event WHERE id >= {NEAR} AND minute_no >= %(first_minute)s AND {ONLY})"
)
"""The events of the days in scope."""

CHARGED = "(SELECT workspace_id, charged_no FROM billing_account) a USING (workspace_id)"
"""Joins the last posted charge number; the account has a number of its own, the open one."""

POSTED = f"FROM {EVENTS} of_scope JOIN {CHARGED} WHERE charge_no <= charged_no"
"""The posted events of the days in scope."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule in words, and the query that compares: workspace, UTC day or null, subject, expected, found.

    `window` is the query over the last days, where that is another one than the same with narrower bounds.
    """

    name: str
    says: str
    compared: str
    window: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: one workspace or all, the UTC days from `since` on or all.

    `complete_from` is the first day of which every event is still there: what came before is held against its seals.
    """

    workspace_id: int | None = None
    since: date | None = None
    complete_from: date = BEGINNING

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of a rule's statement."""
        since = self.since or BEGINNING
        first = max(since, self.complete_from)
        today = clock.utc_day(clock.now())
        return {
            "only": self.workspace_id,
            "since": since,
            "first_day": first,
            "first_minute": sums.first_minute(first),
            "near": self.near,
            "complete_from": self.complete_from,
            "complete_minute": sums.first_minute(self.complete_from),
            "gone": since < self.complete_from,
            "unsealed_minute": sums.first_minute(today - timedelta(days=SEALED_AFTER - 1)),
            "seals_overdue": today - timedelta(days=SEALED_BY),
            "dead": settings.WORKER_SILENCE_SECONDS + REAP_SECONDS,
        }

    @property
    def near(self) -> date:
        """The UTC day before which no row of this scope got its id."""
        return self.since - timedelta(days=1) if self.since else BEGINNING


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that breaks a rule; a missing side is None."""

    workspace_id: int
    day: date | None
    subject: str
    expected: str | None
    found: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check of one rule came to: rows compared, rows that break it, and the first of those."""

    name: str
    says: str
    compared: int
    broken: int
    findings: tuple[Finding, ...]
    seconds: float = 0.0


@contextmanager
def snapshot() -> Iterator[CursorWrapper]:
    """Open one read-only view of the whole database: live traffic makes no false alarms in it.

    Waits at most ten minutes for a statement. Must be the outermost transaction.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        yield cursor


def check(cursor: CursorWrapper, invariant: Invariant, scope: Scope) -> Outcome:
    """Check one invariant over what is in scope."""
    rows = f"({(scope.since and invariant.window) or invariant.compared}) compared"
    # Rows are only counted as long as all is well: what they would be called is not even worked out.
    cursor.execute(
        f"""SELECT count(*), count(*) FILTER (WHERE expected IS DISTINCT FROM found)
            FROM (SELECT workspace_id, expected, found FROM {rows}) kept WHERE {ONLY}""",
        scope.values,
    )
    number, broken = cursor.fetchone() or (0, 0)
    findings = _first(cursor, rows, scope) if broken else ()
    return Outcome(invariant.name, invariant.says, number, broken, findings)


def _first(cursor: CursorWrapper, rows: str, scope: Scope) -> tuple[Finding, ...]:
    cursor.execute(
        f"""SELECT workspace_id, day, subject, expected::text, found::text FROM {rows}
            WHERE {ONLY} AND expected IS DISTINCT FROM found ORDER BY workspace_id, day, subject LIMIT {FINDINGS_SHOWN}""",
        scope.values,
    )
    return tuple(Finding(*row) for row in cursor.fetchall())
