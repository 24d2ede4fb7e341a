"""What a web process does when Celery does not: it charges what is long overdue, reaps, and says that it had to."""

import asyncio
import contextlib

import structlog
from django.db import connections

from billing import leases, present, rollup, sweeps
from kernel import degraded
from kernel.modes import LATE

__all__ = ["look", "watch"]

log = structlog.get_logger()

_PERIOD_SECONDS = 10.0
_CHARGE_SECONDS = 5.0


async def watch(stop: asyncio.Event) -> None:
    """Look every ten seconds until `stop` is set, in a thread of its own; a look that has begun is finished."""
    while not stop.is_set():
        await asyncio.to_thread(_look_and_disconnect)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _PERIOD_SECONDS)
    degraded.note(LATE, held=False)


def look() -> int:
    """Charge what is older than TAKEOVER_SECONDS and reap; return how many charge numbers were posted.

    Raises DatabaseError if the database is away.
    """
    now = present.now()
    leases.reap(now)
    overdue = rollup.overdue(now)
    degraded.note(LATE, held=bool(overdue))
    if overdue:
        log.error("charging in the web process: no worker does", workspaces=len(overdue))
    return sweeps.charge(overdue, actor="web", seconds=_CHARGE_SECONDS)


def _look_and_disconnect() -> None:
    try:
        look()
    except Exception:  # the watch goes on whatever one look met
        log.exception("could not look for overdue charges")
    finally:
        connections.close_all()
