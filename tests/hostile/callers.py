"""Callers who keep a gateway waiting, hundreds at a time, and who come again when they are dropped.

python -m tests.hostile.callers, with a Plan as JSON on standard input; prints what became of each kind as JSON.
"""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["KINDS", "Fate", "Plan"]

LOOK_SECONDS = 0.5
TRICKLE_SECONDS = 1.0
# After the last have come: no one is kept for longer, or it counts as for ever.
PATIENCE_SECONDS = 60.0
COME_A_SECOND = 50
SMALL_BUFFER = 4096
HEAD = b"GET /v1/none HTTP/1.1\r\nHost: x\r\n"
ESTABLISHED, HALF_CLOSED = "01", "08"


@dataclass(frozen=True)
class Plan:
    """Where to, as whom, how many of each kind at the same time, and for how long they come again."""

    host: str
    port: int
    secret: str
    endless: str
    """A model whose streams do not end."""
    bulky: str
    """A model whose answers are greater than what the kernel takes over."""
    numbers: dict[str, int]
    seconds: float


@dataclass
class Fate:
    """What became of one kind: how many came and were dropped, after how many seconds at most, and how many were kept."""

    came: int = 0
    dropped: int = 0
    kept: int = 0
    slowest: float = 0.0


@dataclass
class Siege:
    """All callers of a plan, and which of their connections the gateway still holds."""

    plan: Plan
    fates: dict[str, Fate] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)

    async def play(self) -> None:
        """Have all of them come, and come again, and wait until the last is dropped."""
        looking = asyncio.ensure_future(self._look())
        self.fates = {kind: Fate() for kind in self.plan.numbers}
        ends = asyncio.get_running_loop().time() + self.plan.seconds
        callers = [
            self._come_again(kind, number, ends)
            for kind, most in self.plan.numbers.items()
            for number in range(most)
        ]
        await asyncio.gather(*callers)
        looking.cancel()

    async def _come_again(self, kind: str, number: int, ends: float) -> None:
        loop, fate = asyncio.get_running_loop(), self.fates[kind]
        await asyncio.sleep(
            number / COME_A_SECOND
        )  # all in the same moment would be a flood, and another matter
        while (began := loop.time()) < ends:
            fate.came += 1
            async with self._wire(small=kind.startswith("unread")) as wire:
                acting = asyncio.ensure_future(_acted(KINDS[kind](self.plan, wire)))
                kept = not await self._gone(wire.getsockname()[1], until=max(began, ends) + PATIENCE_SECONDS)
                acting.cancel()
                await asyncio.wait([acting])  # before its socket's number is given to another
            fate.kept += kept
            fate.dropped += not kept
            fate.slowest = max(fate.slowest, loop.time() - began)

    @contextlib.asynccontextmanager
    async def _wire(self, *, small: bool) -> AsyncIterator[socket.socket]:
        with socket.socket() as wire:
            wire.setblocking(False)
            if small:
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            await asyncio.get_running_loop().sock_connect(wire, (self.plan.host, self.plan.port))
            yield wire

    async def _gone(self, port: int, *, until: float) -> bool:
        """Wait until the gateway has had a connection with a port of ours and has it no more; tell whether that came."""
        for held in (True, False):
            while (port in self.held) != held:
                if asyncio.get_running_loop().time() > until:
                    return False
                await asyncio.sleep(LOOK_SECONDS)
        return True

    async def _look(self) -> None:
        while True:
            self.held = set(_peers(self.plan.port))
            await asyncio.sleep(LOOK_SECONDS)


def _peers(port: int) -> Iterator[int]:
    """Yield the other ports of the connections that a process has on a port: who does not read never hears of an end."""
    here = f"{socket.inet_aton('127.0.0.1')[::-1].hex().upper()}:{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines():
        if here not in line:
            continue
        _, local, remote, state, *_, _, _, inode = line.split()[:10]
        if local == here and state in (ESTABLISHED, HALF_CLOSED) and inode != "0":
            yield int(remote.partition(":")[2], 16)


async def _acted(acting: Awaitable[None]) -> None:
    with contextlib.suppress(OSError):
        await acting


async def _say(wire: socket.socket, said: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(wire, said)


async def _trickle(wire: socket.socket, opening: bytes, piece: bytes) -> None:
    await _say(wire, opening)
    while True:
        await asyncio.sleep(TRICKLE_SECONDS)
        await _say(wire, piece)


async def _silent(plan: Plan, wire: socket.socket) -> None:
    """Say nothing at all."""


async def _head(plan: Plan, wire: socket.socket) -> None:
    await _trickle(wire, HEAD + b"X-A: ", b"a")


async def _second_head(plan: Plan, wire: socket.socket) -> None:
    await _say(wire, HEAD + b"\r\n")
    await asyncio.get_running_loop().sock_recv(wire, 65536)
    await _trickle(wire, HEAD + b"X-A: ", b"a")


async def _body(plan: Plan, wire: socket.socket) -> None:
    opening = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{"
    await _trickle(wire, opening, b" ")


async def _chunks(plan: Plan, wire: socket.socket) -> None:
    opening = b"POST /v1/user/key HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    await _trickle(wire, opening, b"1\r\n{\r\n")


async def _form(plan: Plan, wire: socket.socket) -> None:
    opening = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    await _trickle(wire, opening, b"a")


async def _ask(plan: Plan, wire: socket.socket, **fields: Any) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}], **fields})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-API-Key: {plan.secret}\r\n"
    await _say(wire, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())


async def _unread_stream(plan: Plan, wire: socket.socket) -> None:
    await _ask(plan, wire, model=plan.endless, stream=True)


async def _unread_whole(plan: Plan, wire: socket.socket) -> None:
    await _ask(plan, wire, model=plan.bulky)


KINDS: dict[str, Callable[[Plan, socket.socket], Awaitable[None]]] = {
    "silent": _silent,
    "head": _head,
    "second head": _second_head,
    "body": _body,
    "body in chunks": _chunks,
    "body of a form": _form,
    "unread stream": _unread_stream,
    "unread answer": _unread_whole,
}


def main() -> None:
    """Play the plan on standard input and print what it came to."""
    siege = Siege(Plan(**json.load(sys.stdin)))
    asyncio.run(siege.play())
    sys.stdout.write(json.dumps({kind: asdict(fate) for kind, fate in siege.fates.items()}))


if __name__ == "__main__":
    main()
