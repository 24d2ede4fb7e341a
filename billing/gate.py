"""The gateway process's door to the money: admit, settle, and the leases it holds while requests are open."""

import asyncio
import contextlib
import itertools
import os
import socket
import uuid
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.conf import settings

from kernel import drain, postgres
from kernel.ending import end
from kernel.failpoints import failpoint

from . import checkpoints, holds, late
from .admission import Ask, Granted, Refused
from .arrears import Arrears
from .batcher import Batcher, Busy, Dropped
from .capped import Capped
from .checkpoints import Progress
from .holds import Extension
from .proposals import Verdict, propose
from .settlement import Settlement
from .settling import Settling

__all__ = ["SESSION", "Gate", "Unavailable"]

log = structlog.get_logger()
SESSION = "tollway gate"
EXTEND_SECONDS = 5.0
"""How long an answer may wait for a greater hold where the database is away; after that it has what it had."""
_AGAIN_SECONDS = 0.25
_ORPHAN_SECONDS = 10

_HEARTBEAT = b"""
INSERT INTO billing_worker (worker_id, host, pid, started_at, heartbeat_at, draining)
VALUES (%s, %s, %s, clock_timestamp(), clock_timestamp(), %s)
ON CONFLICT (worker_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, draining = excluded.draining"""

_ORPHANS = b"""
SELECT request_id, workspace_id, multipliers FROM billing_admission
WHERE worker_id = %s AND admitted_at < clock_timestamp() - make_interval(secs => %s)"""


class Unavailable(Exception):
    """Nothing can be admitted safely now: the database is away or too much waits."""


class Gate:
    """Admits and settles for one process, and keeps its leases alive.

    `count` is called right before open requests are noted, once a second, so that the notes are of that moment.
    """

    def __init__(self, *, count: Callable[[], None] = lambda: None) -> None:
        self._count = count
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
        self._extensions: Batcher[Extension, int] = Batcher(
            "extend",
            commit=holds.extend,
            order=lambda item: item.workspace_id,
            connect=_connect,
            persistent=False,
        )
        self._arrears = Arrears(connect=_connect, settled=self._closed)
        self._capped = Capped()
        self._settling = Settling(self._settlements, self._arrears, ended=self._ended)
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and announce this worker. Raises psycopg.OperationalError if the database is away."""
        await self._admissions.start()
        await self._settlements.start()
        await self._extensions.start()
        async with await _connect() as connection:
            await self._heartbeat(connection)
        await self._arrears.start()
        self._settling.start()
        self._keeper = asyncio.create_task(self._keep(), name="lease keeper")

    async def stop(self) -> None:
        """End, once nothing is owed any more; the leases left would be reaped, what is journalled is replayed later."""
        await end(self._keeper)
        await self._settling.stop()
        await self._admissions.stop()
        await self._settlements.stop()
        await self._extensions.stop()
        await self._arrears.stop()

    async def admit(self, ask: Ask) -> Granted:
        """Take caps, slot and hold for one request, all or nothing. Raises Refused or Unavailable."""
        if (capped := self._capped.refusal(ask)) is not None:
            raise capped
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
            self._capped.note(ask, verdict)
            raise verdict
        return verdict

    def progress(self, request_id: UUID, progress: Progress) -> None:
        """Note how far an open request is; a checkpoint writes it within a second."""
        if request_id in self._open:
            self._open[request_id] = progress

    async def extend(self, request_id: UUID, workspace_id: int, *, more: int) -> int:
        """Hold more for an open request; return the nano-USD it got: less or nothing where there is no more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXTEND_SECONDS):
                while True:
                    try:
                        return await self._extensions.submit(Extension(request_id, workspace_id, more))
                    except (Busy, Dropped, psycopg.Error):
                        await asyncio.sleep(_AGAIN_SECONDS)
        log.warning("a hold could not be extended", request_id=str(request_id))
        return 0

    async def settle(self, item: Settlement) -> None:
        """Write the one usage event of an admitted request; returns once it is committed, or journalled on the disk.

        It goes on if the caller is cancelled. The journal is for a database that does not commit in time;
        where nothing can be journalled this waits for the database.
        """
        await asyncio.shield(self._settling.owe(item))

    @property
    def open_requests(self) -> int:
        """How many requests this process has admitted and not settled."""
        return len(self._open)

    @property
    def journalled(self) -> int:
        """How many settlements wait on the disk for the database."""
        return len(self._arrears)

    @property
    def waiting(self) -> dict[str, int]:
        """How many wait for a commit, by what they wait for."""
        return {
            "admit": len(self._admissions),
            "settle": len(self._settlements),
            "extend": len(self._extensions),
        }

    def _ended(self, item: Settlement, outcome: late.Outcome | None) -> None:
        # A journalled request stays open here until its replay: else its lease would be given back for nothing.
        if outcome is not None:
            self._closed(item.request_id, outcome)
        if item.returned:
            self._capped.forget(item.workspace_id)

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
            self._release(ask.request_id, ask.workspace_id, ask.multipliers)

    def _release(self, request_id: UUID, workspace_id: int, multipliers: str) -> None:
        with contextlib.suppress(Busy):  # it is found again as an orphan
            self._settling.owe(_released(request_id, workspace_id, multipliers))

    async def _keep(self) -> None:
        beats = max(1, settings.WORKER_SILENCE_SECONDS // 3)
        while True:
            try:
                async with await _connect() as connection:
                    await self._keep_on(connection, beats)
            except (psycopg.Error, OSError) as error:
                log.warning("lease keeper failed", error=type(error).__name__)
                await asyncio.sleep(1)
            except Exception:
                # Whatever it was: without a heartbeat every open request would be taken for dead.
                log.exception("lease keeper failed")
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
        failpoint("heartbeat.begun")
        await connection.execute(_HEARTBEAT, (self.worker_id, host, os.getpid(), drain.stopping()))
        failpoint("heartbeat.written")

    async def _checkpoint(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._count()
        moved = [
            (request, progress)
            for request, progress in self._open.items()
            if progress is not None
            and progress.first_byte_at is not None
            and self._saved.get(request) != (progress.input_tokens, progress.output_tokens)
        ]
        if not moved:
            return
        failpoint("checkpoint.begun")
        await checkpoints.write(connection, moved)
        failpoint("checkpoint.written")
        self._saved.update(
            (request, (p.input_tokens, p.output_tokens)) for request, p in moved if request in self._open
        )

    async def _return_orphans(self, connection: psycopg.AsyncConnection[Any]) -> None:
        # An admission whose connection broke may have committed unseen: nobody serves it, so it is given back.
        cursor = await connection.execute(_ORPHANS, (self.worker_id, _ORPHAN_SECONDS))
        for request, workspace, multipliers in await cursor.fetchall():
            if request not in self._open:
                failpoint("orphan.found")
                self._release(request, workspace, multipliers)


async def _connect(lock_seconds: float = 2.0) -> psycopg.AsyncConnection[Any]:
    conninfo = postgres.conninfo(name=SESSION, lock_seconds=lock_seconds, keyed=True)
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
