"""A body is read within its bounds, and of nobody more than a little."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from inference import body
from inference.errors import Failure

PIECE = b"x" * (64 * 2**10)
MOST = 16 * len(PIECE)
Asked = Callable[[], Awaitable[object]]


class Wire:
    """A caller who sends so many pieces."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces

    async def receive(self) -> dict[str, Any]:
        self.left -= 1
        return {"type": "http.request", "body": PIECE, "more_body": self.left > 0}


def read(wire: Wire, known: Asked | None = None) -> bytes:
    return asyncio.run(body.read({"headers": []}, wire.receive, most=MOST, known=known))


def asker(failure: Failure | None = None) -> tuple[Asked, list[str]]:
    asked: list[str] = []

    async def known() -> None:
        asked.append("asked")
        if failure is not None:
            raise failure

    return known, asked


def test_a_small_body_asks_for_nobody() -> None:
    known, asked = asker()
    assert read(Wire(4), known) == PIECE * 4
    assert asked == []


def test_a_large_body_asks_once_who_sends_it() -> None:
    known, asked = asker()
    assert read(Wire(12), known) == PIECE * 12
    assert asked == ["asked"]


def test_what_nobody_sends_is_thrown_away_and_refused() -> None:
    known, asked = asker(Failure("AUTHENTICATION_ERROR", "Who?"))
    wire = Wire(12)
    with pytest.raises(Failure, match="Who"):
        read(wire, known)
    assert asked == ["asked"]
    assert wire.left == 0  # it was listened to: a caller who still sends loses the answer else


def test_no_body_is_larger_than_it_may_be() -> None:
    wire = Wire(20)
    with pytest.raises(Failure, match=str(MOST)):
        read(wire)
    assert wire.left == 0
