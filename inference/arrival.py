"""A request as it came through the door: Django's request with its id, its moment, its bytes and its wire."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from io import BytesIO
from typing import Any, Protocol

from django.core.handlers.asgi import ASGIRequest

from kernel import ids, served

__all__ = ["EXCHANGE", "Arrival", "Exchange", "Receive", "Send", "exchange_of"]

EXCHANGE = "tollway.exchange"
"""The extension of a scope by which our own server takes and answers a request whole."""

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Exchange(Protocol):
    """The short way past the messages of ASGI."""

    def body(self, *, most: int) -> bytes | None:
        """Return the body if all of it has come and it has at most so many bytes; else nothing is taken."""
        ...

    async def answer(self, status: int, headers: bytes, body: bytes) -> None:
        """Send a whole answer; the lines of its length and of the connection are added."""
        ...

    async def begin(self, status: int, headers: bytes) -> None:
        """Begin an answer of unknown length, which the messages of ASGI go on with."""
        ...


def exchange_of(scope: Mapping[str, Any]) -> Exchange | None:
    """Return the short way to a request's caller, where the server has one."""
    found: Exchange | None = scope.get("extensions", {}).get(EXCHANGE)
    return found


class Arrival(ASGIRequest):
    """One request on a route of /v1.

    `began` is of the monotonic clock, `number` the id as text, `traced` tells whether its trace was told. Whoever puts
    another `send` in its place takes the exchange away, which would go past it.
    """

    def __init__(self, scope: dict[str, Any], raw: bytes, *, receive: Receive, send: Send) -> None:
        # Not Django's constructor: it writes every header anew, and few are asked for.
        self.scope = scope
        self.path = self.path_info = scope["path"]
        self.method = scope["method"].upper()
        self.resolver_match = None
        self._post_parse_error = self._read_started = False
        self._stream = BytesIO(raw)
        self.raw = raw
        self.receive = receive
        self.send = send
        self.exchange = exchange_of(scope)
        self.began = time.monotonic()
        self.id = ids.request_id()
        served.begin(self.id)
        self.number = str(self.id)
        self.traced = False

    @cached_property
    def META(self) -> dict[str, Any]:  # type: ignore[override]  # Django's name
        """The headers as Django names them, and where the request came from."""
        django = ASGIRequest(self.scope, self._stream)
        self.content_type, self.content_params = django.content_type, django.content_params
        return dict(django.META)

    def sent(self, name: str) -> str | None:
        """Return a header by its lower-case name; of several of the name all, as one list; None if there is none."""
        value = self._sent.get(name.encode())
        return None if value is None else value.decode("latin-1")

    def header(self, name: str) -> str:
        """Return a header by its lower-case name, or nothing."""
        return self.sent(name) or ""

    @cached_property
    def _sent(self) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for name, value in self.scope["headers"]:
            found[name] = found[name] + b"," + value if name in found else value
        return found

    @property
    def milliseconds(self) -> int:
        """How long the request has been here."""
        return int((time.monotonic() - self.began) * 1000)
