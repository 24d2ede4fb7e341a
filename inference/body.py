"""The body of a request, read whole within its bounds of bytes and of time."""

import asyncio
from typing import Any

from .arrival import Receive
from .errors import Failure

__all__ = ["Left", "read"]

BODY_SECONDS = 30
# A caller that is still sending loses our answer with the connection: for so long we listen on, and throw away.
LINGER_BYTES = 128 * 2**20
LINGER_SECONDS = 10.0
SILENT_SECONDS = 3.0


class Left(Exception):
    """The caller hung up before the request was complete."""


async def read(scope: dict[str, Any], receive: Receive, *, most: int) -> bytes:
    """Return a body of at most `most` bytes. Raises Left, or Failure if it is too large or too slow."""
    too_large = Failure("PAYLOAD_TOO_LARGE", f"The body must be at most {most} bytes.")
    if _announced(scope) > most:
        if not _waits(scope):
            await _linger(receive)
        raise too_large
    blocks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Left
                blocks.append(message.get("body", b""))
                size += len(blocks[-1])
                if size > most:
                    break
                if not message.get("more_body", False):
                    return blocks[0] if len(blocks) == 1 else b"".join(blocks)
    except TimeoutError as error:
        raise Failure("REQUEST_TIMEOUT", f"The body did not come within {BODY_SECONDS} seconds.") from error
    blocks.clear()
    await _linger(receive)
    raise too_large


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
