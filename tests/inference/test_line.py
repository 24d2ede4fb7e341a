"""Answers on a connection of the pool: framed in every way that HTTP/1.1 knows, and in those that it does not."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import aiohttp
import pytest
from yarl import URL

from inference.line import HEAD_BYTES, MOST_UNREAD, Reply
from inference.wire import Wire

T = TypeVar("T")
OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-After: z\r\n\r\n"
CLOSE = object()


class Far:
    """A server that answers each request with the next script: blocks to send, or CLOSE."""

    def __init__(self, *scripts: Sequence[object]) -> None:
        self._scripts = list(scripts)
        self.connections = 0
        self.heard: list[bytes] = []
        self._served: set[asyncio.Task[None]] = set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the end of the test."""
        task = asyncio.ensure_future(self.serve(reader, writer))
        self._served.add(task)
        await asyncio.wait({task})
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def end(self) -> None:
        """End all connections."""
        for task in self._served:
            task.cancel()
        await asyncio.sleep(0.05)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self._scripts:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.heard.append(head + await reader.readexactly(size))
                for block in self._scripts.pop(0):
                    if block is CLOSE:
                        return
                    assert isinstance(block, bytes)
                    writer.write(block)
                    await writer.drain()
                    await asyncio.sleep(0.01)
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass


def with_wire(far: Far, play: Callable[[Wire, URL], Awaitable[T]]) -> T:
    async def run() -> T:
        server = await asyncio.start_server(far.take, "127.0.0.1", 0)
        wire = Wire(private=True)
        try:
            url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/x?y=z")
            async with asyncio.timeout(20):
                return await play(wire, url)
        finally:
            await wire.close()
            await far.end()
            server.close()

    return asyncio.run(run())


async def post(wire: Wire, url: URL, body: bytes = b"{}") -> Reply:
    return await wire.post(url, {"X-Own": "1"}, body, connect_seconds=5)


async def read(reply: Reply) -> bytes:
    said = b""
    while block := await reply.read():
        said += block
    assert reply.at_end
    return said


def answers(*blocks: object, times: int = 1) -> tuple[list[bytes], int]:
    """Return what so many requests heard, and how many connections that took."""
    far = Far(*[blocks] * times)

    async def play(wire: Wire, url: URL) -> list[bytes]:
        return [await read(await post(wire, url)) for _ in range(times)]

    return with_wire(far, play), far.connections


@pytest.mark.parametrize(
    "blocks",
    [
        (LENGTH,),
        (CHUNKED,),
        tuple(bytes([each]) for each in LENGTH),
        tuple(bytes([each]) for each in CHUNKED),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + LENGTH),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"0\r\n\r\n"),
    ],
    ids=["length", "chunked", "length by bytes", "chunked by bytes", "after more heads", "end comes later"],
)
def test_an_answer_is_read_whole_and_its_connection_used_again(blocks: tuple[bytes, ...]) -> None:
    assert answers(*blocks, times=3) == ([b"hello"] * 3, 1)


