"""How a task that would go on for ever is ended."""

import asyncio
import contextlib

__all__ = ["end"]


async def end(task: "asyncio.Task[None] | None") -> None:
    """Cancel a task and return once it has ended; none is no error. Raises what it had died of before."""
    if task is None:
        return
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
