"""One stop event, and the set of work still owed before the process may end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["begin", "owe", "settled", "stop_event", "stopping"]

T = TypeVar("T")

_owed: set[asyncio.Task[Any]] = set()
_stop: asyncio.Event | None = None
_begun = False


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
    global _begun
    _begun = True
    if _stop is not None:
        _stop.set()


def stopping() -> bool:
    """Tell whether the process drains."""
    return _begun


def owe(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run work that must be finished even if its caller is cancelled; the process waits for it at the end."""
    task = asyncio.ensure_future(work)
    _owed.add(task)
    task.add_done_callback(_owed.discard)
    return task


async def settled(*, within: float) -> bool:
    """Wait until nothing is owed, at most `within` seconds; tell whether that was reached."""
    deadline = asyncio.get_running_loop().time() + within
    while _owed:
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return False
        await asyncio.wait(set(_owed), timeout=left)
    return True
