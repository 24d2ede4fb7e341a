"""Who a credential belongs to: an in-process snapshot of at most two seconds, so that an ended one stops soon."""

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection as present
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kernel import degraded, ids
from kernel.modes import DATABASE

from . import persons, provider_keys, tokens, upgrades

__all__ = ["Caller", "Credential", "Directory", "ForeignWorkspace", "find_now"]

_LONGEST_NAME = 64

# Marks the key as used, at most once a minute; a row that somebody else holds is left for the next time.
_FIND = f"""
WITH found AS (
  SELECT k.workspace_id, k.id, k.name, {upgrades.PLAN} AS plan, k.default_tag, k.allowed_models, w.status,
  k.last_used_at, {provider_keys.OF_WORKSPACE} AS own_keys, {upgrades.CHANGES_IN}
  FROM accounts_apikey k JOIN accounts_workspace w ON w.id = k.workspace_id
  {upgrades.IN_FORCE}
  WHERE (k.digest = %(digest)s OR (k.retired_digest = %(digest)s AND k.retired_until > now()))
    AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    AND NOT EXISTS (SELECT FROM accounts_user u WHERE u.id = k.created_by_id AND NOT u.is_active)),
used AS (
  UPDATE accounts_apikey SET last_used_at = now() WHERE id IN (
    SELECT a.id FROM accounts_apikey a JOIN found f ON f.id = a.id
    WHERE f.last_used_at IS NULL OR f.last_used_at < now() - interval '1 minute' FOR UPDATE OF a SKIP LOCKED))
SELECT workspace_id, id, name, plan, default_tag, allowed_models, status, own_keys, changes_in FROM found"""
_FIND_AS_SENT = _FIND.encode()


