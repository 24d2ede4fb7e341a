"""How a server process begins and ends: parts opened first, and at SIGTERM the drain before all else."""

import asyncio
import signal
from types import FrameType
from typing import Any

import structlog
from django.conf import settings

from billing import takeover
from inference import spans
from inference.arrival import Receive, Send
from inference.process import Process
from kernel import drain
from kernel.standstill import Standstill

from . import (
    burden,  # noqa: F401  # declares figures of its own
    connections,
    loaded,
)

__all__ = ["serve"]

LAST_LOOK_SECONDS = 10
log = structlog.get_logger()


async def serve(receive: Receive, send: Send) -> None:
    """Speak the lifespan protocol with the server."""
    await receive()
    connections.make_room()
    process = Process()
    try:
        await process.open()
    except Exception as error:
        log.exception("start failed")
        await process.close()
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        return
    if settings.TRACES_URL:
        spans.start(settings.TRACES_URL, percent=settings.TRACES_PERCENT, upstream=settings.TRACES_UPSTREAM)
    _drain_at_signals(asyncio.get_running_loop())
    loaded.keep()
    standstill = Standstill()
    standstill.start()
    watching = asyncio.create_task(takeover.watch(drain.stop_event()), name="takeover")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    drain.begin()
    await asyncio.wait([watching], timeout=LAST_LOOK_SECONDS)
    await process.close()
    await asyncio.to_thread(spans.stop)
    await standstill.stop()
    await send({"type": "lifespan.shutdown.complete"})


def _drain_at_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Begin to drain at the signal itself.

    The server tells its application of the end only after all connections are closed, and would wait for the
    open streams as long as it can; they must hear of it first.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None, before: Any = before) -> None:
            loop.call_soon_threadsafe(drain.begin)
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)
