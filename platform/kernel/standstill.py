"""Where an event loop stands still: a thread beside it logs what holds it up once it has not turned for seconds."""

import asyncio
import sys
import threading
import time
import traceback

import structlog

from .ending import end
from .tallies import FAST, Spread

__all__ = ["STILL_SECONDS", "Standstill"]

STILL_SECONDS = 5.0
_LOOKS = 5  # so often is looked within that time
_delays = Spread(
    "tollway_event_loop_delay_seconds",
    "How much later than it should the event loop came round, asked for once a second.",
    bounds=FAST,
)
log = structlog.get_logger()


class Standstill:
    """Watches the loop that starts it. A standstill is told once, with the stack of the loop's thread, and its end too."""

    def __init__(self, *, seconds: float = STILL_SECONDS) -> None:
        self._seconds = seconds
        self._turned_at = 0.0
        self._over = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the running loop."""
        self._turned_at = time.monotonic()
        self._task = asyncio.create_task(self._turn(), name="standstill")
        loops = threading.get_ident()
        threading.Thread(target=self._look, args=(loops,), name="standstill", daemon=True).start()

    async def stop(self) -> None:
        """End the watch."""
        self._over.set()
        await end(self._task)

    async def _turn(self) -> None:
        while True:
            self._turned_at = time.monotonic()
            await asyncio.sleep(self._seconds / _LOOKS)
            _delays.note(max(0.0, time.monotonic() - self._turned_at - self._seconds / _LOOKS))

    def _look(self, loops: int) -> None:
        stands_since: float | None = None
        while not self._over.wait(self._seconds / _LOOKS):
            turned_at, now = self._turned_at, time.monotonic()
            if stands_since is None and now - turned_at >= self._seconds:
                stands_since = turned_at
                log.error(
                    "the event loop stands still", seconds=round(now - turned_at, 1), stack=_stack(loops)
                )
            elif stands_since is not None and turned_at > stands_since:
                log.warning("the event loop goes on", seconds=round(turned_at - stands_since, 1))
                stands_since = None


def _stack(thread: int) -> str:
    frame = sys._current_frames().get(thread)
    return "".join(traceback.format_stack(frame)) if frame is not None else ""
