"""Batches: what waits is committed together, in order, and what fails is told to those whose it was and to nobody else."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg
import pytest
from asgiref.sync import async_to_sync

from billing import batcher
from billing.batcher import Batcher, Busy, Dropped
from kernel import degraded, ids, postgres, tallies
from kernel.modes import DATABASE, UNWRITABLE

pytestmark = pytest.mark.usefixtures("committed")

Item = tuple[int, str]
Answer = Callable[[list[Item], bool], Awaitable[Sequence[str | None]]]


async def yes(items: list[Item], skip_locked: bool) -> list[str | None]:
    return [name for _, name in items]


class Desk:
    """A batcher whose statement does what a test says, and what it was asked to do."""

    def __init__(self, answer: Answer = yes, *, persistent: bool = False, **options: Any) -> None:
        self.name = str(ids.request_id())
        self.answer = answer
        self.asked: list[list[Item]] = []
        self.skipped: list[bool] = []
        self.sessions: list[psycopg.AsyncConnection[Any]] = []
        self.used: list[psycopg.AsyncConnection[Any]] = []
        self.patience: list[float] = []
        self.away = 0
        self.abandoned: list[tuple[Item, str]] = []
        self.batcher: Batcher[Item, str] = Batcher(
            self.name, commit=self._commit, order=lambda item: item[0], connect=self._connect,
            persistent=persistent, abandoned=lambda *said: self.abandoned.append(said), **options,
        )  # fmt: skip

    async def _connect(self, lock_seconds: float) -> psycopg.AsyncConnection[Any]:
        if self.away:
            self.away -= 1
            raise psycopg.OperationalError("away")
        self.patience.append(lock_seconds)
        session = await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True)
        self.sessions.append(session)
        return session

    async def _commit(
        self, connection: psycopg.AsyncConnection[Any], items: Sequence[Item], /, *, skip_locked: bool
    ) -> Sequence[str | None]:
        self.asked.append(list(items))
        self.skipped.append(skip_locked)
        self.used.append(connection)
        return await self.answer(list(items), skip_locked)

    async def results(self, *items: Item) -> list[Any]:
        futures = [self.batcher.enqueue(item) for item in items]
        return await asyncio.gather(*futures, return_exceptions=True)

    def losses(self) -> int:
        return sum(
            number
            for name, number in tallies.told().get("tollway_commit_losses_total", [])
            if name == self.name
        )


def play(desk: Desk, work: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        await desk.batcher.start()
        try:
            async with asyncio.timeout(20):
                await work(desk)
        finally:
            await desk.batcher.stop()
        assert all(session.closed for session in desk.sessions)
        left = [task.get_name() for task in asyncio.all_tasks() if desk.name in task.get_name()]
        assert left == []

    async_to_sync(run)()


class Gated:
    """A statement that waits until it may go on."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, items: list[Item], skip_locked: bool) -> list[str | None]:
        await self.go.wait()
        return [name for _, name in items]


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it was slept, in seconds, but for the moments in which a test looks."""
    slept: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        if seconds > 0.01:
            slept.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", noted)
    return slept


def failing(times: int, error: Exception) -> Answer:
    left = [times]

    async def answer(items: list[Item], skip_locked: bool) -> list[str | None]:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return [name for _, name in items]

    return answer


def test_what_waits_goes_together_in_order_and_no_more_at_once_than_a_batch() -> None:
    async def work(desk: Desk) -> None:
        gate = desk.answer = Gated()
        first = desk.batcher.enqueue((1, "first"))
        await until(lambda: bool(desk.asked))
        rest = [
            desk.batcher.enqueue((whose, name)) for whose, name in ((3, "a"), (1, "b"), (2, "c"), (0, "d"))
        ]
        assert len(desk.batcher) == 4
        gate.go.set()
        assert await asyncio.gather(first, *rest) == ["first", "a", "b", "c", "d"]
        assert desk.asked == [[(1, "first")], [(1, "b"), (2, "c"), (3, "a")], [(0, "d")]]
        assert (len(desk.batcher), desk.skipped, desk.patience) == (0, [False] * 3, [0.1])
        [spread] = [row for name, row in tallies.told()["tollway_commit_batch_size"] if name == desk.name]
        assert (sum(spread[:-1]), spread[-1]) == (3, 5)
        [spread] = [row for name, row in tallies.told()["tollway_commit_seconds"] if name == desk.name]
        assert (sum(spread[:-1]), 0 < spread[-1] < 5) == (3, True)

    play(Desk(batch=3), work)


def test_no_more_wait_than_may() -> None:
    async def work(desk: Desk) -> None:
        gate = desk.answer = Gated()
        first = desk.batcher.enqueue((1, "first"))
        await until(lambda: bool(desk.asked))
        rest = [desk.batcher.enqueue((1, "x")) for _ in range(2)]
        with pytest.raises(Busy, match=desk.name):
            await desk.batcher.submit((1, "y"))
        gate.go.set()
        assert await asyncio.gather(first, *rest) == ["first", "x", "x"]
        assert await desk.batcher.submit((1, "z")) == "z"

    play(Desk(waiting=2), work)


@pytest.mark.parametrize("persistent", [True, False])
def test_what_is_withdrawn_before_its_commit_is_not_sent_or_given_back(persistent: bool) -> None:
    async def work(desk: Desk) -> None:
        gate = desk.answer = Gated()
        first = desk.batcher.enqueue((1, "first"))
        await until(lambda: bool(desk.asked))
        second, third = desk.batcher.enqueue((1, "second")), desk.batcher.enqueue((1, "third"))
        second.cancel()
        first.cancel()
        gate.go.set()
        assert await third == "third"
        sent = [(1, "third")] if persistent else [(1, "second"), (1, "third")]
        assert desk.asked == [[(1, "first")], sent]
        given_back = ["first"] if persistent else ["first", "second"]
        assert desk.abandoned == [((1, name), name) for name in given_back]

    play(Desk(persistent=persistent), work)


def test_what_is_left_without_a_result_is_dropped() -> None:
    async def none_for_odd(items: list[Item], skip_locked: bool) -> list[str | None]:
        return [None if whose % 2 else name for whose, name in items]

    async def work(desk: Desk) -> None:
        [odd, even] = await desk.results((1, "odd"), (2, "even"))
        assert (type(odd), even) == (Dropped, "even")

    play(Desk(none_for_odd), work)


def test_a_row_that_is_refused_takes_no_other_with_it() -> None:
    async def no_bad(items: list[Item], skip_locked: bool) -> list[str | None]:
        if any(name == "bad" for _, name in items):
            raise psycopg.DataError("bad")
        return [name for _, name in items]

    async def work(desk: Desk) -> None:
        names = ["a", "b", "bad", "c", "d"]
        found = await desk.results(*((place, name) for place, name in enumerate(names)))
        assert [each if isinstance(each, str) else type(each) for each in found] == [
            *("a", "b", psycopg.DataError, "c", "d")
        ]
        gone = desk.batcher.enqueue((1, "bad"))
        gone.cancel()
        assert await desk.batcher.submit((2, "after")) == "after"
        assert (len(desk.sessions), desk.losses()) == (1, 0)

    play(Desk(no_bad), work)


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (psycopg.OperationalError("gone"), False),
        (psycopg.InterfaceError("gone"), False),
        (OSError("gone"), False),
        (psycopg.errors.QueryCanceled("slow"), True),
    ],
    ids=["gone", "closed", "network", "slow"],
)
def test_a_batch_that_is_lost_is_dropped_and_the_next_has_a_session(error: Exception, kept: bool) -> None:
    async def work(desk: Desk) -> None:
        [lost] = await desk.results((1, "lost"))
        assert (type(lost), str(lost), desk.losses()) == (Dropped, desk.name, 1)
        assert await desk.batcher.submit((1, "next")) == "next"
        assert desk.asked == [[(1, "lost")], [(1, "next")]]
        assert (desk.used[0] is desk.used[1], len(desk.sessions)) == (kept, 1 if kept else 2)
        assert desk.sessions[0].closed is not kept

    play(Desk(failing(1, error)), work)


def test_a_database_that_does_not_write_is_known_of() -> None:
    degraded.note(UNWRITABLE, held=False)

    async def work(desk: Desk) -> None:
        await desk.results((1, "x"))
        assert not degraded.holds(UNWRITABLE)
        for error in (psycopg.errors.ReadOnlySqlTransaction("copy"), psycopg.errors.DiskFull("full")):
            desk.answer = failing(1, error)
            await desk.results((1, "x"))
            assert degraded.holds(UNWRITABLE)
            degraded.note(UNWRITABLE, held=False)

    play(Desk(failing(1, psycopg.OperationalError("gone"))), work)


def test_a_lasting_batch_is_sent_again_with_growing_pauses(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batcher, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(batcher, "LAST_PAUSE", 0.08)
    degraded.note(DATABASE, held=False)

    async def work(desk: Desk) -> None:
        desk.away = 3
        assert await desk.results((2, "b"), (1, "a")) == ["b", "a"]
        assert pauses == [0.02, 0.04, 0.08, 0.08, 0.08, 0.08]
        assert desk.asked == [[(1, "a"), (2, "b")]] * 4
        assert (desk.losses(), len(desk.sessions)) == (6, 4)
        assert degraded.holds(DATABASE)
        degraded.note(DATABASE, held=False)

    play(Desk(failing(3, psycopg.OperationalError("gone")), persistent=True), work)


def test_what_nobody_wants_any_more_is_not_sent_again() -> None:
    async def work(desk: Desk) -> None:
        first, second = desk.batcher.enqueue((1, "a")), desk.batcher.enqueue((1, "b"))
        await until(lambda: bool(desk.asked))
        first.cancel()
        assert await second == "b"
        third = desk.batcher.enqueue((1, "c"))
        await until(lambda: len(desk.asked) == 3)
        third.cancel()
        assert await desk.batcher.submit((1, "d")) == "d"
        assert desk.asked == [[(1, "a"), (1, "b")], [(1, "b")], [(1, "c")], [(1, "d")]]

    losing = [True, False, True, False]

    async def answer(items: list[Item], skip_locked: bool) -> list[str | None]:
        if losing.pop(0):
            raise psycopg.OperationalError("gone")
        return [name for _, name in items]

    play(Desk(answer, persistent=True), work)
