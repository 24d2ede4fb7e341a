"""Settlements on their way: an answer waits for a commit, five seconds at most, and hears once of what came of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings

from billing import journal, settling
from billing.arrears import Arrears
from billing.batcher import Batcher, Dropped
from billing.late import Outcome
from billing.settlement import Settlement
from billing.settling import Settling
from kernel import drain, ids, postgres

from .test_gate import settlement

pytestmark = pytest.mark.usefixtures("committed")

BOUND_S = 30
Heard = list[tuple[Settlement, Outcome | None]]


class Scene:
    """Settlements into a database that commits when it is told to, and a clock that moves when it is told to."""

    def __init__(self, *, persistent: bool = True) -> None:
        self.heard: Heard = []
        self.now = 100.0
        self.looks = 0
        self.commits = asyncio.Event()
        self.error: Exception | None = None
        self.batcher: Batcher[Settlement, Outcome] = Batcher(
            "test",
            commit=self._commit,
            order=lambda item: 1,
            connect=_connect,
            persistent=persistent,
            batch=1,
        )
        self.arrears = Arrears(connect=_away, settled=lambda request, outcome: None)
        self.settling = Settling(self.batcher, self.arrears, ended=lambda *said: self.heard.append(said))

    def monotonic(self) -> float:
        self.looks += 1
        return self.now

    async def looked(self) -> None:
        """Wait until it was looked twice from now on for what is overdue."""
        enough = self.looks + 2
        while self.looks < enough:
            await asyncio.sleep(0.02)

    async def _commit(
        self, connection: psycopg.AsyncConnection[Any], items: Sequence[Settlement], /, *, skip_locked: bool
    ) -> list[Outcome | None]:
        await self.commits.wait()
        if self.error is not None:
            raise self.error
        return ["settled" for _ in items]


async def _connect(lock_seconds: float = 1.0) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True)


async def _away() -> psycopg.AsyncConnection[Any]:
    raise psycopg.OperationalError("away")


@asynccontextmanager
async def playing(scene: Scene, *, disk: bool) -> AsyncIterator[None]:
    await scene.batcher.start()
    if disk:
        await scene.arrears.start()
    scene.settling.start()
    try:
        async with asyncio.timeout(BOUND_S):
            yield
    finally:
        scene.commits.set()
        await scene.settling.stop()
        await scene.batcher.stop()
        await scene.arrears.stop()


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    monkeypatch.setattr(settings, "JOURNAL_DIR", str(tmp_path))

    def run(work: Callable[[Scene], Awaitable[None]], *, disk: bool = True, persistent: bool = True) -> None:
        async def within() -> None:
            scene = Scene(persistent=persistent)
            monkeypatch.setattr(settling, "time", SimpleNamespace(monotonic=scene.monotonic))
            async with playing(scene, disk=disk):
                await work(scene)

        async_to_sync(within)()

    return run


def item() -> Settlement:
    return settlement(ids.request_id(), 1)


def test_what_is_committed_is_heard_of_with_its_outcome(play: Callable[..., None]) -> None:
    async def work(scene: Scene) -> None:
        owed = item()
        durable = scene.settling.owe(owed)
        assert not await drain.settled(within=0.1)
        assert not durable.done()
        scene.commits.set()
        await durable
        assert await drain.settled(within=10)
        assert scene.heard == [(owed, "settled")]
        scene.now += 1_000
        await scene.looked()
        assert (scene.heard, len(scene.arrears)) == ([(owed, "settled")], 0)

    play(work)


def test_what_is_not_committed_in_five_seconds_is_journalled_and_nothing_younger(
    play: Callable[..., None], tmp_path: Path
) -> None:
    async def work(scene: Scene) -> None:
        first, second = item(), item()
        earlier = scene.settling.owe(first)
        scene.now += 2
        later = scene.settling.owe(second)
        scene.now += 2.9
        await scene.looked()
        assert (scene.heard, len(scene.arrears)) == ([], 0)
        scene.now = 105.0
        await earlier
        assert (scene.heard, len(scene.arrears), later.done()) == ([(first, None)], 1, False)
        [path] = tmp_path.iterdir()
        assert [journal.read(line) for line in path.read_bytes().splitlines()] == [first]
        scene.commits.set()
        await later
        await scene.looked()
        assert scene.heard == [(first, None), (second, "settled")]

    play(work)


def test_it_is_looked_for_a_few_times_a_second_until_the_end(play: Callable[..., None]) -> None:
    async def work(scene: Scene) -> None:
        began, before = asyncio.get_running_loop().time(), scene.looks
        await scene.looked()
        # A slow machine may look less often; nothing makes it look more often.
        took = asyncio.get_running_loop().time() - began
        assert scene.looks - before <= took / settling.LOOK_SECONDS + 1
        await scene.settling.stop()
        before = scene.looks
        await asyncio.sleep(4 * settling.LOOK_SECONDS)
        assert scene.looks == before

    play(work)


def test_what_no_disk_takes_waits_for_the_database_and_is_heard_of_then(play: Callable[..., None]) -> None:
    async def work(scene: Scene) -> None:
        owed = item()
        durable = scene.settling.owe(owed)
        scene.now += 5
        await scene.looked()
        assert (durable.done(), scene.heard) == (False, [])
        scene.commits.set()
        await durable
        assert scene.heard == [(owed, "settled")]

    play(work, disk=False)


def test_what_the_database_refuses_is_said_to_whoever_waits(play: Callable[..., None]) -> None:
    async def work(scene: Scene) -> None:
        scene.error = psycopg.OperationalError("gone")
        durable = scene.settling.owe(item())
        scene.commits.set()
        with pytest.raises(Dropped):
            await durable
        assert scene.heard == []
        assert await drain.settled(within=10)

    play(work, persistent=False)
