"""The upstream of the bench: it answers with bytes made beforehand, so that it is not what limits anybody.

`python -m bench.speed.mock` prints its port. The first part of a path says the shape: /plain/v1/chat/completions.
"""

import asyncio
import sys

import httptools
import uvloop

from .shapes import SHAPES, parts

__all__ = ["Upstream", "serve"]

_ANSWERS = {name.encode(): (parts(shape), shape.gap) for name, shape in SHAPES.items()}
_NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
BACKLOG = 4096


class Upstream(asyncio.Protocol):
    """One connection; its caller asks again only after the answer has ended."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""

    def data_received(self, data: bytes) -> None:
        """Read on; what is no HTTP ends the connection."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def on_message_begin(self) -> None:
        """Forget the path of the request before."""
        self._path = b""

    def on_url(self, url: bytes) -> None:
        """Note the path, which may come in pieces."""
        self._path += url

    def on_message_complete(self) -> None:
        """Answer in the shape that the path names."""
        found = _ANSWERS.get(self._path.split(b"/", 2)[1]) if self._path.startswith(b"/") else None
        if found is None:
            self._transport.write(_NOTHING)
            return
        written, gap = found
        self._transport.write(written[0])
        if len(written) > 1:
            self._loop.call_later(gap, self._go_on, written, 1, self._loop.time() + gap, gap)

    def _go_on(self, written: list[bytes], number: int, due: float, gap: float) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(written[number])
        if number + 1 < len(written):  # by the time it was due, so that lateness does not add up
            self._loop.call_at(due + gap, self._go_on, written, number + 1, due + gap, gap)


async def serve() -> asyncio.Server:
    """Listen on a free port of this machine."""
    return await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0, backlog=BACKLOG)


async def _main() -> None:
    server = await serve()
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
