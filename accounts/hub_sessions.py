"""What is remembered of talks with the hub: sealed, for an hour after the last message, until it is erased."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import structlog
from psycopg_pool import AsyncConnectionPool

from catalog import credentials
from kernel import clock

from .models import HubSession

__all__ = ["KEPT", "HubSessions", "erase", "forget"]

KEPT = timedelta(hours=1)
MOST_AT_ONCE = 10_000
_WAIT_SECONDS = 2
log = structlog.get_logger()

_LOAD = b"SELECT sealed FROM accounts_hubsession WHERE workspace_id = %s AND digest = %s AND expires_at > %s"
_SAVE = b"""
INSERT INTO accounts_hubsession (workspace_id, digest, sealed, expires_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (workspace_id, digest) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at"""


class HubSessions:
    """Reads and writes talks by their workspace and the name that its callers gave them."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def load(self, workspace_id: int, name: str) -> list[dict[str, Any]]:
        """Return the messages of a talk, none where there is none. Raises psycopg.Error or PoolTimeout."""
        async with self._pool.connection(timeout=_WAIT_SECONDS) as connection:
            found = await connection.execute(_LOAD, (workspace_id, _digest(name), clock.now()))
            row = await found.fetchone()
        return _opened(bytes(row[0])) if row is not None else []

    async def save(self, workspace_id: int, name: str, messages: Sequence[dict[str, Any]]) -> None:
        """Keep the messages of a talk from now on in place of those before. Raises psycopg.Error or PoolTimeout."""
        sealed = credentials.encrypt(orjson.dumps(messages).decode())
        values = (workspace_id, _digest(name), sealed, clock.now() + KEPT)
        async with self._pool.connection(timeout=_WAIT_SECONDS) as connection:
            await connection.execute(_SAVE, values)


def erase(workspace_id: int, name: str) -> bool:
    """Erase a talk; tell whether there was one."""
    found = HubSession.objects.filter(
        workspace_id=workspace_id, digest=_digest(name), expires_at__gt=clock.now()
    )
    return found.delete()[0] > 0


def forget() -> int:
    """Erase talks whose hour is over, at most MOST_AT_ONCE, and return how many."""
    over = HubSession.objects.filter(expires_at__lte=clock.now()).order_by("expires_at")
    return HubSession.objects.filter(pk__in=over.values("pk")[:MOST_AT_ONCE]).delete()[0]


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _opened(sealed: bytes) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = orjson.loads(credentials.decrypt(sealed))
    except credentials.Unreadable:
        # Its key was taken away meanwhile; the talk goes on without what was said before.
        log.warning("session of the hub cannot be opened")
        return []
    return found
