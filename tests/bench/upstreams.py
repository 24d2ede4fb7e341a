"""Upstreams on a port of this machine, within the test's own loop: the bench's mock, and one that says what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.speed import mock

__all__ = ["mocking", "saying"]


@asynccontextmanager
async def mocking() -> AsyncIterator[int]:
    """Serve the mock and give its port."""
    async with _closed_after(await mock.serve()) as port:
        yield port


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[int]:
    """Serve whatever is asked with these bytes, as they are, and give the port; no bytes hang up."""

    class Upstream(asyncio.Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            self._transport = transport

        def data_received(self, data: bytes) -> None:
            if answer:
                self._transport.write(answer)
            else:
                self._transport.abort()

    loop = asyncio.get_running_loop()
    async with _closed_after(await loop.create_server(Upstream, "127.0.0.1", 0)) as port:
        yield port


@asynccontextmanager
async def _closed_after(server: asyncio.Server) -> AsyncIterator[int]:
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
