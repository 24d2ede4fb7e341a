"""Streams that end at random moments in every way there is: finished, broken off, killed, hung up on, timed out."""

import asyncio
import contextlib
import json
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from typing import Literal, get_args

from django.db import connection

from tests.fakes.cast import Customer, customer
from tests.fakes.scripted import Answer, Close, Hang, Pause, Reset, event, stream

from . import rows
from .case import PATIENT_SECONDS, SHORT_SECONDS
from .promises import quiet
from .rows import Offer, Spot
from .speech import BEGUN, delta, healthy
from .stage import Stage
from .upstream import Call, Play

__all__ = ["BOOKED", "Endings"]

End = Literal["finish", "error", "kill", "disconnect", "timeout"]
BOOKED: dict[End, set[str]] = {
    "finish": {"ok"},
    "error": {"upstream_cut"},
    "kill": {"killed"},
    "disconnect": {"client_gone"},
    "timeout": {"upstream_cut"},
}
"""With which status each end must be in the books."""
AT_ONCE = 100
LEAVES_WITHIN_SECONDS = 1.0
KILL_SECONDS = 0.5
SILENT_SECONDS = 45.0
CALM_SECONDS = 15.0
PAUSE = Pause(0.1)


class Endings:
    """So many streams through a stage's gateway; the seed makes which ends how, and when its caller leaves."""

    def __init__(self, stage: Stage, *, number: int, seed: int) -> None:
        self._stage = stage
        self._random = random.Random(seed)
        self._ends = [self._random.choice(get_args(End)) for _ in range(number)]
        self._customers = [customer(stream_cap=10_000, credit_usd="100000") for _ in range(2)]
        self._models = self._offered()
        self.silent = 0
        """How many were given up by their callers, because nothing came for so long."""

    @property
    def number(self) -> int:
        """How many streams there are."""
        return len(self._ends)

    def play(self) -> None:
        """Open all of them, a hundred at a time, and see each to its end."""
        self._stage.run(self._play())

    def booked(self) -> Counter[tuple[str, str]]:
        """Return how many events there are by the end that was asked for and the status in the books."""
        sql = (
            "SELECT tag, status, count(*) FROM billing_usage_event WHERE workspace_id = ANY(%s) GROUP BY 1, 2"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [[who.workspace.pk for who in self._customers]])
            return Counter({(end, status): number for end, status, number in cursor.fetchall()})

    def wrong(self) -> Iterator[str]:
        """Yield what is not as promised, once everything had time to end."""
        deadline = time.monotonic() + CALM_SECONDS
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.2)
        yield from left
        booked, asked = self.booked(), Counter(self._ends)
        for end, number in asked.items():
            if (events := sum(booked[end, status] for status in BOOKED[end])) != number:
                yield f"{number} streams were to end by {end}; the books have {events} of {dict(booked)}"
        if self.silent:
            yield f"{self.silent} streams had no end"

    def _left(self) -> list[str]:
        return [each for who in self._customers for each in quiet(who)]

    def _offered(self) -> dict[End, str]:
        """Return the model that ends so, for each end; the gateway knows all of them."""
        names: dict[End, str] = {end: f"route/{secrets.token_hex(6)}" for end in get_args(End)}
        slugs = {end: f"end-{end}-{secrets.token_hex(3)}" for end in names}
        rows.providers(list(slugs.values()))
        offers = []
        for end, name in names.items():
            place = self._stage.upstream.add(_PLAYS[end])
            wait = SHORT_SECONDS if end == "timeout" else PATIENT_SECONDS
            offers.append(Offer(name, [Spot(slugs[end], self._stage.upstream.url(place), "s", wait)], False))
        rows.save(offers)
        for who in self._customers:
            self._stage.gateway.knows(who.secret, *names.values())
        return names

    async def _play(self) -> None:
        killer = asyncio.ensure_future(self._kill())
        waiting = iter(self._ends)

        async def one_after_the_other() -> None:
            for end in waiting:
                await self._one(end)

        await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
        killer.cancel()

    async def _kill(self) -> None:
        while True:
            await asyncio.sleep(KILL_SECONDS)
            await self._ask("/v1/user/streams/kill", self._customers[1], {}, "", seconds=SILENT_SECONDS)

    async def _one(self, end: End) -> None:
        leaves = self._random.uniform(0, LEAVES_WITHIN_SECONDS) if end == "disconnect" else None
        body = {"model": self._models[end], "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
        who = self._customers[end == "kill"]
        ended = await self._ask("/v1/chat/completions", who, body, end, seconds=leaves or SILENT_SECONDS)
        self.silent += not ended and end != "disconnect"

    async def _ask(self, path: str, who: Customer, body: object, tag: str, *, seconds: float) -> bool:
        """Send a request and listen for so many seconds; tell whether the answer was over by then."""
        payload = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: {who.secret}\r\n"
        head += f"Content-Length: {len(payload)}\r\n" + (f"X-Tollway-Tag: {tag}\r\n" if tag else "")
        reader, writer = await asyncio.open_connection(*self._stage.gateway.address)
        writer.write(head.encode() + b"\r\n" + payload)
        try:
            # Who leaves before the request was let in leaves nothing in the books, and could not be counted.
            heard = await reader.read(2**16)
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(seconds):
                    while heard:
                        heard = await reader.read(2**16)
                    return True
            return False
        finally:
            if self._random.random() < 0.5:
                writer.transport.abort()
            writer.close()


def _slow(call: Call) -> Answer:
    return stream(*BEGUN, *(event(delta(" on")), PAUSE) * 600)


_PLAYS: dict[End, Play] = {
    "finish": healthy,
    "error": lambda call: stream(*BEGUN, (Reset(), Close())[call.number % 2]),
    "kill": _slow,
    "disconnect": _slow,
    "timeout": lambda call: stream(*BEGUN, Hang()),
}
