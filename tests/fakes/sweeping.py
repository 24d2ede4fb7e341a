"""A real Celery worker, with its clock, over the database and the broker of the test run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.celery import app
from tests.fakes.gateway import ROOT, database_url

__all__ = ["running_worker"]


@contextmanager
def running_worker(schedule: Path, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one worker with an embedded beat until the block ends; `schedule` is a file of its own for the beat.

    What earlier tests have queued is thrown away: it would be done first, and of rows that are gone.
    """
    app.control.purge()
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config",
        "worker",
        "--beat",
        "--schedule",
        str(schedule),
    ]
    command += [
        "--pool",
        "prefork",
        "--concurrency",
        "1",
        "--loglevel",
        "warning",
        "--without-gossip",
        "--without-mingle",
    ]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    given = {
        **os.environ,
        "PYTHONPATH": paths,
        "DATABASE_URL": database_url(),
        "TOLLWAY_CHARGE_AFTER_SECONDS": "0",
    }
    with subprocess.Popen(command, cwd=ROOT, env={**given, **environment}, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
