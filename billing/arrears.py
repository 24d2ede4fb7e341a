"""Settlements that the database would not take in time: they go to the journal, and from there to the database later."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import psycopg
import structlog
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from kernel.ending import end

from . import late
from .batcher import AWAY
from .journal import Journal, Torn, places
from .settlement import Settlement

__all__ = ["Arrears", "journal_can_be_written"]

BATCH = 256
FIRST_PAUSE, LAST_PAUSE = 0.25, 2.0
LOOK_SECONDS = 30.0
"""How often journals of the dead are looked for; also at the start."""

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger()


class Arrears:
    """Keeps the journal of one process, and replays it and those that dead processes left.

    Each line goes through the statement of every settlement, which its request's lease fences: what was committed
    before is answered `before`, and what a reaper ended meanwhile is corrected by the difference. So a line may be
    replayed any number of times, and is forgotten only after an answer. `settled` hears of each.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], Awaitable[psycopg.AsyncConnection[Any]]],
        settled: Callable[[UUID, late.Outcome], None],
    ) -> None:
        self._connect = connect
        self._settled = settled
        self._directory = Path(settings.JOURNAL_DIR)
        self._own: Journal | None = None
        self._inherited: list[Journal] = []
        self._unwritten: list[tuple[Settlement, asyncio.Future[bool]]] = []
        self._disk = asyncio.Lock()
        self._wake = asyncio.Event()
        self._replayed = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open a journal, and begin to replay. Without a journal settlements wait for the database, and the log says so."""
        try:
            self._own = await self._off_loop(Journal.create, self._directory)
        except OSError as error:
            log.error("no journal: settlements must wait for the database", error=str(error))
        self._task = asyncio.create_task(self._run(), name="arrears")

    async def stop(self) -> None:
        """End; what waits stays on the disk for the next process."""
        await end(self._task)
        journals, self._own, self._inherited = self._journals, None, []
        for journal in journals:
            if journal:
                log.warning("the journal is left", settlements=len(journal), path=str(journal.path))
            await self._let_go(journal)

    def __len__(self) -> int:
        """How many settlements wait in the journals of this process."""
        return sum(map(len, self._journals))

    async def take(self, item: Settlement) -> bool:
        """Write a settlement to the disk; whether it is there. It is replayed as soon as the database answers."""
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._unwritten.append((item, written))
        async with self._disk:
            if not written.done():  # else whoever was first has written for all who waited
                entries, self._unwritten = self._unwritten, []
                success = await self._write([item for item, _ in entries])
                for _, future in entries:
                    future.set_result(success)
        self._wake.set()
        return await written

    @property
    def _journals(self) -> list[Journal]:
        return [*self._inherited, *([] if self._own is None else [self._own])]

    async def _write(self, items: Sequence[Settlement]) -> bool:
        if self._own is None:
            return False
        begins = not len(self._own)
        try:
            await asyncio.to_thread(self._own.append, items)
        except Exception as error:  # whatever it was, those who wait must hear of it
            log.error("settlements cannot be journalled", settlements=len(items), error=repr(error))
            return False
        if begins:
            log.error("the database is away: settlements are journalled", path=str(self._own.path))
        return True

    async def _run(self) -> None:
        pause, looked = FIRST_PAUSE, -LOOK_SECONDS
        clock = asyncio.get_running_loop().time
        while True:
            if clock() - looked >= LOOK_SECONDS:
                await self._inherit()
                looked = clock()
            self._wake.clear()
            if len(self):
                await self._try()
            if len(self):
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE)
            else:
                pause = FIRST_PAUSE
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)

    async def _inherit(self) -> None:
        for path in await asyncio.to_thread(places, self._directory):
            try:
                journal = await self._off_loop(Journal.take_over, path)
            except OSError as error:
                log.error("a journal cannot be read", path=str(path), error=str(error))
                continue
            if journal is None:
                continue
            if journal.damaged or journal.unfinished:
                found = {"damaged": journal.damaged, "unfinished": journal.unfinished}
                log.error("lines of a journal are no settlements", path=str(path), **found)
            if journal:
                log.error("settlements of a dead process wait", path=str(path), settlements=len(journal))
                self._inherited.append(journal)
            else:
                await self._let_go(journal)

    async def _try(self) -> None:
        try:
            async with await self._connect() as connection:
                for journal in self._journals:
                    await self._replay(connection, journal)
        except AWAY as error:
            log.info("journal waits", settlements=len(self), error=type(error).__name__)
        except Exception:
            # Whatever it was, the task must live: it alone brings in what is owed.
            log.exception("the journal could not be replayed", settlements=len(self))
        for journal in [journal for journal in self._inherited if not journal]:
            self._inherited.remove(journal)
            await self._let_go(journal)
        if not len(self):
            log.info("the journal is empty again", settled=self._replayed)
            self._replayed = 0

    async def _replay(self, connection: psycopg.AsyncConnection[Any], journal: Journal) -> None:
        waiting = journal.waiting
        for start in range(0, len(waiting), BATCH):
            items = await self._read(journal, waiting[start : start + BATCH])
            # Each workspace alone: one whose account is locked, or whose row is refused, keeps up no other.
            for _, group in groupby(sorted(items, key=_workspace), key=_workspace):
                await self._settle(connection, journal, list(group))

    async def _read(self, journal: Journal, requests: Sequence[UUID]) -> list[Settlement]:
        try:
            return await self._off_loop(journal.read, requests)
        except Torn:
            found = [await self._read_one(journal, request) for request in requests]
            return [item for item in found if item is not None]

    async def _read_one(self, journal: Journal, request: UUID) -> Settlement | None:
        try:
            [item] = await self._off_loop(journal.read, [request])
        except Torn as error:
            self._refuse(journal, request, str(error))
            return None
        return item

    async def _settle(
        self, connection: psycopg.AsyncConnection[Any], journal: Journal, group: Sequence[Settlement]
    ) -> None:
        try:
            outcomes = await late.settle(connection, group)
        except AWAY as error:
            if connection.closed:
                raise
            log.warning("journal waits", workspace=group[0].workspace_id, error=type(error).__name__)
            return
        except psycopg.Error as error:
            if len(group) == 1:
                self._refuse(journal, group[0].request_id, repr(error))
            else:
                for item in group:
                    await self._settle(connection, journal, [item])
            return
        answered = [
            (item.request_id, outcome) for item, outcome in zip(group, outcomes, strict=True) if outcome
        ]
        for request, outcome in answered:
            if outcome == "unknown":
                self._refuse(journal, request, "neither open nor settled in this database")
            self._settled(request, outcome)
        self._replayed += len(answered)
        await self._off_loop(journal.forget, [request for request, _ in answered])

    def _refuse(self, journal: Journal, request: UUID, why: str) -> None:
        journal.refuse(request)
        log.error(
            "a journalled settlement is refused", request_id=str(request), path=str(journal.path), error=why
        )

    async def _let_go(self, journal: Journal) -> None:
        try:
            await self._off_loop(journal.close)
        except OSError as error:
            log.error("a journal cannot be removed", path=str(journal.path), error=str(error))

    async def _off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        # A thread cannot be cancelled: the disk stays locked until it is through.
        async def locked() -> T:
            async with self._disk:
                return await asyncio.to_thread(work, *args, **kwargs)

        return await asyncio.shield(asyncio.create_task(locked(), name="journal"))


def _workspace(item: Settlement) -> int:
    return item.workspace_id


def journal_can_be_written(app_configs: Sequence[AppConfig] | None = None, **_: object) -> list[CheckMessage]:
    """Return an error if the directory of the journal cannot be made or written."""
    directory = Path(settings.JOURNAL_DIR)
    there = next(place for place in [directory, *directory.parents] if os.path.exists(place))
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"TOLLWAY_JOURNAL_DIR: {directory} cannot be written.",
            hint="Settlements wait there while PostgreSQL is away; name a directory on a lasting disk.",
            id="billing.E005",
        )
    ]
