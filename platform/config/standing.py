"""How the whole site stands, for Prometheus: asked of PostgreSQL and Redis when it reads, the same from every process."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import structlog
from django.conf import settings
from django.db import Error, connection, transaction

from billing import broker
from billing.lag import OLDEST
from kernel import degraded, modes
from kernel.tallies import Kind

__all__ = ["FAMILIES", "Family", "Sample", "read"]

PATIENCE = "2s"
_MOST_TASKS = 200
log = structlog.get_logger()

Family = tuple[Kind, str, tuple[str, ...]]
Sample = tuple[str, tuple[str, ...], float]

FAMILIES: dict[str, Family] = {
    "tollway_database_answers": (
        "gauge",
        "1 if PostgreSQL answered this scrape; else what it alone knows is missing.",
        (),
    ),
    "tollway_unbilled_oldest_seconds": (
        "gauge",
        "For how long the oldest settled request waits to be charged.",
        (),
    ),
    "tollway_holds": ("gauge", "Requests that hold credit.", ()),
    "tollway_hold_oldest_seconds": ("gauge", "For how long the oldest of them does.", ()),
    "tollway_audit_findings": ("gauge", "What the last audit found that does not add up.", ("audit",)),
    "tollway_audit_age_seconds": ("gauge", "Seconds since it ended.", ("audit",)),
    "tollway_task_runs_total": ("counter", "Runs of a kind of background work.", ("task",)),
    "tollway_task_failures_total": ("counter", "Those that failed.", ("task",)),
    "tollway_task_age_seconds": ("gauge", "Seconds since the last ended.", ("task",)),
    "tollway_task_seconds": ("gauge", "How long the last took.", ("task",)),
    "tollway_queued_tasks": (
        "gauge",
        "Tasks that wait in the broker; missing where Redis does not answer.",
        (),
    ),
    "tollway_journal_disk_bytes": ("gauge", "Size of the disk that the journal of this machine is on.", ()),
    "tollway_journal_disk_free_bytes": ("gauge", "What is free of it.", ()),
}

_SITE = f"""
SELECT extract(epoch FROM clock_timestamp() - {OLDEST})::float8,
  (SELECT count(*) FROM billing_admission),
  (SELECT extract(epoch FROM clock_timestamp() - min(admitted_at))::float8 FROM billing_admission)"""
_AUDITS = """
SELECT kind, broken, extract(epoch FROM clock_timestamp() - ended_at)::float8
FROM (VALUES ('window'), ('whole')) kinds (name)
JOIN LATERAL (SELECT kind, broken, ended_at FROM billing_audit_run run
  WHERE run.kind = kinds.name AND run.ended_at IS NOT NULL ORDER BY id DESC LIMIT 1) last ON true"""
_TASKS = """
SELECT name, runs, failures, extract(epoch FROM clock_timestamp() - ended_at)::float8, seconds
FROM billing_job_run ORDER BY name LIMIT %s"""


def read() -> Iterator[Sample]:
    """Yield name, labels and figure of all that answers; what is away costs 2 s at most, and yields nothing."""
    found = _of_the_database()
    yield "tollway_database_answers", (), int(bool(found))
    yield from found
    queued = broker.ask().queued
    if queued is not None:
        yield "tollway_queued_tasks", (), queued
    with contextlib.suppress(OSError):
        disk = shutil.disk_usage(settings.JOURNAL_DIR)
        yield "tollway_journal_disk_bytes", (), disk.total
        yield "tollway_journal_disk_free_bytes", (), disk.free


def _of_the_database() -> list[Sample]:
    if degraded.holds(modes.DATABASE):
        return []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [PATIENCE])
            return [*_site(cursor), *_audits(cursor), *_tasks(cursor)]
    except Error as error:
        log.warning("metrics without the database", error=type(error).__name__)
        return []


def _site(cursor: Any) -> Iterator[Sample]:
    cursor.execute(_SITE)
    [(unbilled, holds, oldest)] = cursor.fetchall()
    yield "tollway_unbilled_oldest_seconds", (), max(0.0, unbilled or 0)
    yield "tollway_holds", (), holds
    yield "tollway_hold_oldest_seconds", (), max(0.0, oldest or 0)


def _audits(cursor: Any) -> Iterator[Sample]:
    cursor.execute(_AUDITS)
    for kind, broken, age in cursor.fetchall():
        yield "tollway_audit_findings", (kind,), broken
        yield "tollway_audit_age_seconds", (kind,), max(0.0, age)


def _tasks(cursor: Any) -> Iterator[Sample]:
    cursor.execute(_TASKS, [_MOST_TASKS])
    for name, runs, failures, age, seconds in cursor.fetchall():
        yield "tollway_task_runs_total", (name,), runs
        yield "tollway_task_failures_total", (name,), failures
        yield "tollway_task_age_seconds", (name,), max(0.0, age)
        yield "tollway_task_seconds", (name,), seconds
