"""Group commit: while one batch is being committed the next gathers; nobody waits for a timer.

The batch task belongs to nobody: a caller only awaits its future, so a caller that goes away never
reaches the connection. Rows come in order of workspace, the lock order everywhere.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import psycopg
import structlog

__all__ = ["Batcher", "Busy", "Dropped"]

Item = TypeVar("Item")
Result = TypeVar("Result")
Commit = Callable[[psycopg.AsyncConnection[Any], Sequence[Item]], Awaitable[Sequence[Result]]]
log = structlog.get_logger()


class Busy(Exception):
    """More is waiting than may wait."""


class Dropped(Exception):
    """The batch could not be committed and is not tried again."""


class Batcher(Generic[Item, Result]):
    """Commits items in batches on one connection of its own.

    `commit` runs one batch and returns a result per item. With `persistent`, a batch whose connection failed is
    sent again until it is through: its statement must be safe to repeat. Otherwise its callers get Dropped.
    """

    def __init__(
        self,
        name: str,
        *,
        commit: Commit[Item, Result],
        order: Callable[[Item], int],
        conninfo: str,
        persistent: bool,
        batch: int = 256,
        waiting: int = 20_000,
        abandoned: Callable[[Item, Result], None] = lambda item, result: None,
    ) -> None:
        self._name = name
        self._commit = commit
        self._order = order
        self._conninfo = conninfo
        self._persistent = persistent
        self._batch = batch
        self._waiting = waiting
        self._abandoned = abandoned
        self._queue: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._wake = asyncio.Event()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to commit. Raises psycopg.OperationalError if the database cannot be reached."""
        await self._connected()
        self._task = asyncio.create_task(self._run(), name=f"batcher {self._name}")

    async def stop(self) -> None:
        """End; what still waits is dropped, so the owner drains first."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._disconnect()

    async def submit(self, item: Item) -> Result:
        """Return the result of an item once it is committed. Raises Busy, Dropped, or what the statement raised."""
        if len(self._queue) >= self._waiting:
            raise Busy(self._name)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                count = min(len(self._queue), self._batch)
                entries = [self._queue.popleft() for _ in range(count)]
                entries.sort(key=lambda entry: self._order(entry[0]))
                await self._finish(entries)

    async def _finish(self, entries: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        delay = 0.05
        while True:
            try:
                results = await self._commit(await self._connected(), [item for item, _ in entries])
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                if not await self._after_failure(entries, error):
                    return
                await asyncio.sleep(delay)
                delay = min(delay * 2, 1.0)
            except psycopg.Error as error:
                await self._halve(entries, error)
                return
            else:
                self._answer(entries, results)
                return

    async def _after_failure(
        self, entries: list[tuple[Item, asyncio.Future[Result]]], error: Exception
    ) -> bool:
        log.warning("batch failed", batcher=self._name, error=type(error).__name__, items=len(entries))
        if not isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.QueryCanceled):
            await self._disconnect()
        if self._persistent:
            return True
        for _, future in entries:
            if not future.done():
                future.set_exception(Dropped(self._name))
        return False

    async def _halve(self, entries: list[tuple[Item, asyncio.Future[Result]]], error: psycopg.Error) -> None:
        # A row that the statement cannot hold must not take the others with it.
        if len(entries) == 1:
            log.error("row refused", batcher=self._name, error=str(error).splitlines()[0])
            if not entries[0][1].done():
                entries[0][1].set_exception(error)
            return
        middle = len(entries) // 2
        await self._finish(entries[:middle])
        await self._finish(entries[middle:])

    def _answer(self, entries: list[tuple[Item, asyncio.Future[Result]]], results: Sequence[Result]) -> None:
        for (item, future), result in zip(entries, results, strict=True):
            if future.done():
                self._abandoned(item, result)
            else:
                future.set_result(result)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                await self._connection.close()
            self._connection = None
