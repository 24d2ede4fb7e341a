"""The gateway process's door to the money: admit, settle, and the leases it holds while requests are open."""

import asyncio
import contextlib
import itertools
import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.conf import settings

from kernel import drain, postgres

from . import late
from .admission import Ask, Granted, Refused
from .arrears import Arrears
from .batcher import Batcher, Busy, Dropped
from .proposals import Verdict, propose
from .settlement import Settlement
from .taking import literal

__all__ = ["SESSION", "Gate", "Progress", "Unavailable"]

log = structlog.get_logger()
SESSION = "tollway gate"
COMMIT_SECONDS = 5.0
"""How long an answer waits for its settlement's commit before the settlement goes to the journal."""
_ORPHAN_SECONDS = 10

_HEARTBEAT = b"""
INSERT INTO billing_worker (worker_id, host, pid, started_at, heartbeat_at, draining)
VALUES (%s, %s, %s, clock_timestamp(), clock_timestamp(), %s)
ON CONFLICT (worker_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, draining = excluded.draining"""

_CHECKPOINT = b"""
UPDATE billing_admission r SET provider_id = p.provider, first_byte_at = p.first_byte,
  progress_input = p.tokens_in, progress_output = p.tokens_out, multipliers = p.multipliers,
  model_id = p.model, chain_id = p.chain, price_version_id = p.price
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::text[],
  %s::bigint[], %s::bigint[], %s::bigint[])
  p (req, ws, provider, first_byte, tokens_in, tokens_out, multipliers, model, chain, price)
WHERE r.request_id = p.req AND r.workspace_id = p.ws"""

_ORPHANS = b"""
SELECT request_id, workspace_id, multipliers FROM billing_admission
WHERE worker_id = %s AND admitted_at < clock_timestamp() - make_interval(secs => %s)"""


class Unavailable(Exception):
    """Nothing can be admitted safely now: the database is away or too much waits."""


@dataclass(slots=True)
class Progress:
    """How far an open request is, and by what it is priced: what the reaper charges if this process dies."""

    workspace_id: int
    model_id: int
    chain_id: int
    price_version_id: int
    provider_id: int = 0
    first_byte_at: datetime | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    multipliers: str = ""


