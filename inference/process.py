"""What one gateway process holds open: the catalogue, the callers, the money's door, upstreams and streams."""

import asyncio
from typing import Any

from django.conf import settings
from psycopg_pool import AsyncConnectionPool

from accounts.callers import Directory
from accounts.hub_sessions import HubSessions
from billing.gate import Gate
from billing.health import Pulse
from billing.idempotency import Repeats
from billing.lookout import Lookout
from billing.refusals import Refusals
from billing.vitals import Window
from catalog.loading import Watch
from catalog.snapshot import Catalogue
from kernel import drain, postgres, tallies
from kernel.cache import Cache
from kernel.ending import end

from . import levels, tokens
from .budget import RetryBudget
from .choosing import Figures
from .deal import Signs
from .legs import Leg
from .news import News
from .orders import Orders
from .room import Room
from .routing import Roads
from .streams import Streams
from .upstream import UpstreamFailed, Upstreams

__all__ = ["Process", "current", "journalled", "lookout", "pool_statistics"]

READERS = 4
LARGE_ANSWERS_BYTES = 16 * 2**20
"""Of all large answers but the eldest, which may have its 48 MiB besides."""
# The pool gives up on a connection after so long and begins anew; else it would try ever more seldom, and be away for
# up to as long again as the database was.
RECONNECT_SECONDS = 2.0
OWED_SECONDS = 30.0

_current: "Process | None" = None


class Process:
    """The parts that all requests of this process share, from the server's start to its end."""

    def __init__(self) -> None:
        self._pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            postgres.conninfo(),
            min_size=1,
            max_size=READERS,
            open=False,
            check=postgres.heed,
            kwargs={"autocommit": True},
            reconnect_timeout=RECONNECT_SECONDS,
        )
        self._watch = Watch(self._pool)
        self._watches: list[asyncio.Task[None]] = []
        self.directory = Directory(self._pool)
        self.streams = Streams()
        self.gate = Gate(count=self.streams.count)
        self.refusals = Refusals(self._pool)
        self.pulse = Pulse(self._pool)
        self.repeats = Repeats(self._pool)
        self.sessions = HubSessions(self._pool)
        self.upstreams = Upstreams()
        self.room = Room(LARGE_ANSWERS_BYTES)
        self.news = News(Cache(settings.REDIS_URL))
        self.roads = Roads(self.news, RetryBudget(), self._failed)
        self.signs = Signs(self.news.sticking, self._measured)
        self._orders = Orders(self._pool, self.streams)
        self.lookout = Lookout(
            self.gate.worker_id.hex, journalled=lambda: self.gate.journalled, about=self._about
        )
        levels.read(self)

    @property
    def catalogue(self) -> Catalogue:
        """The newest catalogue."""
        return self._watch.current

    def _failed(self, leg: Leg, failure: UpstreamFailed) -> None:
        self.pulse.failed(
            provider_id=leg.hop.provider_id, model_id=leg.offer.model_id, outcome=failure.outcome
        )

    def _measured(self, leg: Leg) -> Figures:
        beats = self.pulse.health.at(leg.hop.provider_id, leg.offer.model_id, window=Window.HALF_HOUR)
        return Figures(beats.first_byte_ms(), beats.tokens_per_second())

    def _about(self) -> dict[str, Any]:
        return {
            "requests": self.gate.open_requests,
            "streams": len(self.streams),
            "figures": tallies.told(),
        }

    async def open(self) -> None:
        """Connect and load everything. Raises psycopg.Error or PoolTimeout if the database is away."""
        global _current
        await self._pool.open(wait=True, timeout=10)
        await self._watch.start()
        await self.gate.start()
        self.refusals.start()
        self.pulse.start()
        await self.news.start()
        await asyncio.to_thread(tokens.warm)
        self._watches = [
            asyncio.create_task(self.streams.watch(), name="streams"),
            asyncio.create_task(self._orders.watch(), name="orders"),
            asyncio.create_task(self.lookout.watch(), name="lookout"),
        ]
        _current = self

    async def close(self) -> None:
        """Wait for what is owed, then let go of everything."""
        global _current
        await drain.settled(within=OWED_SECONDS)
        _current = None
        for watch in self._watches:
            await end(watch)
        await self.gate.stop()
        await self.refusals.stop()
        await self.pulse.stop()
        await self.news.stop()
        await self.upstreams.close()
        await self._watch.stop()
        await self._pool.close()


def current() -> Process:
    """Return the process's parts. Raises RuntimeError outside a running server."""
    if _current is None:
        raise RuntimeError("the gateway is not open")
    return _current


def journalled() -> int:
    """Return how many settlements of this process wait in the journal; none outside a running server."""
    return _current.gate.journalled if _current is not None else 0


def pool_statistics() -> dict[str, int]:
    """Return what psycopg counts of the readers' connections; nothing outside a running server."""
    return _current._pool.get_stats() if _current is not None else {}


def lookout() -> Lookout | None:
    """Return who looks out for this process; nobody outside a running server."""
    return _current.lookout if _current is not None else None
