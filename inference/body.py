"""The body of a request, read whole within its bounds of bytes and of time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from .arrival import Receive
from .errors import Failure

__all__ = ["Left", "read"]

NAMELESS_BYTES = 256 * 2**10
"""What anybody may send; for more a caller must be known first."""

# After a third of its time a body must have come at this rate, in bytes a second, and go on so.
LEAST_RATE = 1024
# A caller that is still sending loses our answer with the connection: for so long we listen on, and throw away.
LINGER_BYTES = 128 * 2**20
LINGER_SECONDS = 10.0
SILENT_SECONDS = 3.0


Known = Callable[[], Awaitable[object]]


class Left(Exception):
    """The caller hung up before the request was complete."""


async def read(scope: dict[str, Any], receive: Receive, *, most: int, known: Known | None = None) -> bytes:
    """Return a body of at most `most` bytes. Raises Left, or Failure if it is too large or too slow.

    `known` is asked once more than NAMELESS_BYTES have come, and raises Failure for a caller who may not send so much.
    Too slow is what takes longer than BODY_SECONDS, or longer than a third of them at less than LEAST_RATE.
    """
    too_large = Failure("PAYLOAD_TOO_LARGE", f"The body must be at most {most} bytes.")
    if _announced(scope) > most:
        if not _waits(scope):
            await _linger(receive)
        raise too_large
    blocks: list[bytes] = []
    size = 0
    try:
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout_at(began + _seconds(0)) as patience:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Left
                blocks.append(message.get("body", b""))
                size += len(blocks[-1])
                if size > most:
                    raise too_large
                if not message.get("more_body", False):
                    return blocks[0] if len(blocks) == 1 else b"".join(blocks)
                if known is not None and size > NAMELESS_BYTES:
                    await known()
                    known = None
                patience.reschedule(began + _seconds(size))
    except TimeoutError as error:
        slow = f"The body must come within {settings.BODY_SECONDS} seconds, at {LEAST_RATE} bytes a second or more."
        raise Failure("REQUEST_TIMEOUT", slow) from error
    except Failure:
        blocks.clear()
        await _linger(receive)
        raise


def _seconds(size: int) -> float:
    """Return how long a body may have been coming of which so many bytes are here."""
    return float(min(settings.BODY_SECONDS, max(settings.BODY_SECONDS / 3, size / LEAST_RATE)))


def _announced(scope: dict[str, Any]) -> int:
    return max((int(value) for name, value in scope["headers"] if name == b"content-length"), default=0)


def _waits(scope: dict[str, Any]) -> bool:
    """Whether the caller sends its body only once it is told to go on; reading would tell it."""
    return any(name == b"expect" and b"100-continue" in value.lower() for name, value in scope["headers"])


async def _linger(receive: Receive) -> None:
    size = 0
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while size < LINGER_BYTES:
                message = await asyncio.wait_for(receive(), SILENT_SECONDS)
                size += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
