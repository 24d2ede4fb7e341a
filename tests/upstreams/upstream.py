"""A provider that can play every fault: raw bytes over TCP or TLS, one script for each place it is called at."""

import asyncio
import json
import secrets
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.scripted import POLL_S, Close, Hang, Hold, Pause, Reset, Step

__all__ = ["Call", "FaultyUpstream", "Place", "Play"]

TLS_HANDSHAKE = b"\x16"
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Call:
    """One request as it arrived; `number` counts the place's calls from one, `at` is of the monotonic clock."""

    number: int
    at: float
    address: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return bool(self.json.get("stream"))


Play = Callable[[Call], Iterable[Step]]


@dataclass
class Place:
    """One address of the provider: what it plays, the calls it got, and how many of them are still on the wire."""

    play: Play
    token: str
    calls: list[Call] = field(default_factory=list)
    unfinished: int = 0


class FaultyUpstream:
    """A running provider; it listens on a port for HTTP and on one for each TLS context. `calls` are of all places."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._places: dict[str, Place] = {}
        self._wires: set[asyncio.Task[None]] = set()
        self._ports: dict[str, int] = {}

    def add(self, play: Play, *, token: str | None = None) -> Place:
        """Make a place that plays something, under a name of its own or this one."""
        place = Place(play, token or secrets.token_hex(8))
        self._places[place.token] = place
        return place

    def url(self, place: Place, *, door: str = "http") -> str:
        """Return the base URL of a place behind a door: `http`, or the name of a TLS context."""
        scheme = "http" if door == "http" else "https"
        return f"{scheme}://127.0.0.1:{self._ports[door]}/{place.token}/v1"

    @property
    def ports(self) -> set[int]:
        """The ports it listens on."""
        return set(self._ports.values())

    @asynccontextmanager
    async def running(self, doors: Mapping[str, ssl.SSLContext]) -> AsyncIterator[None]:
        """Listen on one port for HTTP and on one for each TLS context, by its name."""
        contexts: dict[str, ssl.SSLContext | None] = {"http": None, **doors}
        servers = []
        for name, context in contexts.items():
            server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, ssl=context, backlog=1024)
            self._ports[name] = server.sockets[0].getsockname()[1]
            servers.append(server)
        try:
            yield
        finally:
            for server in servers:
                server.close()
            for wire in list(self._wires):
                wire.cancel()
            await asyncio.gather(*self._wires, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._wires.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._wires.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (read := await self._request(reader, writer)) is not None:
            place, call = read
            place.calls.append(call)
            self.calls.append(call)
            place.unfinished += 1
            try:
                if not await _played(place.play(call), reader, writer):
                    return
            finally:
                place.unfinished -= 1

    async def _request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[Place, Call] | None:
        try:
            head = await reader.readexactly(1)
            if head == TLS_HANDSHAKE:
                writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                return None
            head += await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head[:-4].decode("latin-1").split("\r\n")
        path = first.split(" ", 2)[1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        place = self._places[path.split("/")[1]]
        host, port = writer.get_extra_info("sockname")[:2]
        call = Call(len(place.calls) + 1, time.monotonic(), f"{host}:{port}{path}", headers, body)
        return place, call


async def _played(steps: Iterable[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send an answer step by step; tell whether the connection may be used again."""
    for step in steps:
        match step:
            case bytes():
                writer.write(step)
                await writer.drain()
            case Pause(seconds):
                if await _left(reader, seconds):
                    return False
            case Hang():
                await _left(reader, None)
                return False
            case Reset():
                wire: socket.socket = writer.get_extra_info("socket")
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                writer.transport.abort()
                return False
            case Close():
                return False
            case Hold(held):
                while not held.is_set():
                    if await _left(reader, POLL_S):
                        return False
    return True


async def _left(reader: asyncio.StreamReader, seconds: float | None) -> bool:
    """Wait so many seconds, or for ever; tell whether the caller left meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await reader.read(1)
    except TimeoutError:
        return False
    return True
