"""Redis that may be away."""

import asyncio
import socket
import time

import pytest
from asgiref.sync import async_to_sync

from kernel.cache import Away, Cache


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
        for _ in range(20):
            with pytest.raises(Away):
                await cache.claim("x", seconds=1)
        took = time.monotonic() - began
        await cache.close()
        return took

    with socket.create_server(("127.0.0.1", 0)) as silent:
        took = async_to_sync(go)(f"redis://127.0.0.1:{silent.getsockname()[1]}")
    assert took < 20 * 0.05


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