@dataclass(frozen=True, slots=True)
class Credential:
    """What a caller came in by: the digest of a key, or a sign-in."""

    workspace_id: int
    digest: bytes = b""
    sign_in: UUID | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity behind a valid credential; a person who signed in has `person_id` and `role`.

    `api_key_id` is never empty: usage of a person is written under a row of accounts_apikey that opens nothing.
    `plan_version_id` is that of the upgrade in force, else of the standing plan; `plan_changes_in` are the seconds
    from the finding on after which it must be found anew. `own_keys` are the workspace's own secrets by provider:
    calls there go out with them and never with ours. One that cannot be opened is empty, so that it is missed.
    """

    workspace_id: int
    api_key_id: int
    key_name: str
    plan_version_id: int
    default_tag: str
    allowed_models: frozenset[str] | None
    workspace_status: str
    credential: Credential
    person_id: int | None = None
    role: str = ""
    own_keys: Mapping[int, str] = field(default_factory=dict, repr=False, hash=False)
    plan_changes_in: float | None = field(default=None, compare=False)


class ForeignWorkspace(Exception):
    """The person is no member of the workspace that was asked for, or there is none."""


_Found = Caller | ForeignWorkspace | None
_Lookup = Callable[[AsyncConnection[Any]], Awaitable[_Found]]


class Directory:
    """Finds callers by secret; answers, also the empty ones, are kept for a short while."""

    def __init__(
        self, pool: AsyncConnectionPool[Any], *, keep_seconds: float = 1.9, size: int = 50_000
    ) -> None:
        self._pool = pool
        self._keep = keep_seconds
        self._size = size
        self._known: OrderedDict[bytes, tuple[float, _Found]] = OrderedDict()
        self._asked: dict[bytes, asyncio.Task[_Found]] = {}

    async def find(self, secret: str) -> Caller | None:
        """Return the caller of a key, or None if it is malformed, unknown, revoked or expired.

        A malformed key costs no query. Raises psycopg.Error or PoolTimeout if the database is away.
        """
        if not ids.key_is_shaped(secret):
            return None
        digest = ids.digest_key(secret, pepper=settings.KEY_PEPPER)
        found = await self._known_or_asked(digest, lambda connection: _by_key(connection, digest))
        return found if isinstance(found, Caller) else None

    async def find_person(self, token: str, *, workspace: str = "") -> Caller | None:
        """Return the person of an access token, in their workspace of that slug or number, else in the token's own.

        None if the token is forged or expired, its sign-in has ended, or they have left the token's workspace.
        Raises ForeignWorkspace for another's workspace, and psycopg.Error or PoolTimeout if the database is away.
        """
        said = tokens.read_access(token)
        if said is None:
            return None
        if len(workspace) > _LONGEST_NAME or not workspace.isprintable():
            raise ForeignWorkspace
        known_as = hashlib.sha256(f"{said.sign_in} {said.person_id} {said.workspace_id} {workspace}".encode())
        found = await self._known_or_asked(
            known_as.digest(), lambda connection: _by_token(connection, said, workspace)
        )
        if isinstance(found, ForeignWorkspace):
            raise ForeignWorkspace
        return found

    def forget(self) -> None:
        """Drop all that is known, so that the next request of each credential asks the database."""
        self._known.clear()

    async def _known_or_asked(self, key: bytes, lookup: _Lookup) -> _Found:
        known = self._known.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.create_task(self._ask(key, lookup))
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(task)

    async def _ask(self, key: bytes, lookup: _Lookup) -> _Found:
        if degraded.holds(DATABASE):
            raise PoolTimeout("the database is known to be away")  # at once, instead of after two seconds
        asked_at = time.monotonic()
        async with self._pool.connection(timeout=2) as connection:
            found = await lookup(connection)
        self._known[key] = (asked_at + self._life(found), found)
        self._known.move_to_end(key)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return found

    def _life(self, found: _Found) -> float:
        # Counted from before the question, so that no upgrade outlives its end here.
        if isinstance(found, Caller) and found.plan_changes_in is not None:
            return min(self._keep, found.plan_changes_in)
        return self._keep


async def _by_key(connection: AsyncConnection[Any], digest: bytes) -> Caller | None:
    row = await (await connection.execute(_FIND_AS_SENT, {"digest": digest})).fetchone()
    return _caller(row, digest) if row is not None else None


def find_now(secret: str) -> Caller | None:
    """Return the caller of a key as `Directory.find` does, by Django's own connection, and keep nothing of it."""
    if not ids.key_is_shaped(secret):
        return None
    digest = ids.digest_key(secret, pepper=settings.KEY_PEPPER)
    with present.cursor() as cursor:
        cursor.execute(_FIND, {"digest": digest})
        row = cursor.fetchone()
    return _caller(row, digest) if row is not None else None


def _caller(row: tuple[Any, ...], digest: bytes) -> Caller:
    workspace, key, name, plan, tag, allowed, status, own_keys, changes_in = row
    if isinstance(own_keys, str):  # Django's connection leaves JSON as its text
        own_keys = json.loads(own_keys)
    return Caller(
        workspace_id=workspace,
        api_key_id=key,
        key_name=name,
        plan_version_id=plan,
        default_tag=tag,
        allowed_models=frozenset(allowed) if allowed is not None else None,
        workspace_status=status,
        credential=Credential(workspace, digest=digest),
        own_keys=provider_keys.opened(own_keys, workspace_id=workspace),
        plan_changes_in=changes_in,
    )


async def _by_token(connection: AsyncConnection[Any], said: tokens.Access, workspace: str) -> _Found:
    signed_in = await persons.find(connection, said, workspace)
    if signed_in is None:
        return None
    if signed_in.seat is None:
        return ForeignWorkspace() if workspace else None
    seat = signed_in.seat
    return Caller(
        workspace_id=seat.workspace_id,
        api_key_id=seat.api_key_id,
        key_name=seat.name,
        plan_version_id=seat.plan_version_id,
        default_tag="",
        allowed_models=None,
        workspace_status=seat.workspace_status,
        credential=Credential(seat.workspace_id, sign_in=said.sign_in),
        person_id=said.person_id,
        role=seat.role,
        own_keys=provider_keys.opened(seat.own_keys, workspace_id=seat.workspace_id),
        plan_changes_in=seat.plan_changes_in,
    )
