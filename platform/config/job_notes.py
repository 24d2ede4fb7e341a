"""How a worker writes down each run of a task: by Celery's signals, in the process that ran it."""

import time
from typing import Any

import structlog
from celery import signals
from django.db import Error, connection

from billing.jobs import noting

__all__ = ["begun", "ended", "failed"]

log = structlog.get_logger()
_begun: dict[str, float] = {}
_failed: dict[str, str] = {}


@signals.task_prerun.connect
def begun(task_id: str = "", task: Any = None, **_: object) -> None:
    """Note when a run begins, and have what it logs name it; a process does one at a time."""
    structlog.contextvars.bind_contextvars(task=getattr(task, "name", ""), task_id=task_id)
    _begun.clear()
    _failed.clear()
    _begun[task_id] = time.monotonic()


@signals.task_failure.connect
def failed(task_id: str = "", exception: BaseException | None = None, **_: object) -> None:
    """Note of what a run failed."""
    _failed[task_id] = f"{type(exception).__name__}: {exception}"


@signals.task_postrun.connect
def ended(task_id: str = "", task: Any = None, state: str | None = None, **_: object) -> None:
    """Write a run down; that it cannot be written is logged, and no reason for the task to fail."""
    took = time.monotonic() - _begun.pop(task_id, time.monotonic())
    error = _failed.pop(task_id, "" if state in (None, "SUCCESS") else str(state))
    try:
        noting.note(task.name, seconds=took, error=error)
    except Error as problem:
        log.warning("a run is not written down", task=task.name, error=type(problem).__name__)
    finally:
        structlog.contextvars.clear_contextvars()
        connection.close()
