"""The application, with a count of the Python functions that it calls: `/calls` tells it and begins anew."""

import json
import sys
from types import FrameType
from typing import Any

from config.asgi import application as _application
from inference.arrival import Receive, Send

__all__ = ["application"]

_calls = 0


def _count(frame: FrameType, event: str, arg: object) -> None:
    global _calls
    _calls += event == "call"


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one connection of the server."""
    global _calls
    if scope.get("path") != "/calls":
        await _application(scope, receive, send)
        return
    sys.setprofile(None)
    body, _calls = json.dumps(_calls).encode(), 0
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
    sys.setprofile(_count)
