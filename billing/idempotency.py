"""Requests that a caller marked as one: the first of them runs, for 24 hours no other does."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool

from billing.models import IdempotencyKey
from kernel import clock

__all__ = ["HOURS", "KEY_LENGTH", "Marked", "Repeated", "Repeats", "forget"]

HOURS = 24
KEY_LENGTH = 255
_WAIT_SECONDS = 2
_TRIES = 5

_TAKE = b"""
INSERT INTO billing_idempotencykey (workspace_id, key, digest, request_id, used_at)
VALUES (%s, %s, %s, %s, clock_timestamp())
ON CONFLICT (workspace_id, key) DO UPDATE
  SET digest = excluded.digest, request_id = excluded.request_id, used_at = excluded.used_at
  WHERE billing_idempotencykey.used_at < clock_timestamp() - make_interval(hours => %s)
RETURNING request_id"""

_FIRST = b"SELECT request_id, digest FROM billing_idempotencykey WHERE workspace_id = %s AND key = %s"

_GIVE_BACK = b"DELETE FROM billing_idempotencykey WHERE workspace_id = %s AND key = %s AND request_id = %s"


@dataclass(frozen=True, slots=True)
class Marked:
    """A request with the key its caller gave it, at most 255 characters, and the bytes that must not differ."""

    workspace_id: int
    key: str
    request_id: UUID
    body: bytes


class Repeated(Exception):
    """The key was used before; `same` tells whether for the same body."""

    def __init__(self, first: UUID, *, same: bool) -> None:
        super().__init__(str(first))
        self.first = first
        self.same = same


class Repeats:
    """Takes keys and gives back those of requests that came to nothing."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def take(self, marked: Marked) -> None:
        """Take a key for a request. Raises Repeated, or psycopg.Error or PoolTimeout if the database is away."""
        digest = hashlib.sha256(marked.body).digest()
        values = (marked.workspace_id, marked.key, digest, marked.request_id, HOURS)
        async with self._pool.connection(timeout=_WAIT_SECONDS) as connection:
            for _ in range(_TRIES):
                if await (await connection.execute(_TAKE, values)).fetchone():
                    return
                first = await (await connection.execute(_FIRST, values[:2])).fetchone()
                if first is not None:  # else it was given back in between, and is free again
                    raise Repeated(first[0], same=bytes(first[1]) == digest)
        raise psycopg.errors.SerializationFailure(f"{_TRIES} others came and went")

    async def give_back(self, marked: Marked) -> None:
        """Free the key of a request that was refused, or failed without an answer: it may be tried again."""
        async with self._pool.connection(timeout=_WAIT_SECONDS) as connection:
            await connection.execute(_GIVE_BACK, (marked.workspace_id, marked.key, marked.request_id))


def forget() -> int:
    """Delete keys that are free again, at most 10,000, and return how many."""
    old = IdempotencyKey.objects.filter(used_at__lt=clock.now() - timedelta(hours=HOURS))
    return IdempotencyKey.objects.filter(pk__in=old.values("pk")[:10_000]).delete()[0]
