"""Settlements on their way: durable once committed, or journalled where the database does not commit them in time."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import NamedTuple

from kernel import drain
from kernel.ending import end

from . import late
from .arrears import Arrears
from .batcher import Batcher
from .settlement import Settlement

__all__ = ["COMMIT_SECONDS", "Settling"]

COMMIT_SECONDS = 5.0
"""How long an answer waits for its settlement's commit before the settlement goes to the journal."""
LOOK_SECONDS = 0.25
"""How often it is looked for those that are overdue: neither a task nor a timer for each."""

_Commit = asyncio.Future[late.Outcome]


class _Owed(NamedTuple):
    """A settlement, from when on it is overdue, of the monotonic clock, and who waits for it."""

    until: float
    item: Settlement
    durable: asyncio.Future[None]


class Settling:
    """What one process has handed to the batcher of settlements and is not durable yet.

    `ended` hears of each that is, with its outcome; with none where it was journalled and is replayed later.
    """

    def __init__(
        self,
        batcher: Batcher[Settlement, late.Outcome],
        arrears: Arrears,
        *,
        ended: Callable[[Settlement, late.Outcome | None], None],
    ) -> None:
        self._batcher = batcher
        self._arrears = arrears
        self._ended = ended
        # In the order in which they are overdue: each may take equally long.
        self._in_time: dict[_Commit, _Owed] = {}
        self._overdue: dict[_Commit, _Owed] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for what is overdue."""
        self._task = asyncio.create_task(self._hurry(), name="settlements in time")

    async def stop(self) -> None:
        """End; the owner has drained before."""
        await end(self._task)

    def owe(self, item: Settlement) -> asyncio.Future[None]:
        """Return what is done once a settlement is durable; the process waits for it at its end. Raises Busy."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        commit = self._batcher.enqueue(item)
        self._in_time[commit] = _Owed(time.monotonic() + COMMIT_SECONDS, item, durable)
        commit.add_done_callback(self._committed)
        drain.await_too(durable)
        return durable

    def _committed(self, commit: _Commit) -> None:
        owed = self._in_time.pop(commit, None) or self._overdue.pop(commit)
        if commit.cancelled():
            return  # whoever journalled it says so
        if (error := commit.exception()) is not None:
            owed.durable.set_exception(error)
            return
        self._end(owed, commit.result())

    async def _hurry(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for commit, owed in self._slow(time.monotonic()):
                self._overdue[commit] = self._in_time.pop(commit)
                drain.owe(self._journal(commit, owed))

    def _slow(self, now: float) -> list[tuple[_Commit, _Owed]]:
        return list(itertools.takewhile(lambda each: each[1].until <= now, self._in_time.items()))

    async def _journal(self, commit: _Commit, owed: _Owed) -> None:
        if await self._arrears.take(owed.item) and commit.cancel():
            self._end(owed, None)

    def _end(self, owed: _Owed, outcome: late.Outcome | None) -> None:
        self._ended(owed.item, outcome)
        owed.durable.set_result(None)
