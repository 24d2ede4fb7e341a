"""Django's cache, in which allauth counts tries: Redis for all processes, this process alone while Redis is away."""

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["Json", "SharedTries"]

_WAIT_SECONDS = 0.25
_PATIENCE_SECONDS = 11.0
"""Longer than allauth's locks live: one that Redis took without saying so in time is over when it is asked again."""
_MOST_COUNTED = 100_000
T = TypeVar("T")
log = structlog.get_logger()


class Json:
    """Writes what is counted as JSON: whoever writes to Redis must not be able to run anything here."""

    def dumps(self, value: Any) -> bytes:
        """Return a value as it is kept."""
        return json.dumps(value).encode()

    def loads(self, kept: bytes) -> Any:
        """Return a value that was kept."""
        return json.loads(kept)


class SharedTries(RedisCache):
    """Counts in Redis; after a failure it is left alone for a while, so that nobody waits for it again and again.

    What goes to Redis is kept here as well: while it is away, this process knows what it let pass before.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        patience = {
            "socket_timeout": _WAIT_SECONDS,
            "socket_connect_timeout": _WAIT_SECONDS,
            "retry": Retry(NoBackoff(), 0),
            "serializer": Json(),
        }
        super().__init__(server, {**params, "OPTIONS": {**patience, **params.get("OPTIONS", {})}})
        self._own = LocMemCache("tries", {**params, "OPTIONS": {"MAX_ENTRIES": _MOST_COUNTED}})
        self._back_at = 0.0

    def add(self, *args: Any, **named: Any) -> bool:
        """Keep a value unless there is one; tell whether there was none."""
        own = self._own.add(*args, **named)
        return self._asked(super().add, lambda: own, *args, **named)

    def get(self, *args: Any, **named: Any) -> Any:
        """Return a value, or the default."""
        return self._asked(super().get, lambda: self._own.get(*args, **named), *args, **named)

    def set(self, *args: Any, **named: Any) -> None:
        """Keep a value."""
        self._own.set(*args, **named)
        self._asked(super().set, lambda: None, *args, **named)

    def delete(self, *args: Any, **named: Any) -> bool:
        """Forget a value; tell whether there was one."""
        own = self._own.delete(*args, **named)
        return self._asked(super().delete, lambda: own, *args, **named)

    def _asked(self, shared: Callable[..., T], own: Callable[[], T], *args: Any, **named: Any) -> T:
        if time.monotonic() >= self._back_at:
            try:
                return shared(*args, **named)
            except (redis.RedisError, OSError) as error:
                self._back_at = time.monotonic() + _PATIENCE_SECONDS
                log.warning("tries are counted in this process", error=type(error).__name__)
        return own()
