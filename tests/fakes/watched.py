"""The application with a door that tells what the process holds."""

import asyncio
import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

from config.asgi import application as tollway
from inference.arrival import Receive, Send

from .held import PATH

__all__ = ["application"]


def _files() -> Iterator[str]:
    """Yield the open files that are no sockets: those are told apart by where they lead."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(f"/proc/self/fd/{name}")
            if not target.startswith("socket:"):
                yield target


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one connection; the extra path answers with the tasks by name and the number of open files."""
    if scope["type"] != "http" or scope["path"] != PATH:
        await tollway(scope, receive, send)
        return
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    names = Counter(getattr(coroutine, "__qualname__", "?") for coroutine in coroutines)
    body = json.dumps({"tasks": names, "files": len(list(_files()))}).encode()
    headers = [(b"connection", b"close"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
