"""A request as it came through the door: Django's request with its id, its moment, its bytes and its wire."""

import time
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest

from kernel import ids, served

__all__ = ["Arrival", "Receive", "Send"]

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Arrival(ASGIRequest):
    """One request on an inference route. `began` is of the monotonic clock."""

    def __init__(self, scope: dict[str, Any], raw: bytes, *, receive: Receive, send: Send) -> None:
        super().__init__(scope, BytesIO(raw))
        self.raw = raw
        self.receive = receive
        self.send = send
        self.began = time.monotonic()
        self.id = ids.request_id()
        served.begin(self.id)

    def header(self, name: str) -> str:
        """Return a header by its lower-case name, or nothing."""
        return str(self.META.get("HTTP_" + name.upper().replace("-", "_"), ""))

    @property
    def milliseconds(self) -> int:
        """How long the request has been here."""
        return int((time.monotonic() - self.began) * 1000)
