"""One connection to an upstream: the answers that come on it, read by llhttp and handed on as they come.

It lives in aiohttp's pool in the place of aiohttp's own, which keeps books on each chunk of each answer: a stream is
little else than chunks.
"""

import asyncio
from typing import cast

import aiohttp
import httptools
from aiohttp.connector import Connection

__all__ = ["Line", "Reply"]

MOST_UNREAD = 128 * 1024
"""Bytes of an answer that wait here to be read; more are left with the kernel."""
HEAD_BYTES = 64 * 1024
"""Of a head, or of anything else that is no body, between two pieces of a body."""
HEADERS = 128


class Reply:
    """One answer, read as it comes. Its connection goes back to the pool when all of it has; `close` drops it before."""

    __slots__ = (
        "_blocks",
        "_connection",
        "_error",
        "_line",
        "_size",
        "_waiter",
        "complete",
        "headers",
        "status",
    )

    def __init__(self, line: "Line", connection: Connection) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.complete = False
        self._line = line
        self._connection: Connection | None = connection
        self._blocks: list[bytes] = []
        self._size = 0
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def content_type(self) -> str:
        """The type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def at_end(self) -> bool:
        """Whether nothing is left to read."""
        return self.complete and not self._blocks

    async def begun(self) -> "Reply":
        """Wait for the head. Raises aiohttp.ClientError where none comes."""
        while not self.status:
            await self._more()
        return self

    async def read(self) -> bytes:
        """Return what has come, waiting for at least a byte; nothing at the end. Raises aiohttp.ClientError."""
        while not self._blocks:
            if self.complete:
                return b""
            await self._more()
        blocks, self._blocks, self._size = self._blocks, [], 0
        self._line.go_on()
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    def take(self, data: bytes) -> int:
        """Take in a piece of the body; return how much waits to be read."""
        self._blocks.append(data)
        self._size += len(data)
        return self._size

    def discard(self) -> None:
        """Forget what came and was not read."""
        self._blocks, self._size = [], 0

    def end(self, error: Exception | None = None) -> None:
        """Take in that nothing more comes: the answer is complete, or there is an error."""
        if self.complete or self._error is not None:
            return
        self._error = error
        self.complete = error is None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()  # which closes one that may not be used again
        self.wake()

    def close(self) -> None:
        """Let go of an answer that is not over; of one that is there is nothing to let go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def wake(self) -> None:
        """Let whoever waits look again."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _more(self) -> None:
        if self._error is not None:
            raise self._error
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter


class Line(asyncio.Protocol):
    """A connection of the pool. One answer at a time is awaited on it; what comes unasked ends it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._reply: Reply | None = None
        self._headers: dict[str, str] = {}
        self._head_is_here = self._aside = self._ended = self._ends_with_line = False
        self._reusable = True
        self._paused = False
        self._barren = self._counted = 0
        self._gone: asyncio.Future[None] | None = None

    def begin(self, reply: Reply) -> None:
        """Await an answer."""
        self._reply = reply
        self._barren = 0
        self._head_is_here = False

    def go_on(self) -> None:
        """Read on from the kernel, where that was left until what had come was read."""
        if self._paused and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()

    @property
    def should_close(self) -> bool:
        """Whether no other request may go here."""
        return not self._reusable or self._reply is not None

    @property
    def closed(self) -> asyncio.Future[None] | None:
        """What is done once the connection is closed; nothing if it is."""
        if self.transport is not None and self._gone is None:
            self._gone = asyncio.get_running_loop().create_future()
        return self._gone

    def is_connected(self) -> bool:
        """Tell whether another request may be sent."""
        return self.transport is not None and not self.transport.is_closing()

    def close(self) -> None:
        """Close the connection, once what was written is sent."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; a socket's transport is what the pool makes."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer that is awaited: complete if it was to last as long as its connection."""
        self.transport = None
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)
        if isinstance(exc, OSError):
            self._fail(aiohttp.ClientOSError(*exc.args))
        elif exc is None and self._head_is_here and self._ends_with_line:
            self._end()
        else:
            self._fail(aiohttp.ServerDisconnectedError())

    def data_received(self, data: bytes) -> None:
        """Read on, within the bounds of what is no body."""
        self._barren += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, UnicodeDecodeError) as error:
            self._break(aiohttp.ClientPayloadError(f"no answer of HTTP: {type(error).__name__}"))
            return
        if self._barren > HEAD_BYTES:
            self._break(aiohttp.ClientPayloadError("a head beyond bounds"))
        elif self._ended:
            self._end()
        elif self._reply is not None and self._head_is_here:
            self._reply.wake()

    def on_message_begin(self) -> None:
        """Begin to read a head. Raises, through the parser, for one that was not asked for."""
        if self._reply is None or self._ended:
            raise aiohttp.ClientPayloadError("an answer to nothing")
        self._headers = {}
        self._counted = 0
        self._head_is_here = self._ends_with_line = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header; those after the body are passed over."""
        self._counted += 1
        if self._counted > HEADERS:
            self._break(aiohttp.ClientPayloadError("too many headers"))
        elif not self._head_is_here:
            key, text = name.decode("ascii").lower(), value.decode("latin-1")
            self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """Hand on the head, unless more is only announced by it."""
        status = self._parser.get_status_code()
        self._aside = 100 <= status < 200
        if self._aside or self._reply is None:
            return
        self._head_is_here = True
        self._ends_with_line = (
            "content-length" not in self._headers and "transfer-encoding" not in self._headers
        )
        self._reply.headers, self._reply.status = self._headers, status

    def on_body(self, data: bytes) -> None:
        """Hand on a piece of the body; beyond what may wait, the kernel keeps it."""
        self._barren = 0
        if self._reply is None or self._reply.take(data) <= MOST_UNREAD or self._paused:
            return
        if self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        """Have the answer end with what has come by now, unless more came than it was to have.

        The connection may serve again where both sides said so.
        """
        if not self._aside:
            self._reusable = self._reusable and bool(self._parser.should_keep_alive())
            self._ended = True

    def _end(self) -> None:
        reply, self._reply = self._reply, None
        self._barren = 0
        self._ended = False
        self.go_on()  # the next answer must not wait for this one to be read
        if reply is not None:
            reply.end()

    def _fail(self, error: Exception) -> None:
        self._reusable = False
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.end(error)

    def _break(self, error: Exception) -> None:
        # What breaks the rules of HTTP is believed in nothing, while of an answer cut off all counts that came.
        if self._reply is not None:
            self._reply.discard()
        self._fail(error)
        self.abort()
