"""Who a key belongs to: an in-process snapshot of at most two seconds, so that a revoked key ends soon."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from psycopg_pool import AsyncConnectionPool

from kernel import ids

__all__ = ["Caller", "Directory"]

_FIND = b"""
SELECT k.workspace_id, k.id, k.name, w.plan_version_id, k.default_tag, k.allowed_models, w.status
FROM accounts_apikey k JOIN accounts_workspace w ON w.id = k.workspace_id
WHERE k.digest = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
  AND NOT EXISTS (SELECT FROM accounts_user u WHERE u.id = k.created_by_id AND NOT u.is_active)"""


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity behind a valid credential; a person who signed in has `person_id` and `role`."""

    workspace_id: int
    api_key_id: int
    key_name: str
    plan_version_id: int
    default_tag: str
    allowed_models: frozenset[str] | None
    workspace_status: str
    person_id: int | None = None
    role: str = ""


class Directory:
    """Finds callers by secret; answers, also the empty ones, are kept for a short while."""

    def __init__(
        self, pool: AsyncConnectionPool[Any], *, keep_seconds: float = 1.9, size: int = 50_000
    ) -> None:
        self._pool = pool
        self._keep = keep_seconds
        self._size = size
        self._known: OrderedDict[bytes, tuple[float, Caller | None]] = OrderedDict()
        self._asked: dict[bytes, asyncio.Task[Caller | None]] = {}

    async def find(self, secret: str) -> Caller | None:
        """Return the caller of a key, or None if it is malformed, unknown, revoked or expired.

        A malformed key costs no query. Raises psycopg.Error or PoolTimeout if the database is away.
        """
        if not ids.key_is_shaped(secret):
            return None
        digest = ids.digest_key(secret, pepper=settings.KEY_PEPPER)
        known = self._known.get(digest)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        return await self._ask_once(digest)

    def forget(self) -> None:
        """Drop all that is known, so that the next request of each key asks the database."""
        self._known.clear()

    async def _ask_once(self, digest: bytes) -> Caller | None:
        task = self._asked.get(digest)
        if task is None:
            task = self._asked[digest] = asyncio.create_task(self._ask(digest))
            task.add_done_callback(lambda _: self._asked.pop(digest, None))
        return await asyncio.shield(task)

    async def _ask(self, digest: bytes) -> Caller | None:
        asked_at = time.monotonic()
        async with self._pool.connection(timeout=2) as connection:
            row = await (await connection.execute(_FIND, (digest,))).fetchone()
        caller = _caller(row) if row is not None else None
        self._known[digest] = (asked_at + self._keep, caller)
        self._known.move_to_end(digest)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return caller


def _caller(row: tuple[Any, ...]) -> Caller:
    workspace, key, name, plan, tag, allowed, status = row
    return Caller(
        workspace_id=workspace,
        api_key_id=key,
        key_name=name,
        plan_version_id=plan,
        default_tag=tag,
        allowed_models=frozenset(allowed) if allowed is not None else None,
        workspace_status=status,
    )
