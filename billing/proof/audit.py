"""One audit: every rule over one view of the rows, and what it came to."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.backends.utils import CursorWrapper

from billing import recomputed
from billing.proof import retained
from billing.proof.invariants import INVARIANTS
from billing.proof.rules import Outcome, Scope, check, snapshot
from kernel import clock

__all__ = ["Report", "Running", "SealedDay", "audit"]

_DAYS_TOLD = 14

_SEALS = f"""
SELECT day, count(*), sum(events)::bigint, encode(sha256(string_agg(seal, ''::bytea ORDER BY workspace_id, no)), 'hex')
FROM billing_day_seal WHERE day >= (now() AT TIME ZONE 'UTC')::date - {_DAYS_TOLD} GROUP BY day ORDER BY day DESC
"""


class Running(Exception):
    """Another process is at the same audit."""


@dataclass(frozen=True, slots=True)
class SealedDay:
    """All seals of a UTC day: how many, over how many requests, and the SHA-256 over their hashes, by workspace."""

    day: date
    seals: int
    events: int
    digest: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit came to, and what was sealed when it looked. `began` and `ended` in UTC."""

    began: datetime
    ended: datetime
    outcomes: tuple[Outcome, ...]
    seals: int
    days: int
    newest: tuple[SealedDay, ...]

    @property
    def compared(self) -> int:
        """How many rows were compared, by all rules together."""
        return sum(outcome.compared for outcome in self.outcomes)

    @property
    def broken(self) -> int:
        """How many rows break a rule."""
        return sum(outcome.broken for outcome in self.outcomes)


def audit(*, workspace_id: int | None = None, days: int | None = None, alone: bool = False) -> Report:
    """Check every rule over one workspace or all, and the last so many UTC days (today is one) or all.

    All are read in one snapshot. Must be the outermost transaction. Raises Running if it is to be the only one over
    as many days, and is not.
    """
    began = clock.now()
    since = clock.utc_day(began) - timedelta(days=days - 1) if days else None
    with snapshot() as cursor:
        if alone:
            _alone(cursor, days)
        scope = Scope(workspace_id, since, retained.complete_from(cursor))
        outcomes = tuple(_timed(rule) for rule in _rules(cursor, scope))
        cursor.execute("SELECT count(*), count(DISTINCT day) FROM billing_day_seal")
        [seals, sealed_days] = cursor.fetchone() or (0, 0)
        cursor.execute(_SEALS)
        newest = tuple(SealedDay(*row) for row in cursor.fetchall())
    return Report(began, clock.now(), outcomes, seals, sealed_days, newest)


def _alone(cursor: CursorWrapper, days: int | None) -> None:
    cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('billing.audit', %s))", [days or 0])
    if cursor.fetchone() != (True,):
        raise Running


def _rules(cursor: CursorWrapper, scope: Scope) -> list[Callable[[], Outcome]]:
    rules: list[Callable[[], Outcome]] = [
        lambda rule=rule: check(cursor, rule, scope)  # type: ignore[misc]
        for rule in INVARIANTS
    ]
    return [
        *rules,
        lambda: recomputed.check(cursor, workspace_id=scope.workspace_id, near=scope.near),
    ]


def _timed(rule: Callable[[], Outcome]) -> Outcome:
    began = time.monotonic()
    outcome = rule()
    return replace(outcome, seconds=round(time.monotonic() - began, 3))
