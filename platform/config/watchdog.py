"""A worker that hears nothing although beat sends and nobody sweeps ends itself, to be started again by whoever runs it."""

import os
import signal
import threading
import time
from collections.abc import Sequence

import structlog
from celery import signals
from celery.worker import state
from django.conf import settings
from django.db import Error, connection

from billing import parts
from billing.parts import Heard

__all__ = ["deaf", "watch"]

EVERY_SECONDS = 5.0
FORCE_SECONDS = 20.0
log = structlog.get_logger()
_heard_at = time.monotonic()


@signals.task_received.connect
def heard(**_: object) -> None:
    """Note that the broker gave this worker a task."""
    global _heard_at
    _heard_at = time.monotonic()


@signals.worker_ready.connect
def watch(**_: object) -> None:
    """Begin to watch, in a thread of the worker's main process; its children do the tasks."""
    heard()
    threading.Thread(target=_run, name="watchdog", daemon=True).start()


def deaf(known: Sequence[Heard], *, idle: float) -> bool:
    """Tell whether a worker that was given nothing for `idle` seconds should have been.

    A beat must have sent for WORKER_DEAF_SECONDS, and no worker may have ended a sweep meanwhile.
    """
    longest = settings.WORKER_DEAF_SECONDS
    swept = parts.silence(known, "sweep")
    sending = any(
        part.kind == "beat" and part.silent <= longest and (part.said.get("sends_for") or 0) >= longest
        for part in known
    )
    return idle >= longest and sending and (swept is None or swept >= longest)


def _run() -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        if state.active_requests:
            heard()  # it works; what it was given is not over
        elif deaf(_known(), idle=time.monotonic() - _heard_at):
            log.error("this worker hears nothing: it ends, to be started again")
            os.kill(os.getpid(), signal.SIGQUIT)
            time.sleep(FORCE_SECONDS)
            os._exit(1)


def _known() -> Sequence[Heard]:
    try:
        return parts.heard()
    except Error as error:
        log.warning("the watchdog cannot read", error=type(error).__name__)
        return ()
    finally:
        connection.close()
