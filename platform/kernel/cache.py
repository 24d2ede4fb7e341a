"""Redis that may be away or slow: what a request asks of it is answered within 50 ms or not at all; nothing depends on it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar, cast

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from . import degraded
from .modes import REDIS, REDIS_SLOW

__all__ = ["BREAKERS", "Away", "Cache"]

BREAKERS = "tollway:breakers"
"""The hash of the places that are left alone after failures: until when and since when, in Unix seconds."""
PATIENCE_SECONDS = 0.05
"""What a request waits."""
BACKGROUND_SECONDS = 2.0
"""What news wait that nobody waits for."""
REST_SECONDS = 1.0
"""How long it is left alone after a failure; the watch asks as often."""
SLOW_AFTER = 5
"""So many questions of the watch in a row without an answer in time, and Redis is told to be slow."""
_CONNECTIONS = 8
_LISTEN_SECONDS = 5.0
T = TypeVar("T")
log = structlog.get_logger()


class Away(Exception):
    """Redis did not answer in time, or did not a moment ago; the asker goes on with what it knows itself."""


class Cache:
    """One process's way to Redis. After a failure it is left alone for a second, so that nobody waits in vain."""

    def __init__(self, url: str) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            url, max_connections=_CONNECTIONS, decode_responses=True, retry=Retry(NoBackoff(), 0)
        )
        self._rests_until = 0.0
        self._late = 0

    async def watch(self) -> None:
        """Ask once a second how Redis is until cancelled, so that no request has to find out, and note what holds."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(REST_SECONDS)
        finally:
            degraded.note(REDIS, held=False)
            degraded.note(REDIS_SLOW, held=False)

    async def claim(self, key: str, *, seconds: float) -> bool:
        """Take a name for so many seconds; tell whether it was free. Raises Away."""
        return bool(
            await self._within(
                self._redis.set(key, "1", px=max(1, int(seconds * 1000)), nx=True), PATIENCE_SECONDS
            )
        )

    async def members(self, key: str) -> Mapping[str, str]:
        """Return the fields of a hash. Raises Away."""
        return await self._within(
            cast("Awaitable[dict[str, str]]", self._redis.hgetall(key)), BACKGROUND_SECONDS
        )

    async def put(self, key: str, field: str, value: str | None) -> None:
        """Set a field of a hash, or take it away. Raises Away."""
        done = self._redis.hdel(key, field) if value is None else self._redis.hset(key, field, value)
        await self._within(done, BACKGROUND_SECONDS)

    async def tell(self, channel: str, news: str) -> None:
        """Send news to every process that listens. Raises Away."""
        await self._within(self._redis.publish(channel, news), BACKGROUND_SECONDS)

    async def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        """Hand news on until cancelled; what is told while Redis is away is missed."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(channel)
                    while True:
                        message = await subscription.get_message(timeout=_LISTEN_SECONDS)
                        if message is not None:
                            heard(message["data"])
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("redis is away", error=type(error).__name__)
                await asyncio.sleep(REST_SECONDS)

    async def close(self) -> None:
        """Let the connections go."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._redis.ping()
        except TimeoutError:
            self._late += 1
            self._rest()
        except (RedisError, OSError):
            self._late = 0
            self._rest()
            degraded.note(REDIS, held=True)
        else:
            self._late, self._rests_until = 0, 0.0
            degraded.note(REDIS, held=False)
        slow = self._late >= SLOW_AFTER
        degraded.note(REDIS_SLOW, held=slow)
        if slow:
            degraded.note(REDIS, held=False)  # it is there

    def _rest(self) -> None:
        self._rests_until = time.monotonic() + 2 * REST_SECONDS  # till after the next look

    async def _within(self, answer: Awaitable[T], patience: float) -> T:
        if time.monotonic() < self._rests_until:
            if asyncio.iscoroutine(answer):
                answer.close()
            raise Away
        try:
            async with asyncio.timeout(patience):
                return await answer
        except (RedisError, OSError, TimeoutError) as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            raise Away from error
