"""How an answer breaks off: what the caller's network sees in place of the rest."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from inference.sandbox.behaviour import Ending
from inference.sandbox.outlet import Outlet
from inference.sandbox.script import error_body

__all__ = ["HOLD_S", "break_off"]

HOLD_S = 3_600
RESET_PAUSE_S = 0.05
LINE_PART = b"a" * 65_536
LINE_PARTS = 16_384  # 1 GiB of a line that never ends
LINE_PAUSE_S = 0.001


async def break_off(out: Outlet, half: bytes) -> None:
    """End the answer as the behaviour says; `half` is the beginning of a chunk that will not be finished."""
    ending = out.call.behaviour.ending
    if ending not in ("stall", "endless-line"):
        await out.call.ended("cut")
    await _ENDINGS[ending](out, half)


async def _fin(out: Outlet, half: bytes) -> None:
    out.transport().write(half)
    out.transport().close()


async def _rst(out: Outlet, half: bytes) -> None:
    out.transport().write(half)
    # What was written must have left, or the reset would overtake it.
    await asyncio.sleep(RESET_PAUSE_S)
    transport = out.transport()
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


async def _unended(out: Outlet, half: bytes) -> None:
    out.transport().close()


async def _clean(out: Outlet, half: bytes) -> None:
    await out.close()


async def _stall(out: Outlet, half: bytes) -> None:
    await asyncio.sleep(HOLD_S)


async def _error(out: Outlet, half: bytes) -> None:
    await out.send(out.frame(error_body(500), 0))
    await out.close()


async def _endless_line(out: Outlet, half: bytes) -> None:
    await out.send(b'data: {"choices":[{"index":0,"delta":{"content":"' if out.call.stream else b"")
    for _ in range(LINE_PARTS):
        await out.send(LINE_PART)
        await asyncio.sleep(LINE_PAUSE_S)


_ENDINGS: dict[Ending, Callable[[Outlet, bytes], Awaitable[None]]] = {
    "fin": _fin,
    "rst": _rst,
    "unended": _unended,
    "clean": _clean,
    "stall": _stall,
    "error": _error,
    "endless-line": _endless_line,
}
