"""One stop event, and the set of work still owed before the process may end."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["await_too", "begin", "closed", "owe", "settled", "stop_event", "stopping"]

T = TypeVar("T")

_owed: set[asyncio.Future[Any]] = set()
_stop: asyncio.Event | None = None
_begun = False
_begun_at = 0.0

LAST_CALL_SECONDS = 2.0
"""How long after the beginning requests are still taken: those that were sent before anybody could know of it. The
listener is closed by then, and idle connections are."""


def stop_event() -> asyncio.Event:
    """Return the event that is set when the process begins to drain."""
    global _stop
    if _stop is None:
        _stop = asyncio.Event()
        if _begun:
            _stop.set()
    return _stop


def begin() -> None:
    """Begin to drain: readiness turns red and every stream is told to end."""
    global _begun, _begun_at
    if not _begun:
        _begun_at = time.monotonic()
    _begun = True
    if _stop is not None:
        _stop.set()


def stopping() -> bool:
    """Tell whether the process drains."""
    return _begun


def closed() -> bool:
    """Tell whether the process has drained for so long that nothing is taken any more."""
    return _begun and time.monotonic() - _begun_at > LAST_CALL_SECONDS


def owe(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run work that must be finished even if its caller is cancelled; the process waits for it at the end."""
    task = asyncio.ensure_future(work)
    await_too(task)
    return task


def await_too(work: asyncio.Future[Any]) -> None:
    """Have the process wait at its end for what somebody else finishes."""
    _owed.add(work)
    work.add_done_callback(_owed.discard)


async def settled(*, within: float) -> bool:
    """Wait until nothing is owed, at most `within` seconds; tell whether that was reached."""
    deadline = asyncio.get_running_loop().time() + within
    while _owed:
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return False
        await asyncio.wait(set(_owed), timeout=left)
    return True
