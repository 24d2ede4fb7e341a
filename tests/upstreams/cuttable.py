"""A way to Redis that can be cut: open connections end, and new ones are closed at once, until it is mended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

__all__ = ["Cuttable"]

BLOCK = 65_536


class Cuttable:
    """A relay on a port of its own, before a Redis that listens on a socket file or a port."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._wires: set[asyncio.StreamWriter] = set()
        self._cut = False
        self._port = 0

    @property
    def url(self) -> str:
        """Where the relay is reached."""
        query = parse_qs(self._target.query)
        number = query.get("db", [self._target.path.strip("/") or "0"])[0]
        return f"redis://127.0.0.1:{self._port}/{number if number.isdigit() else 0}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for as long as the block lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """End every connection, and let none through."""
        self._cut = True
        for wire in self._wires:
            wire.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        there, onward = await self._reach()
        self._wires |= {writer, onward}
        try:
            await asyncio.gather(_pass_on(reader, onward), _pass_on(there, writer))
        finally:
            self._wires -= {writer, onward}

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._target.scheme == "unix":
            return await asyncio.open_unix_connection(self._target.path)
        return await asyncio.open_connection(self._target.hostname, self._target.port or 6379)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()
    writer.close()
