"""The load: connections that ask, take the time of each answer, and look at every byte of it.

`python -m bench.speed.driver` says `ready`, reads a job as one line of JSON, plays it, and writes what came of it as one.
"""

import asyncio
import collections
import dataclasses
import json
import math
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import httptools
import uvloop

from .shapes import SHAPES, fault

__all__ = ["Job", "Outcome", "play", "rank"]

PATIENCE_SECONDS = 180.0
AT_ONCE_CONNECTING = 128


@dataclass(frozen=True)
class Job:
    """What to ask, and how: `request` is one HTTP request in Latin-1, `shape` what its answer must hold.

    With `rate` that many a second begin, whatever is answered; without it each connection asks again at its answer.
    It ends after `requests` in all, or `seconds`.
    """

    port: int
    request: str
    shape: str
    connections: int
    seconds: float = 0.0
    requests: int = 0
    rate: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What came of a job: right answers in so many seconds, faults by their kind, and times in milliseconds.

    Times are medians and 95th and 99th percentiles: `took` to the end of an answer, `first` to the first of its body.
    """

    answers: int
    seconds: float
    took: tuple[float, float, float]
    first: tuple[float, float, float]
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return self.answers / self.seconds if self.seconds else 0.0


def rank(times: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, the 95th and the 99th percentile by nearest rank; zeros of nothing."""
    ordered = sorted(times)
    if not ordered:
        return 0.0, 0.0, 0.0
    p50, p95, p99 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.95, 0.99))
    return p50, p95, p99


class _Caller(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._first = 0.0
        self.asked_at: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(self)

    def ask(self, since: float) -> None:
        self.asked_at = since
        self._first = 0.0
        self._body.clear()
        self.transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        self._first = self._first or self._load.now()
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._load.answered(self, self._parser.get_status_code(), b"".join(self._body), self._first)


class _Load:
    """A job under way."""

    def __init__(self, job: Job) -> None:
        self.request = job.request.encode("latin-1")
        self.now = time.perf_counter  # the loop's own clock counts milliseconds
        self._job = job
        self._shape = SHAPES[job.shape]
        self._idle: list[_Caller] = []
        self._due: deque[float] = collections.deque()
        self._begun = self._under_way = self._right = 0
        self._over = False  # whether nothing more is to begin
        self._took: list[float] = []
        self._first: list[float] = []
        self._faults: Counter[str] = Counter()
        self._rest = asyncio.Event()

    async def play(self) -> Outcome:
        callers = await self._connected()
        self._began = self._ended = self.now()
        try:
            async with asyncio.timeout(self._job.seconds + PATIENCE_SECONDS):
                await (self._by_the_clock(callers) if self._job.rate else self._by_answers(callers))
                await self._rest.wait()
        except TimeoutError:
            self._faults["no answer"] += self._under_way + len(self._due)
        self._over = True
        for caller in callers:
            caller.asked_at = None
            caller.transport.abort()
        return self._outcome()

    def answered(self, caller: _Caller, status: int, body: bytes, first: float) -> None:
        if caller.asked_at is None:
            self._faults["not asked for"] += 1
            return
        since, caller.asked_at, self._ended = caller.asked_at, None, self.now()
        self._under_way -= 1
        if wrong := fault(self._shape, status, body):
            self._faults[wrong] += 1
        else:
            self._right += 1
            self._took.append((self._ended - since) * 1000)
            self._first.append((first - since) * 1000)
        self._go_on(caller)

    def lost(self, caller: _Caller) -> None:
        if caller in self._idle:
            self._idle.remove(caller)
        if caller.asked_at is not None:
            caller.asked_at = None
            self._under_way -= 1
            self._faults["hung up"] += 1
            self._settle_down()

    async def _connected(self) -> list[_Caller]:
        loop, callers = asyncio.get_running_loop(), list[_Caller]()
        while (missing := self._job.connections - len(callers)) > 0:
            made = [
                loop.create_connection(lambda: _Caller(self), "127.0.0.1", self._job.port)
                for _ in range(min(missing, AT_ONCE_CONNECTING))
            ]
            callers += [caller for _, caller in await asyncio.gather(*made)]
        return callers

    async def _by_answers(self, callers: list[_Caller]) -> None:
        for caller in callers:
            self._go_on(caller)

    async def _by_the_clock(self, callers: list[_Caller]) -> None:
        self._idle = list(callers)
        for number in range(max(1, int(self._job.rate * self._job.seconds))):
            due = self._began + number / self._job.rate
            if (wait := due - self.now()) > 0:
                await asyncio.sleep(wait)
            if self._idle:
                self._begin(self._idle.pop(), due)
            else:
                self._due.append(due)
        self._over = True
        self._settle_down()

    def _go_on(self, caller: _Caller) -> None:
        """Have a connection that is free ask again, if there is more to ask."""
        if self._job.rate and self._due:
            self._begin(caller, self._due.popleft())
        elif self._job.rate:
            self._idle.append(caller)
        elif self._more():
            self._begin(caller, self.now())
        self._settle_down()

    def _more(self) -> bool:
        if self._job.requests:
            return self._begun < self._job.requests
        return self.now() - self._began < self._job.seconds

    def _begin(self, caller: _Caller, since: float) -> None:
        if caller.transport.is_closing():
            self._faults["hung up"] += 1
            return
        self._begun += 1
        self._under_way += 1
        caller.ask(since)

    def _settle_down(self) -> None:
        if not self._under_way and not self._due and (self._over or not self._job.rate):
            self._rest.set()

    def _outcome(self) -> Outcome:
        return Outcome(
            answers=self._right,
            seconds=self._ended - self._began,
            took=rank(self._took),
            first=rank(self._first),
            faults=dict(self._faults),
        )


async def play(job: Job) -> Outcome:
    """Play a job to its end. Raises OSError if nothing can be reached."""
    return await _Load(job).play()


def _main() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    outcome = uvloop.run(play(Job(**json.loads(sys.stdin.readline()))))
    sys.stdout.write(json.dumps(dataclasses.asdict(outcome)) + "\n")


if __name__ == "__main__":
    _main()
