"""The bench's upstream over TCP."""

import asyncio
import time

import pytest

from bench.speed.shapes import SHAPES, parts, question
from bench.speed.targets import request
from tests.bench.upstreams import mocking


def asked(path: str, name: str = "plain") -> bytes:
    return request(path, question(SHAPES[name], "m"), {}).encode("latin-1")


async def heard(port: int, *sent: bytes, size: int) -> bytes:
    """Send one piece after the other and return so many bytes of what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in sent:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        async with asyncio.timeout(20):
            return await reader.readexactly(size)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("name", ["plain", "burst", "paced"])
def test_the_path_says_what_is_answered_to_the_byte(name: str) -> None:
    async def play() -> bytes:
        async with mocking() as port:
            return await heard(port, asked(f"/{name}/v1/chat/completions", name), size=len(due))

    due = b"".join(parts(SHAPES[name]))
    assert asyncio.run(play()) == due


def test_pieces_of_a_paced_stream_come_one_after_the_other() -> None:
    async def play() -> float:
        async with mocking() as port:
            began = time.monotonic()
            await heard(port, asked("/paced/v1", "paced"), size=len(b"".join(parts(shape))))
            return time.monotonic() - began

    shape = SHAPES["paced"]
    assert asyncio.run(play()) >= shape.pieces * shape.gap * 0.99


def test_a_connection_is_kept_and_a_request_may_come_in_pieces() -> None:
    async def play() -> bytes:
        async with mocking() as port:
            return await heard(port, whole, whole[:30], whole[30:200], whole[200:], size=2 * len(due))

    whole, due = asked("/plain/v1/chat/completions"), parts(SHAPES["plain"])[0]
    assert asyncio.run(play()) == 2 * due


@pytest.mark.parametrize("path", ["/", "/other/v1", "*"])
def test_a_path_of_no_shape_is_not_found(path: str) -> None:
    async def play() -> bytes:
        async with mocking() as port:
            return await heard(port, asked(path), size=12)

    assert asyncio.run(play()) == b"HTTP/1.1 404"
