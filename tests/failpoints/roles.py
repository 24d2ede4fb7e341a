"""What the forked processes are: a gateway that can be made to die, and a job that can."""

import importlib
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.db import connection

from billing import gate, settling

from .faults import Plan, arm

__all__ = ["GATEWAY", "JOB", "gateway", "job"]

GATEWAY, JOB = f"{__name__}:gateway", f"{__name__}:job"
# Short, so that a scene takes seconds: how long a commit is waited for, and how old an admission is that nobody serves.
COMMIT_SECONDS, ORPHAN_SECONDS = 0.5, 1
SILENCE_SECONDS = 2


def gateway(*, plan: list[str], port: int, journals: str) -> None:
    """Serve Tollway as production does, its patience shortened, with a plan of faults."""
    settings.JOURNAL_DIR, settings.WORKER_SILENCE_SECONDS = journals, SILENCE_SECONDS
    settling.COMMIT_SECONDS, gate._ORPHAN_SECONDS = COMMIT_SECONDS, ORPHAN_SECONDS
    arm(Plan(*map(Path, plan)))
    uvicorn.run(
        "config.asgi:application",
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=settings.KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=20,
    )


def job(*, plan: list[str], does: str, told: dict[str, Any]) -> None:
    """Do one job (`module:function`) as a worker does, with a plan of faults and a connection that is there to be lost."""
    connection.ensure_connection()
    module, _, function = does.partition(":")
    arm(Plan(*map(Path, plan)))
    getattr(importlib.import_module(module), function)(**told)