class Gate:
    """Admits and settles for one process, and keeps its leases alive."""

    def __init__(self) -> None:
        self.worker_id = uuid.uuid4()
        self._open: dict[UUID, Progress | None] = {}
        self._saved: dict[UUID, tuple[int, int]] = {}
        self._admissions: Batcher[Ask, Verdict] = Batcher(
            "admit",
            commit=self._propose,
            order=lambda ask: ask.workspace_id,
            connect=_connect,
            persistent=False,
            abandoned=self._give_back,
        )
        self._settlements: Batcher[Settlement, late.Outcome] = Batcher(
            "settle",
            commit=late.settle,
            order=lambda item: item.workspace_id,
            connect=_connect,
            persistent=True,
        )
        self._arrears = Arrears(connect=_connect, settled=self._closed)
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and announce this worker. Raises psycopg.OperationalError if the database is away."""
        await self._admissions.start()
        await self._settlements.start()
        async with await _connect() as connection:
            await self._heartbeat(connection)
        await self._arrears.start()
        self._keeper = asyncio.create_task(self._keep(), name="lease keeper")

    async def stop(self) -> None:
        """End, once nothing is owed any more; the leases left would be reaped, what is journalled is replayed later."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        await self._admissions.stop()
        await self._settlements.stop()
        await self._arrears.stop()

    async def admit(self, ask: Ask) -> Granted:
        """Take caps, slot and hold for one request, all or nothing. Raises Refused or Unavailable."""
        self._open[ask.request_id] = None
        try:
            verdict = await self._admissions.submit(ask)
        except (Busy, Dropped, psycopg.Error) as error:
            self._open.pop(ask.request_id, None)
            raise Unavailable(str(error)) from error
        except BaseException:
            self._open.pop(ask.request_id, None)
            raise
        if isinstance(verdict, Refused):
            self._open.pop(ask.request_id, None)
            raise verdict
        return verdict

    def progress(self, request_id: UUID, progress: Progress) -> None:
        """Note how far an open request is; a checkpoint writes it within a second."""
        if request_id in self._open:
            self._open[request_id] = progress

    async def settle(self, item: Settlement) -> None:
        """Write the one usage event of an admitted request; returns once it is committed, or journalled on the disk.

        It goes on if the caller is cancelled. The journal is for a database that does not commit in COMMIT_SECONDS;
        where nothing can be journalled this waits for the database.
        """
        await asyncio.shield(drain.owe(self._settle(item)))

    @property
    def open_requests(self) -> int:
        """How many requests this process has admitted and not settled."""
        return len(self._open)

    @property
    def journalled(self) -> int:
        """How many settlements wait on the disk for the database."""
        return len(self._arrears)

    async def _settle(self, item: Settlement) -> None:
        commit = self._settlements.enqueue(item)
        await asyncio.wait({commit}, timeout=COMMIT_SECONDS)
        # A journalled request stays open here until its replay: else its lease would be given back for nothing.
        if commit.done() or not await self._arrears.take(item) or not commit.cancel():
            self._closed(item.request_id, await commit)

    def _closed(self, request_id: UUID, outcome: late.Outcome) -> None:
        self._open.pop(request_id, None)
        self._saved.pop(request_id, None)
        if outcome != "settled":
            log.warning("settled late", request_id=str(request_id), outcome=outcome)

    async def _propose(
        self, connection: psycopg.AsyncConnection[Any], asks: Sequence[Ask], /, *, skip_locked: bool
    ) -> Sequence[Verdict | None]:
        return await propose(connection, asks, worker_id=self.worker_id, skip_locked=skip_locked)

    def _give_back(self, ask: Ask, verdict: Verdict) -> None:
        if isinstance(verdict, Granted):
            drain.owe(self._settle(_released(ask.request_id, ask.workspace_id, ask.multipliers)))

    async def _keep(self) -> None:
        beats = max(1, settings.WORKER_SILENCE_SECONDS // 3)
        while True:
            try:
                async with await _connect() as connection:
                    await self._keep_on(connection, beats)
            except (psycopg.Error, OSError) as error:
                log.warning("lease keeper failed", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _keep_on(self, connection: psycopg.AsyncConnection[Any], beats: int) -> None:
        for second in itertools.count():
            await self._checkpoint(connection)
            if second % beats == 0:
                await self._heartbeat(connection)
                await self._return_orphans(connection)
            await asyncio.sleep(1)

    async def _heartbeat(self, connection: psycopg.AsyncConnection[Any]) -> None:
        host = socket.gethostname()[:100]
        await connection.execute(_HEARTBEAT, (self.worker_id, host, os.getpid(), drain.stopping()))

    async def _checkpoint(self, connection: psycopg.AsyncConnection[Any]) -> None:
        moved = [
            (request, progress)
            for request, progress in self._open.items()
            if progress is not None
            and progress.first_byte_at is not None
            and self._saved.get(request) != (progress.input_tokens, progress.output_tokens)
        ]
        if not moved:
            return
        await connection.execute(_CHECKPOINT, _checkpoint_parameters(moved))
        self._saved.update(
            (request, (p.input_tokens, p.output_tokens)) for request, p in moved if request in self._open
        )

    async def _return_orphans(self, connection: psycopg.AsyncConnection[Any]) -> None:
        # An admission whose connection broke may have committed unseen: nobody serves it, so it is given back.
        cursor = await connection.execute(_ORPHANS, (self.worker_id, _ORPHAN_SECONDS))
        for request, workspace, multipliers in await cursor.fetchall():
            if request not in self._open:
                drain.owe(self._settle(_released(request, workspace, multipliers)))


async def _connect(lock_seconds: float = 2.0) -> psycopg.AsyncConnection[Any]:
    conninfo = postgres.conninfo(name=SESSION, lock_seconds=lock_seconds)
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)


def _released(request_id: UUID, workspace_id: int, multipliers: str) -> Settlement:
    return Settlement(
        request_id=request_id,
        workspace_id=workspace_id,
        status="client_gone",
        http_status=499,
        usage_source="none",
        cost=0,
        multipliers=multipliers,
    )


def _checkpoint_parameters(moved: list[tuple[UUID, Progress]]) -> list[Any]:
    return [
        literal([request for request, _ in moved]),
        literal([progress.workspace_id for _, progress in moved]),
        literal([progress.provider_id for _, progress in moved]),
        [progress.first_byte_at for _, progress in moved],
        literal([progress.input_tokens for _, progress in moved]),
        literal([progress.output_tokens for _, progress in moved]),
        [progress.multipliers for _, progress in moved],
        literal([progress.model_id for _, progress in moved]),
        literal([progress.chain_id for _, progress in moved]),
        literal([progress.price_version_id for _, progress in moved]),
    ]
