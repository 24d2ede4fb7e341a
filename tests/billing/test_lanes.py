"""Lanes: a workspace whose row somebody holds waits by itself, in its order, and comes back to the others after it."""

import asyncio

import psycopg
import pytest

from billing import batcher
from billing.batcher import Dropped

from .test_batcher import Desk, Item, pauses, play, until

__all__ = ["pauses"]

pytestmark = pytest.mark.usefixtures("committed")

STUCK, FREE = 1, 2


class Held:
    """A statement that meets the locked rows of some workspaces; in a lane, alone, it waits for them to be free."""

    def __init__(self, *stuck: int) -> None:
        self.stuck = set(stuck)
        self.free = asyncio.Event()
        self.errors: list[Exception] = []
        self.now = self.most = 0

    async def __call__(self, items: list[Item], skip_locked: bool) -> list[str | None]:
        if {whose for whose, _ in items} <= self.stuck and not skip_locked:
            return await self._alone(items)
        if self.stuck & {whose for whose, _ in items} and not skip_locked:
            raise psycopg.errors.LockNotAvailable("held")
        return [None if whose in self.stuck else name for whose, name in items]

    async def _alone(self, items: list[Item]) -> list[str | None]:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.free.wait()
        finally:
            self.now -= 1
        if self.errors:
            raise self.errors.pop(0)
        return [name for _, name in items]


def held_beside(desk: Desk, *stuck: int) -> tuple[Held, list[asyncio.Future[str]]]:
    """Send something of workspaces that are stuck together with something of one that is not."""
    held = desk.answer = Held(*stuck)
    sent = [desk.batcher.enqueue((whose, f"{whose}-first")) for whose in (*stuck, FREE)]
    return held, sent


def test_a_stuck_workspace_waits_in_a_lane_and_keeps_its_order() -> None:
    async def work(desk: Desk) -> None:
        held, [first, other] = held_beside(desk, STUCK)
        assert await other == f"{FREE}-first"
        await until(lambda: held.now == 1)
        assert (desk.skipped, desk.patience) == ([False, True, False], [0.1, 2.0])
        assert desk.used[1] is not desk.used[2]
        later = [desk.batcher.enqueue((STUCK, name)) for name in ("a", "b", "c")]
        assert await desk.results((FREE, "x"), (FREE, "y")) == ["x", "y"]
        assert (len(desk.batcher), first.done(), held.most) == (3, False, 1)
        held.free.set()
        assert await asyncio.gather(first, *later) == [f"{STUCK}-first", "a", "b", "c"]
        assert desk.asked[2:] == [
            [(STUCK, f"{STUCK}-first")],
            [(FREE, "x")],
            [(FREE, "y")],
            [(STUCK, "a"), (STUCK, "b")],
            [(STUCK, "c")],
        ]
        assert len(desk.sessions) == 2
        await until(lambda: desk.sessions[1].closed)
        await until(lambda: not desk.batcher._lane_tasks)
        held.stuck.clear()
        assert await desk.results((STUCK, "last"), (FREE, "z")) == ["last", "z"]
        assert (desk.asked[-1], desk.skipped[-1]) == ([(STUCK, "last"), (FREE, "z")], False)
        assert (len(desk.batcher), len(desk.sessions)) == (0, 2)

    play(Desk(batch=2), work)


def test_so_many_lanes_wait_in_the_database_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batcher, "LANES", 2)

    async def work(desk: Desk) -> None:
        held, [*stuck, other] = held_beside(desk, 3, 4, 5)
        await other
        await until(lambda: held.now == 2)
        await asyncio.sleep(0.1)
        assert held.most == 2
        held.free.set()
        assert await asyncio.gather(*stuck) == ["3-first", "4-first", "5-first"]
        assert held.most == 2

    play(Desk(), work)


def test_what_a_lane_loses_is_dropped_and_what_came_after_goes_on() -> None:
    async def work(desk: Desk) -> None:
        held, [first, other] = held_beside(desk, STUCK)
        await other
        await until(lambda: held.now == 1)
        held.errors = [psycopg.errors.LockNotAvailable("still held")]
        later = desk.batcher.enqueue((STUCK, "later"))
        held.free.set()
        with pytest.raises(Dropped):
            await first
        assert await later == "later"

    play(Desk(), work)


def test_what_a_lasting_lane_loses_is_sent_again_before_what_came_after(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batcher, "LAST_PAUSE", 0.1)

    async def work(desk: Desk) -> None:
        held, [first, other] = held_beside(desk, STUCK)
        await other
        await until(lambda: held.now == 1)
        held.errors = [psycopg.OperationalError("gone"), psycopg.OperationalError("gone")]
        later = [desk.batcher.enqueue((STUCK, name)) for name in ("a", "b")]
        held.free.set()
        assert await asyncio.gather(first, *later) == [f"{STUCK}-first", "a", "b"]
        assert pauses == [0.1, 0.1]
        sent = [(STUCK, f"{STUCK}-first"), (STUCK, "a"), (STUCK, "b")]
        assert desk.asked[2:] == [sent[:1], sent[:2], sent[:2], sent[2:]]

    play(Desk(batch=2, persistent=True), work)


def test_what_is_withdrawn_from_a_lane_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batcher, "LAST_PAUSE", 0.05)

    async def work(desk: Desk) -> None:
        held, [first, other] = held_beside(desk, STUCK)
        await other
        await until(lambda: held.now == 1)
        held.errors = [psycopg.OperationalError("gone")]
        later = desk.batcher.enqueue((STUCK, "later"))
        first.cancel()
        held.free.set()
        assert await later == "later"
        assert desk.asked[2:] == [[(STUCK, f"{STUCK}-first")], [(STUCK, "later")]]

    play(Desk(persistent=True), work)


def test_the_end_leaves_no_lane_behind() -> None:
    desk = Desk()

    async def work(desk: Desk) -> None:
        held, [first, other] = held_beside(desk, STUCK)
        await other
        await until(lambda: held.now == 1)
        assert not first.done()

    play(desk, work)
    assert len(desk.sessions) == 2  # both closed, as `play` sees
