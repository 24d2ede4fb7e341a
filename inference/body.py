"""The body of a request, read whole within its bounds of bytes and of time."""

import asyncio
from typing import Any

from .arrival import Receive
from .errors import Failure

__all__ = ["Left", "read"]

BODY_SECONDS = 30


class Left(Exception):
    """The caller hung up before the request was complete."""


async def read(scope: dict[str, Any], receive: Receive, *, most: int) -> bytes:
    """Return a body of at most `most` bytes. Raises Left, or Failure if it is too large or too slow."""
    too_large = Failure("PAYLOAD_TOO_LARGE", f"The body must be at most {most} bytes.")
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > most:
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
                    raise too_large
                if not message.get("more_body", False):
                    return blocks[0] if len(blocks) == 1 else b"".join(blocks)
    except TimeoutError as error:
        raise Failure("REQUEST_TIMEOUT", f"The body did not come within {BODY_SECONDS} seconds.") from error
