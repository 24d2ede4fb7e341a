"""How often something may be tried a minute: counted in Redis for all processes, in this one while Redis is away."""

import ipaddress
import threading
import time
from functools import cache

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["TooOften", "network", "take"]

SECONDS = 60
_WAIT_SECONDS = 0.05
_PATIENCE_SECONDS = 5.0
_MOST_COUNTED = 100_000
_NETWORK_BITS = 64  # of IPv6: what one customer of a network has
log = structlog.get_logger()


class TooOften(Exception):
    """The limit of this minute is reached; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"try again in {retry_after} seconds")
        self.retry_after = retry_after

    @property
    def when(self) -> str:
        """When to try again, as a sentence for people."""
        return f"Try again in {self.retry_after} seconds."


def take(what: str, who: str, *, limit: int) -> None:
    """Count one try of `who` at `what` in the present minute of UTC. Raises TooOften beyond `limit`."""
    now = time.time()
    minute = int(now) // SECONDS
    name = f"rate:{what}:{who}:{minute}"
    if _counted(name) > limit:
        raise TooOften(max(1, int((minute + 1) * SECONDS - now)))


def network(address: str) -> str:
    """Return what one customer of a network has, to count tries by: an IPv4 address, or of IPv6 the first 64 bits.

    What is no address is counted together.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    # A socket of both kinds names a caller by IPv4 in IPv6: cut to 64 bits, all of them would be one.
    return str(parsed.ipv4_mapped or ipaddress.IPv6Network((parsed, _NETWORK_BITS), strict=False))


def _counted(name: str) -> int:
    # Counted here as well: where Redis goes and comes within a minute, this process knows what it let pass.
    own = _own.add(name)
    counter = _shared(settings.REDIS_URL)
    if not counter.away():
        try:
            return max(own, counter.add(name))
        except (redis.RedisError, OSError) as error:
            counter.leave()
            log.warning("rates are counted in this process", error=type(error).__name__)
    return own


class _Shared:
    """Counts in Redis; after a failure it is left alone for a while, so that nobody waits for it again and again."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=_WAIT_SECONDS,
            socket_connect_timeout=_WAIT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._back_at = 0.0

    def away(self) -> bool:
        return time.monotonic() < self._back_at

    def leave(self) -> None:
        self._back_at = time.monotonic() + _PATIENCE_SECONDS

    def add(self, name: str) -> int:
        with self._client.pipeline(transaction=True) as pipe:
            pipe.incr(name)
            pipe.expire(name, 2 * SECONDS)
            count, _ = pipe.execute()
        return int(count)


class _Own:
    """Counts in this process. When too much is counted, the oldest half is forgotten."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, name: str) -> int:
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + 1
            if len(self._counts) > _MOST_COUNTED:
                for oldest in list(self._counts)[: _MOST_COUNTED // 2]:
                    del self._counts[oldest]
            return self._counts.get(name, 1)


_own = _Own()


@cache
def _shared(url: str) -> _Shared:
    return _Shared(url)
