"""Load that is offered to several gateways at once, and what each request was answered, when and how fast."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from tests.fakes.valkey import Valkey

__all__ = ["CONDITIONS", "Answered", "Door", "offered", "statuses", "under"]

PATIENCE_SECONDS = 60.0
FLAP_SECONDS, SLOW_SECONDS = 2.0, 2.0


class Door(Protocol):
    """A gateway as far as it is called."""

    @property
    def base_url(self) -> str:
        """Its address, up to and including /v1."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: when the request was sent by the monotonic clock, after how many seconds its last byte came."""

    began: float
    seconds: float
    status: int
    degraded: str
    ended: bytes


def offered(
    gateways: Sequence[Door],
    secret: str,
    model: str,
    *,
    requests: int,
    at_once: int,
    stream: bool = False,
    until: Callable[[], bool] = lambda: False,
) -> list[Answered]:
    """Send requests to the gateways in turn, so many at once, until so many are sent or `until` says so."""

    async def go() -> list[Answered]:
        answers: list[Answered] = []
        numbers = iter(range(requests))
        timeout = aiohttp.ClientTimeout(PATIENCE_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:

            async def caller() -> None:
                for number in numbers:
                    if until():
                        return
                    gateway = gateways[number % len(gateways)]
                    answers.append(await _ask(session, gateway.base_url, secret, model, stream=stream))

            async with asyncio.TaskGroup() as tasks:
                for _ in range(at_once):
                    tasks.create_task(caller())
        return answers

    return asyncio.run(go())


async def _ask(
    session: aiohttp.ClientSession, base_url: str, secret: str, model: str, *, stream: bool
) -> Answered:
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "Hi"}]}
    began = time.monotonic()
    async with session.post(
        f"{base_url}/chat/completions", json=body, headers={"X-API-Key": secret}
    ) as answer:
        said = await answer.read()
        degraded = answer.headers.get("X-Tollway-Degraded", "")
        return Answered(began, time.monotonic() - began, answer.status, degraded, said[-200:])


def statuses(answers: Sequence[Answered]) -> dict[int, int]:
    """Return how often each status was answered."""
    return dict(Counter(each.status for each in answers))


# What is done to Redis before the load; `under` undoes it.
CONDITIONS: dict[str, Callable[[Valkey], object]] = {
    "up": lambda valkey: None,
    "stopped": lambda valkey: valkey.stop(),
    "frozen": lambda valkey: valkey.freeze(),
    "slow": lambda valkey: valkey.slow(SLOW_SECONDS),
    "flapping": lambda valkey: valkey.flap(FLAP_SECONDS),
    "flushed": lambda valkey: valkey.again(0.2, valkey.flush),
    "full": lambda valkey: valkey.fill(),
}


@contextmanager
def under(condition: str, valkey: Valkey) -> Iterator[None]:
    """Keep Redis in a condition for as long as the block lasts; after it it runs and answers."""
    with ExitStack() as after:
        after.callback(valkey.steady)
        CONDITIONS[condition](valkey)
        yield
