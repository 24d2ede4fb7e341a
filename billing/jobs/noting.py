"""How each kind of background work went: one row that its worker writes when a run ends."""

import socket
from typing import Any

from django.db import connection

__all__ = ["note"]

_LONGEST = 500

_NOTE = """
INSERT INTO billing_job_run (name, host, ended_at, seconds, failed, runs, failures, failed_at, error)
VALUES (%(name)s, %(host)s, clock_timestamp(), %(seconds)s, %(failed)s, 1, %(failed)s::int,
    CASE WHEN %(failed)s THEN clock_timestamp() END, %(error)s)
ON CONFLICT (name) DO UPDATE SET host = excluded.host, ended_at = excluded.ended_at, seconds = excluded.seconds,
    failed = excluded.failed, runs = billing_job_run.runs + 1,
    failures = billing_job_run.failures + excluded.failures,
    failed_at = coalesce(excluded.failed_at, billing_job_run.failed_at),
    error = CASE WHEN excluded.failed THEN excluded.error ELSE billing_job_run.error END"""


def note(name: str, *, seconds: float, error: str = "") -> None:
    """Write down that a run of a task ended after so many seconds, and of what it failed if it did.

    Raises DatabaseError.
    """
    values: dict[str, Any] = {
        "name": name,
        "host": socket.gethostname()[:100],
        "seconds": seconds,
        "failed": bool(error),
        "error": error[:_LONGEST],
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)
