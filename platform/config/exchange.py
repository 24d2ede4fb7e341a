"""One request on a connection of the server's, taken whole and answered whole: ASGI takes several messages for each."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

__all__ = ["Exchange"]


class Exchange:
    """The short way past the messages of ASGI, for a request that is here and an answer that is ready.

    Both keep the state of the cycle as its own messages would, so that either may be followed by them.
    """

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def body(self, *, most: int) -> bytes | None:
        """Return the body if all of it has come and it has at most so many bytes; else nothing is taken."""
        cycle = self._cycle
        waits = cycle.more_body or cycle.waiting_for_100_continue or cycle.disconnected
        if waits or cycle.response_started or len(cycle.body) > most:
            return None
        body, cycle.body = bytes(cycle.body), bytearray()
        cycle.message_event.clear()
        cycle.flow.resume_reading()
        return body

    async def answer(self, status: int, headers: bytes, body: bytes) -> None:
        """Send an answer whose header lines are as they go out, but for those of its length and of the connection.

        Raises RuntimeError if one was begun.
        """
        cycle = self._cycle
        if not await self._starts():
            return
        cycle.transport.write(self._written(status, headers, body))
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    async def begin(self, status: int, headers: bytes) -> None:
        """Begin an answer of unknown length, which the messages of ASGI go on with. Raises RuntimeError if one was begun."""
        cycle = self._cycle
        if not await self._starts():
            return
        cycle.chunked_encoding = cycle.scope["method"] != "HEAD"
        coding = b"transfer-encoding: chunked\r\n" if cycle.chunked_encoding else b""
        cycle.transport.write(b"".join((STATUS_LINE[status], *self._own(), headers, coding, self._end())))

    async def _starts(self) -> bool:
        """Note that the answer begins; tell whether there is somebody to hear it."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return False
        if cycle.response_started:
            raise RuntimeError("this request has an answer")
        cycle.response_started, cycle.waiting_for_100_continue = True, False
        return True

    def _written(self, status: int, headers: bytes, body: bytes) -> bytes:
        length = b"" if status in (204, 304) else b"content-length: %d\r\n" % len(body)
        said = b"" if self._cycle.scope["method"] == "HEAD" else body
        return b"".join((STATUS_LINE[status], *self._own(), headers, length, self._end(), said))

    def _own(self) -> list[bytes]:
        return [b"%b: %b\r\n" % pair for pair in self._cycle.default_headers]

    def _end(self) -> bytes:
        return b"\r\n" if self._cycle.keep_alive else b"connection: close\r\n\r\n"
