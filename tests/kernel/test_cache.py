"""Redis that may be away."""

import asyncio
import socket
import time
from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync

from kernel import degraded
from kernel.cache import Away, Cache
from tests.fakes.valkey import Valkey, own_valkey


def test_a_redis_that_is_not_there_is_away_and_then_left_alone() -> None:
    async def go() -> None:
        cache = Cache("redis://127.0.0.1:9")
        for _ in range(3):
            with pytest.raises(Away):
                await cache.claim("x", seconds=1)
        await cache.close()

    async_to_sync(go)()


def test_a_redis_that_hangs_costs_fifty_milliseconds_once_a_second() -> None:
    async def go(url: str) -> float:
        cache = Cache(url)
        began = time.monotonic()
        for _ in range(200):
            with pytest.raises(Away):
                await cache.claim("x", seconds=1)
        took = time.monotonic() - began
        await cache.close()
        return took

    with socket.create_server(("127.0.0.1", 0)) as silent:
        took = async_to_sync(go)(f"redis://127.0.0.1:{silent.getsockname()[1]}")
    assert took < 200 * 0.05 / 2


def test_listening_goes_on_until_cancelled() -> None:
    async def go() -> bool:
        cache = Cache("redis://127.0.0.1:9")
        listening = asyncio.create_task(cache.listen("x", lambda news: None))
        await asyncio.sleep(0.1)
        alive = not listening.done()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await cache.close()
        return alive

    assert async_to_sync(go)()


def watched(change: Callable[[Valkey], None], *, until: Callable[[], bool]) -> list[str]:
    """Return the modes that hold once `until` does, after what was done to a Redis that a process watches."""

    async def go() -> list[str]:
        with own_valkey() as valkey:
            cache = Cache(valkey.url)
            watching = asyncio.create_task(cache.watch())
            await asyncio.sleep(0.2)
            assert degraded.mine() == []
            change(valkey)
            async with asyncio.timeout(30):
                while not until():
                    await asyncio.sleep(0.05)
            found = degraded.mine()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await cache.close()
        return found

    return async_to_sync(go)()


def test_a_redis_that_goes_away_is_told_at_once() -> None:
    assert watched(lambda valkey: valkey.stop(), until=lambda: bool(degraded.mine())) == ["redis"]


def test_a_redis_that_answers_too_late_is_told_to_be_slow() -> None:
    assert watched(lambda valkey: valkey.slow(2), until=lambda: bool(degraded.mine())) == ["redis-slow"]


def test_a_redis_that_is_back_is_no_longer_told() -> None:
    heard: list[list[str]] = []

    def stop_and_start(valkey: Valkey) -> None:
        valkey.stop()
        valkey.later(1.5, valkey.start)

    def away_and_back() -> bool:
        heard.append(degraded.mine())
        return ["redis"] in heard and not heard[-1]

    assert watched(stop_and_start, until=away_and_back) == []


def test_while_it_is_known_to_be_away_only_the_watch_asks() -> None:
    async def go() -> float:
        cache = Cache("redis://127.0.0.1:9")
        watching = asyncio.create_task(cache.watch())
        await asyncio.sleep(0.2)
        began = time.monotonic()
        for _ in range(1000):
            with pytest.raises(Away):
                await cache.claim("x", seconds=1)
        took = time.monotonic() - began
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await cache.close()
        return took

    assert async_to_sync(go)() < 1.0
