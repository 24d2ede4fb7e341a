"""An open answer on its way out: framed, parted, packed and counted."""

import asyncio
import zlib
from collections.abc import Callable, Iterator

from aiohttp import web

from inference.sandbox.call import Call

__all__ = ["FRAMINGS", "Outlet", "opened"]

SHRED_PAUSE_S = 0.001

# How the JSON of an event becomes bytes; the number is the event's place in the stream.
FRAMINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "lf": lambda data, number: b"data: %b\n\n" % data,
    "crlf": lambda data, number: b"data: %b\r\n\r\n" % data,
    "cr": lambda data, number: b"data: %b\r\r" % data,
    "bom": lambda data, number: (b"\xef\xbb\xbf" if number == 0 else b"") + b"data: %b\n\n" % data,
    "no-space": lambda data, number: b"data:%b\n\n" % data,
    # The line feed that joins the lines again is white space to JSON; the end marker has one line only.
    "multi-line": lambda data, number: (
        b"data: {\ndata: %b\n\n" % data[1:] if data.startswith(b"{") else b"data: %b\n\n" % data
    ),
    "fields": lambda data, number: (
        b": comment\n\nevent: message\nid: %d\nretry: 1000\ndata: %b\n\n" % (number, data)
    ),
}


class Outlet:
    """An open answer; every byte of its body is counted on the way out."""

    def __init__(self, call: Call, response: web.StreamResponse) -> None:
        self.call = call
        self.response = response
        self.frame = FRAMINGS[call.behaviour.framing]
        self._pack = zlib.compressobj(wbits=31) if call.behaviour.gzip else None

    async def send(self, data: bytes, tokens: int = 0) -> None:
        """Send bytes that deliver so many tokens. Raises ConnectionError when the caller has gone."""
        behaviour = self.call.behaviour
        if self._pack is not None:
            data = self._pack.compress(data) + self._pack.flush(zlib.Z_SYNC_FLUSH)
        self.call.leaving(tokens=tokens, size=len(data))
        if behaviour.byte_delay:
            for place in range(len(data)):
                await self.response.write(data[place : place + 1])
                await asyncio.sleep(behaviour.byte_delay / 1_000)
        elif behaviour.shred:
            for part in _shredded(data):
                await self.response.write(part)
                await asyncio.sleep(SHRED_PAUSE_S)
        else:
            await self.response.write(data)

    async def close(self) -> None:
        """End the answer as HTTP wants it ended."""
        await self.response.write_eof(self._pack.flush() if self._pack is not None else b"")

    def transport(self) -> asyncio.Transport:
        """The connection beneath HTTP. Raises ConnectionResetError when there is none any more."""
        transport = self.call.request.transport
        if transport is None:
            raise ConnectionResetError("the caller has gone")
        return transport


async def opened(call: Call, headers: dict[str, str], length: int | None = None) -> Outlet:
    """Send the headers of an answer; `length` of the body in bytes, else it is chunked."""
    response = web.StreamResponse(headers=headers | dict(call.behaviour.headers))
    if call.behaviour.gzip:
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.content_length = length
    await response.prepare(call.request)
    return Outlet(call, response)


def _shredded(data: bytes) -> Iterator[bytes]:
    """The data cut before every byte that continues a character."""
    start = 0
    for place in range(1, len(data)):
        if data[place] & 0xC0 == 0x80:
            yield data[start:place]
            start = place
    yield data[start:]
