"""Group commit: while one batch is being committed the next gathers; nobody waits for a timer.

The batch task belongs to nobody: a caller only awaits its future, so a caller that goes away never
reaches the connection. Rows come in order of workspace, the lock order everywhere. A row that somebody
else holds delays the batch by at most 100 ms: then what is free is taken, and the stuck workspace goes on
in a lane of its own until its queue is empty.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import psycopg
import structlog

from kernel import degraded, postgres
from kernel.ending import end
from kernel.modes import DATABASE, UNWRITABLE
from kernel.tallies import FAST, Count, Spread

__all__ = ["AWAY", "Batcher", "Busy", "Commit", "Dropped"]

# What a database says that is stopped, restarts, is cut off, or has become a copy of another: the statement was right.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction, OSError)

BATCH_LOCK_SECONDS = 0.1
LANE_LOCK_SECONDS = 2.0
LANES = 8
SILENCE_SECONDS = 8.0
"""How long a server may be silent after a statement that it should have broken off after five."""
FIRST_PAUSE = 0.05
LAST_PAUSE = 1.0

Item = TypeVar("Item")
Result = TypeVar("Result")
Contra = TypeVar("Contra", contravariant=True)
Co = TypeVar("Co", covariant=True)
Entry = tuple[Item, asyncio.Future[Result]]
_sizes = Spread(
    "tollway_commit_batch_size",
    "Requests that were committed in one statement.",
    ("batcher",),
    bounds=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
_seconds = Spread("tollway_commit_seconds", "How long such a statement took.", ("batcher",), bounds=FAST)
_losses = Count(
    "tollway_commit_losses_total", "Such statements that the database did not answer.", ("batcher",)
)
log = structlog.get_logger()


class Busy(Exception):
    """More is waiting than may wait."""


class Dropped(Exception):
    """The batch could not be committed and is not tried again."""


class Commit(Protocol[Contra, Co]):
    """Runs one batch and returns a result per item; with `skip_locked`, None for each whose row was held."""

    def __call__(
        self, connection: psycopg.AsyncConnection[Any], items: Sequence[Contra], /, *, skip_locked: bool
    ) -> Awaitable[Sequence[Co | None]]: ...


class Batcher(Generic[Item, Result]):
    """Commits items in batches on one connection of its own.

    With `persistent`, a batch whose connection failed is sent again until it is through: its statement must be
    safe to repeat. Otherwise its callers get Dropped. A missing result without `skip_locked` also means Dropped.
    """

    def __init__(
        self,
        name: str,
        *,
        commit: Commit[Item, Result],
        order: Callable[[Item], int],
        connect: Callable[[float], Awaitable[psycopg.AsyncConnection[Any]]],
        persistent: bool,
        batch: int = 256,
        waiting: int = 20_000,
        abandoned: Callable[[Item, Result], None] = lambda item, result: None,
    ) -> None:
        self._name = name
        self._commit = commit
        self._order = order
        self._connect = connect
        self._persistent = persistent
        self._batch = batch
        self._waiting = waiting
        self._abandoned = abandoned
        self._queue: deque[Entry[Item, Result]] = deque()
        self._lanes: dict[int, deque[Entry[Item, Result]]] = {}
        self._lane_tasks: set[asyncio.Task[None]] = set()
        self._lane_slots = asyncio.Semaphore(LANES)
        self._wake = asyncio.Event()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to commit. Raises psycopg.OperationalError if the database cannot be reached."""
        self._connection = await self._alive(None, BATCH_LOCK_SECONDS)
        self._task = asyncio.create_task(self._run(), name=f"batcher {self._name}")

    async def stop(self) -> None:
        """End; what still waits is dropped, so the owner drains first."""
        for task in [*self._lane_tasks, self._task]:
            await end(task)
        await self._disconnect()

    def __len__(self) -> int:
        """How many items wait for a batch, those behind a locked row included."""
        return len(self._queue) + sum(map(len, self._lanes.values()))

    async def submit(self, item: Item) -> Result:
        """Return the result of an item once it is committed. Raises Busy, Dropped, or what the statement raised."""
        return await self.enqueue(item)

    def enqueue(self, item: Item) -> asyncio.Future[Result]:
        """Return what will be the result of an item. Raises Busy.

        Cancelling it withdraws the item from a persistent batcher, unless its commit is under way.
        """
        if len(self._queue) >= self._waiting:
            raise Busy(self._name)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        self._wake.set()
        return future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                count = min(len(self._queue), self._batch)
                entries = [self._queue.popleft() for _ in range(count)]
                if self._persistent:
                    entries = _wanted(entries)
                if entries := [entry for entry in entries if not self._sidelined(entry)]:
                    entries.sort(key=lambda entry: self._order(entry[0]))
                    await self._finish(entries)

    async def _finish(self, entries: list[Entry[Item, Result]]) -> None:
        delay = FIRST_PAUSE
        while True:
            try:
                self._connection = await self._alive(self._connection, BATCH_LOCK_SECONDS)
                await self._through(entries, self._connection)
                return
            except AWAY as error:
                await self._lost(error)
                if not self._persistent:
                    self._drop(entries)
                    return
                await asyncio.sleep(delay)
                delay = min(delay * 2, LAST_PAUSE)
                entries = _wanted(entries)
                if not entries:
                    return
            except Exception as error:
                # Whatever it was, the callers must hear of it: a batch task that died would leave all waiting.
                await self._halve(entries, error)
                return

    async def _through(
        self, entries: list[Entry[Item, Result]], connection: psycopg.AsyncConnection[Any]
    ) -> None:
        items = [item for item, _ in entries]
        try:
            self._answer(entries, await self._run_batch(connection, items, skip_locked=False))
        except psycopg.errors.LockNotAvailable:
            results = await self._run_batch(connection, items, skip_locked=True)
            pairs = list(zip(entries, results, strict=True))
            for entry in (entry for entry, result in pairs if result is None):
                self._sideline(entry)
            free = [(entry, result) for entry, result in pairs if result is not None]
            self._answer([entry for entry, _ in free], [result for _, result in free])

    async def _run_batch(
        self, connection: psycopg.AsyncConnection[Any], items: Sequence[Item], *, skip_locked: bool
    ) -> Sequence[Result | None]:
        begun = time.monotonic()
        with postgres.bounded(connection, SILENCE_SECONDS):
            results = await self._commit(connection, items, skip_locked=skip_locked)
        _sizes.note(len(items), self._name)
        _seconds.note(time.monotonic() - begun, self._name)
        return results

    def _sidelined(self, entry: Entry[Item, Result]) -> bool:
        lane = self._lanes.get(self._order(entry[0]))
        if lane is not None:
            lane.append(entry)
        return lane is not None

    def _sideline(self, entry: Entry[Item, Result]) -> None:
        if not self._sidelined(entry):
            key = self._order(entry[0])
            self._lanes[key] = deque([entry])
            task = asyncio.create_task(self._run_lane(key), name=f"lane {self._name} {key}")
            self._lane_tasks.add(task)
            task.add_done_callback(self._lane_tasks.discard)

    async def _run_lane(self, key: int) -> None:
        lane = self._lanes[key]
        connection: psycopg.AsyncConnection[Any] | None = None
        async with self._lane_slots:
            try:
                while lane:
                    entries = [lane.popleft() for _ in range(min(len(lane), self._batch))]
                    try:
                        connection = await self._alive(connection, LANE_LOCK_SECONDS)
                        items = [item for item, _ in entries]
                        self._answer(entries, await self._run_batch(connection, items, skip_locked=False))
                    except AWAY:
                        if not self._persistent:
                            self._drop(entries)
                            continue
                        await asyncio.sleep(LAST_PAUSE)
                        lane.extendleft(reversed(_wanted(entries)))
            finally:
                del self._lanes[key]
                if connection is not None:
                    await connection.close()

    async def _halve(self, entries: list[Entry[Item, Result]], error: Exception) -> None:
        # A row that the statement cannot hold must not take the others with it.
        if len(entries) == 1:
            log.error("row refused", batcher=self._name, error=repr(error))
            if not entries[0][1].done():
                entries[0][1].set_exception(error)
            return
        middle = len(entries) // 2
        await self._finish(entries[:middle])
        await self._finish(entries[middle:])

    def _answer(self, entries: Sequence[Entry[Item, Result]], results: Sequence[Result | None]) -> None:
        for (item, future), result in zip(entries, results, strict=True):
            if result is None:
                self._drop([(item, future)])
            elif future.done():
                self._abandoned(item, result)
            else:
                future.set_result(result)

    def _drop(self, entries: Sequence[Entry[Item, Result]]) -> None:
        for _, future in entries:
            if not future.done():
                future.set_exception(Dropped(self._name))

    async def _lost(self, error: Exception) -> None:
        _losses.add(self._name)
        log.warning("batch failed", batcher=self._name, error=type(error).__name__)
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction | psycopg.errors.DiskFull):
            degraded.note(UNWRITABLE, held=True)
        if not isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.QueryCanceled):
            await self._disconnect()

    async def _alive(
        self, connection: psycopg.AsyncConnection[Any] | None, lock_seconds: float
    ) -> psycopg.AsyncConnection[Any]:
        if connection is not None:
            if not postgres.hung_up(connection):
                return connection
            await connection.close()
        try:
            return await self._connect(lock_seconds)
        except AWAY:
            degraded.note(DATABASE, held=True)
            raise

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                await self._connection.close()
            self._connection = None


def _wanted(entries: list[Entry[Item, Result]]) -> list[Entry[Item, Result]]:
    return [entry for entry in entries if not entry[1].cancelled()]
