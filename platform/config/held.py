"""The application of a process that loads before its engines are up: it opens nothing until its standard input ends."""

import asyncio
import os
import sys
from typing import Any

from inference.arrival import Receive, Send

from .asgi import application as _application

__all__ = ["application", "end_of"]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one connection of the server, as `config.asgi` does; the server asks for the first when its lifespan began."""
    if scope["type"] == "lifespan":
        await end_of(sys.stdin.fileno())
    await _application(scope, receive, send)


async def end_of(descriptor: int) -> None:
    """Wait until nothing more can come from a pipe. What is none, as /dev/null, is at its end."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def read() -> None:
        if not os.read(descriptor, 4096):
            ended.set()

    try:
        loop.add_reader(descriptor, read)
    except PermissionError:  # a file: the system does not tell of its input
        return
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
