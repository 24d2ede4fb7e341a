"""How long a caller's connection may take and how much it may send, where uvicorn's protocol knows no bound."""

import asyncio
import contextlib
import http
import resource
import socket
from typing import Any

from django.conf import settings
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from inference.arrival import EXCHANGE

from .exchange import Exchange

__all__ = ["Connection", "make_room", "room", "taken"]

SWEEP_SECONDS = 0.5
HEAD_BYTES = 64 * 1024
HEADERS = 100
PIPELINED = 16
"""How many requests may wait on a connection for the answer to the one before."""
UNSENT_BYTES = 128 * 1024
"""How much the kernel takes over that it cannot send yet; the rest stays here, where it is counted."""
LEAST_RATE = 16 * 1024
"""Bytes a second that a caller must take of an answer."""
# Of the files a process may open, these are for databases, caches and the code; half of the others is for upstreams.
SPARE_FILES = 128
MOST_FILES = 65_536
# More than there is room for are told so; beyond these, not even that.
CROWD = 64

_open: set["Connection"] = set()
_room = 0
_sweeping = False


class _Refused(Exception):
    """A head that is not taken; raised through the parser."""


class Connection(HttpToolsProtocol):
    """One connection of a caller, made by uvicorn under `--http config.connections:Connection`.

    No timers: all connections of a process are looked at twice a second. That callers acknowledge what they are
    sent is left to the kernel, which alone sees it.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._awaited: float | None = None  # since when the rest of a head is waited for
        self._begun = False  # whether part of a head has come
        self._barren = 0  # bytes since a head was complete or some of a body came
        self._fruitful = False
        self._crowded = False
        self._untaken_until: float | None = None
        self._status = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head, if there is room."""
        super().connection_made(transport)
        self._awaited = self.loop.time()
        self._crowded = 0 < _room <= len(_open)
        if self._crowded and len(_open) >= _room + CROWD:
            transport.abort()
            return
        _open.add(self)
        _begin_to_sweep(self.loop)
        _have_kernel_watch(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _open.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, within the bounds of a head; what comes after a body (trailers) has to fit into them too."""
        if self._crowded:
            self._refuse(503)
            return
        self._barren += len(data)
        self._fruitful = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._fruitful:
            self._barren = 0
        elif self._barren > HEAD_BYTES:
            self._refuse(431)
        if self._awaited is None and not self._answering:
            self._awaited = self.loop.time()

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        super().on_message_begin()
        self._begun = True

    def on_headers_complete(self) -> None:
        """Take a head that is within its bounds; what follows the body is kept apart from it (RFC 9110, 6.5)."""
        self._awaited, self._begun, self._fruitful = None, False, True
        self._check_head()
        super().on_headers_complete()
        self.headers = []
        if self.cycle is not None:  # there is none where another protocol is asked for
            self.scope["extensions"] = {EXCHANGE: Exchange(self.cycle)}  # type: ignore[dict-item]  # ours

    def on_body(self, body: bytes) -> None:
        """Note that a body comes on."""
        self._fruitful = True
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Wait for the rest of a head that came while another request was answered."""
        super().on_response_complete()
        if self._begun:
            self._awaited = self.loop.time()

    def resume_writing(self) -> None:
        """Note that the caller took what it was sent."""
        self._untaken_until = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what was sent and hang up; in the middle of an answer there is no place for another."""
        if self.pipeline or (self._answering and self.cycle.response_started):
            self.transport.close()
            return
        status, self._status = self._status, 400
        text = http.HTTPStatus(status).phrase.encode()
        retry = b"retry-after: 1\r\n" if status == 503 else b""
        head = (
            b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n"
            % len(text)
        )
        self.transport.write(STATUS_LINE[status] + head + retry + b"\r\n" + text)
        self.transport.close()

    def look_after(self, now: float) -> None:
        """Drop the connection if its caller keeps us waiting for too long; `now` is of the loop's clock."""
        if self._untaken(now):
            self.transport.abort()
        elif self._awaited is None or now - self._awaited < settings.HEADER_SECONDS or self._answering:
            return
        elif self._begun:
            self._refuse(408)
        else:
            self.transport.close()

    @property
    def _answering(self) -> bool:
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _check_head(self) -> None:
        # The head is part of what came since the last one; only if that is much, it has to be measured.
        size = self._barren
        if size > HEAD_BYTES:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > HEAD_BYTES or len(self.headers) > HEADERS:
            self._status = 431
            raise _Refused
        if len(self.pipeline) >= PIPELINED:
            raise _Refused

    def _refuse(self, status: int) -> None:
        self._status = status
        self.send_400_response("")

    def _untaken(self, now: float) -> bool:
        """Tell whether an answer waits here too long for its caller to take it."""
        left = self.transport.get_write_buffer_size()
        waits = self.flow.write_paused or self.transport.is_closing() or not self._answering
        if not left or not waits:
            self._untaken_until = None
        elif self._untaken_until is None:
            self._untaken_until = now + settings.WRITE_SECONDS + left / LEAST_RATE
        return self._untaken_until is not None and now >= self._untaken_until


def make_room() -> int:
    """Let this process open as many files as it may, and return how many callers it will have at the same time."""
    global _room
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    _room = max(1, min(settings.MOST_CONNECTIONS, (files - SPARE_FILES) // 2))
    return _room


def taken() -> int:
    """Return how many callers are connected."""
    return len(_open)


def room() -> int:
    """Return how many this process takes; 0 before it serves."""
    return _room


def _begin_to_sweep(loop: asyncio.AbstractEventLoop) -> None:
    global _sweeping
    if not _sweeping:
        _sweeping = True
        loop.call_later(SWEEP_SECONDS, _sweep, loop)


def _sweep(loop: asyncio.AbstractEventLoop) -> None:
    global _sweeping
    now, _sweeping = loop.time(), False
    for connection in tuple(_open):
        connection.look_after(now)
    if _open:
        _begin_to_sweep(loop)


def _have_kernel_watch(transport: asyncio.Transport) -> None:
    """Have the kernel break off when nothing it sends is acknowledged, by a caller gone or one that does not read."""
    wire = transport.get_extra_info("socket")
    if wire is None or wire.family == socket.AF_UNIX:
        return
    # The loop's own object would open the file anew for each option, and there may be none left.
    kernel = socket.socket(wire.family, wire.type, fileno=wire.fileno())
    try:
        for option, value in (
            ("TCP_USER_TIMEOUT", settings.WRITE_SECONDS * 1000),
            ("TCP_NOTSENT_LOWAT", UNSENT_BYTES),
        ):
            if hasattr(socket, option):  # Linux has both
                kernel.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    finally:
        kernel.detach()
