"""What Redis says when an operator looks: how many tasks wait, and which places are left alone; asked for 0.2 s at most."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from kernel.cache import BREAKERS

__all__ = ["PATIENCE_SECONDS", "Left", "Said", "ask"]

PATIENCE_SECONDS = 0.2
_QUEUE = "{}celery".format(settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"])
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Left:
    """A place that is left alone after failures: an endpoint, what a model is called there, and Unix seconds.

    `until` may have passed: then the next request there is a probe.
    """

    endpoint_id: int
    upstream_model: str
    until: float
    since: float


@dataclass(frozen=True, slots=True)
class Said:
    """What it said; `queued` is None where it did not answer, and then nothing is known of places either."""

    queued: int | None = None
    places: tuple[Left, ...] = field(default=())


def ask() -> Said:
    """Ask once; a Redis that is away or slow costs 0.2 seconds and says nothing."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE_SECONDS / 2,
        socket_connect_timeout=PATIENCE_SECONDS / 2,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with client, client.pipeline(transaction=False) as line:
            line.llen(_QUEUE)
            line.hgetall(BREAKERS)
            queued, places = line.execute()
    except (RedisError, OSError) as error:
        log.warning("redis did not say how it stands", error=type(error).__name__)
        return Said()
    return Said(queued, tuple(_left(place, text) for place, text in sorted(_known(places).items())))


def _known(places: Mapping[str, str]) -> Mapping[str, str]:
    """Return the places but for those of long ago: nobody has gone there for a day, so nobody knows how they are."""
    return {place: text for place, text in places.items() if float(text.split()[0]) > time.time() - 86_400}


def _left(place: str, text: str) -> Left:
    endpoint, _, upstream_model = place.partition(" ")
    until, _, since = text.partition(" ")
    return Left(int(endpoint), upstream_model, float(until), float(since or until))
