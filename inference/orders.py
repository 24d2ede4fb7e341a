"""Orders from elsewhere to end open streams: their workspace killed them, or what they came in by has ended."""

import asyncio
from collections.abc import Iterable
from typing import Any

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from accounts import endings
from accounts.callers import Credential
from billing import kills

from .streams import Streams

__all__ = ["Orders"]

TICK_SECONDS = 0.5
_NEWS = f"{kills.GENERATIONS} UNION ALL {endings.ENDED}".encode()
log = structlog.get_logger()


class Orders:
    """Looks twice a second for orders while streams are open: one statement a look, none while there are no streams."""

    def __init__(self, pool: AsyncConnectionPool[Any], streams: Streams) -> None:
        self._pool = pool
        self._streams = streams

    async def watch(self) -> None:
        """Carry out orders until cancelled. While the database is away streams go on, and are ended after."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if not len(self._streams):
                continue
            try:
                await self._look()
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("orders cannot be read", error=type(error).__name__)

    async def _look(self) -> None:
        keys, persons = _parted(self._streams.credentials())
        asked = [list(self._streams.workspaces()), *endings.parameters(keys, persons)]
        async with self._pool.connection(timeout=2) as connection:
            news = await (await connection.execute(_NEWS, asked)).fetchall()
        for kind, place, generation in news:
            if kind == "workspace":
                ended = self._streams.kill(place, before_generation=generation)
            else:
                ended = self._streams.kill_credential((keys if kind == "key" else persons)[place - 1])
            if ended:
                log.info("streams ended by order", by=kind, streams=ended)


def _parted(credentials: Iterable[Credential]) -> tuple[list[Credential], list[Credential]]:
    known = list(credentials)
    keys = [credential for credential in known if credential.sign_in is None]
    return keys, [credential for credential in known if credential.sign_in is not None]