@pytest.mark.parametrize(
    "blocks",
    [
        (OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello",),
        (OK + b"\r\nhel", b"lo", CLOSE),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",),
    ],
    ids=["said so", "lasts as long as its connection", "of HTTP/1.0"],
)
def test_a_connection_that_ends_with_its_answer_is_not_used_again(blocks: tuple[bytes, ...]) -> None:
    assert answers(*blocks, times=2) == ([b"hello"] * 2, 2)


def test_a_connection_that_was_closed_in_the_pool_is_not_used() -> None:
    far = Far([LENGTH, CLOSE], [LENGTH])

    async def play(wire: Wire, url: URL) -> None:
        for _ in range(2):
            assert await read(await post(wire, url)) == b"hello"
            await asyncio.sleep(0.2)

    with_wire(far, play)
    assert far.connections == 2


@pytest.mark.parametrize(
    "blocks",
    [
        (CLOSE,),
        (OK, CLOSE),
        (b"no HTTP at all\r\n\r\n",),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",),
        (OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",),
        (OK + b"X-Long: " + b"x" * (HEAD_BYTES + 1) + b"\r\n\r\n",),
        (OK + b"".join(b"x-%d: y\r\n" % number for number in range(200)) + b"\r\n",),
        (b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", CLOSE),
    ],
    ids=[
        "nothing",
        "half a head",
        "another protocol",
        "two lengths",
        "two framings",
        "long",
        "many",
        "upgrade",
    ],
)
def test_without_a_head_that_can_be_believed_the_call_fails(blocks: tuple[object, ...]) -> None:
    with pytest.raises(aiohttp.ClientError):
        answers(*blocks)


@pytest.mark.parametrize(
    "blocks",
    [
        (OK + b"Content-Length: 9\r\n\r\nhello", CLOSE),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", CLOSE),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"zz\r\n"),
    ],
    ids=["length", "chunked", "broken chunk"],
)
def test_what_came_of_an_answer_cut_off_is_read_before_it_fails(blocks: tuple[object, ...]) -> None:
    async def play(wire: Wire, url: URL) -> bytes:
        reply = await post(wire, url)
        said = await reply.read()
        with pytest.raises(aiohttp.ClientError):
            await reply.read()
        assert not reply.at_end
        return said

    assert with_wire(Far(blocks), play) == b"hello"


def test_more_than_an_answer_was_to_have_breaks_it() -> None:
    with pytest.raises(aiohttp.ClientError):
        answers(LENGTH + b" and more")


def test_what_comes_unasked_is_nobodys_answer() -> None:
    far = Far([LENGTH, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"], [LENGTH])

    async def play(wire: Wire, url: URL) -> None:
        for _ in range(2):
            assert await read(await post(wire, url)) == b"hello"
            await asyncio.sleep(0.2)

    with_wire(far, play)
    assert far.connections == 2


def test_head_and_body_are_sent_as_they_are_and_no_header_becomes_two() -> None:
    far = Far([LENGTH])

    async def play(wire: Wire, url: URL) -> None:
        with pytest.raises(ValueError, match="more than a line"):
            await wire.post(url, {"X": "a\r\nY: b"}, b"", connect_seconds=5)
        reply = await post(wire, url, b'{"a":1}')
        assert reply.status == 200
        await read(reply)

    with_wire(far, play)
    [heard] = far.heard
    head, _, body = heard.partition(b"\r\n\r\n")
    assert body == b'{"a":1}'
    assert head.split(b"\r\n")[0] == b"POST /v1/x?y=z HTTP/1.1"
    assert b"x-own: 1" in head.lower()


def test_headers_have_lower_case_names_and_are_joined() -> None:
    async def play(wire: Wire, url: URL) -> Reply:
        reply = await post(wire, url)
        await read(reply)
        return reply

    blocks = (OK + b"Content-Type: Text/Event-Stream; charset=x\r\nX-A: 1\r\nx-a: 2\r\n\r\n", CLOSE)
    reply = with_wire(Far(blocks), play)
    assert reply.content_type == "text/event-stream"
    assert reply.headers["x-a"] == "1, 2"


def test_an_answer_that_nobody_reads_stays_with_the_kernel() -> None:
    size = 16 * 2**20
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % size)
        block = b"x" * 2**16
        while sent < size:
            writer.write(block)
            await writer.drain()
            sent += len(block)

    far = Far()
    far.serve = serve  # type: ignore[method-assign]

    async def play(wire: Wire, url: URL) -> int:
        reply = await post(wire, url)
        await asyncio.sleep(0.5)
        unread = len(await reply.read())
        assert sent < size
        rest = 0
        while block := await reply.read():
            rest += len(block)
        assert unread + rest == size
        return unread

    assert with_wire(far, play) < MOST_UNREAD + 2**20


def test_an_answer_let_go_of_takes_its_connection_along() -> None:
    far = Far([OK + b"Content-Length: 9\r\n\r\nhello"], [LENGTH])

    async def play(wire: Wire, url: URL) -> bytes:
        (await post(wire, url)).close()
        return await read(await post(wire, url))

    assert with_wire(far, play) == b"hello"
    assert far.connections == 2
