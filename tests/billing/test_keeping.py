"""What a gate keeps alive: its worker, the notes of open requests, and nothing that nobody serves."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings
from structlog.testing import capture_logs

from billing import gate as gates
from billing.admission import Granted, Refused
from billing.checkpoints import Progress
from billing.gate import Gate, Unavailable
from billing.models import Admission, UsageEvent, Worker
from kernel import clock, failpoints, ids

from . import rows
from .test_admission import ask
from .test_gate import funded

pytestmark = pytest.mark.usefixtures("committed")

BOUND_S = 20
GONE = psycopg.OperationalError("gone")


class Points:
    """How often each failpoint was reached, and what is to go wrong at some."""

    def __init__(self) -> None:
        self.reached: Counter[str] = Counter()
        self.errors: dict[str, Exception] = {}

    def __call__(self, name: str) -> None:
        self.reached[name] += 1
        if name in self.errors:
            raise self.errors[name]

    async def once_more(self, name: str) -> None:
        """Wait until a failpoint is reached again."""
        before = self.reached[name]
        async with asyncio.timeout(BOUND_S):
            while self.reached[name] == before:
                await asyncio.sleep(0.02)


@pytest.fixture
def points() -> Iterator[Points]:
    made = Points()
    failpoints.arm(made)
    yield made
    failpoints.arm(None)


@pytest.fixture(autouse=True)
def places(settings: Settings, tmp_path: Path) -> None:
    settings.JOURNAL_DIR = str(tmp_path)
    settings.WORKER_SILENCE_SECONDS = 3  # a heartbeat a second


def play(work: Callable[[Gate], Awaitable[None]], gate: Gate | None = None) -> None:
    async def run() -> None:
        before = asyncio.all_tasks()
        playing = gate or Gate()
        await playing.start()
        try:
            await work(playing)
        finally:
            await playing.stop()
        assert {task.get_name() for task in asyncio.all_tasks() - before} == set()

    async_to_sync(run)()


async def beats_of(worker: UUID) -> list[float]:
    found = Worker.objects.filter(worker_id=worker).values_list("heartbeat_at", flat=True)
    return [moment.timestamp() async for moment in found]


async def beaten(worker: UUID) -> float:
    """Wait for the next heartbeat and return how long after the one before it came, in seconds."""
    [before] = await beats_of(worker)
    async with asyncio.timeout(BOUND_S):
        while (now := (await beats_of(worker))[0]) == before:
            await asyncio.sleep(0.05)
    return now - before


def test_a_worker_tells_who_it_is_and_that_it_lives() -> None:
    counted: list[float] = []
    made = Gate(count=lambda: counted.append(time.monotonic()))

    async def work(gate: Gate) -> None:
        await beaten(gate.worker_id)  # the first of its rounds, which begin as it has told itself
        assert await beaten(gate.worker_id) > 0.9

    play(work, made)
    row = Worker.objects.get(worker_id=made.worker_id)
    assert (row.host, row.pid, row.draining) == (os.uname().nodename[:100], os.getpid(), False)
    assert counted


def test_a_heartbeat_that_fails_is_tried_again_every_second_whatever_it_was(points: Points) -> None:
    async def work(gate: Gate) -> None:
        await beaten(gate.worker_id)
        began, tried = time.monotonic(), points.reached["heartbeat.begun"]
        [before] = await beats_of(gate.worker_id)
        with capture_logs() as logs:
            for error in (GONE, OSError("gone"), KeyError("ours")):
                points.errors["heartbeat.begun"] = error
                await points.once_more("heartbeat.begun")
        # A slow machine may try less often than once a second; nothing makes it try more often.
        assert points.reached["heartbeat.begun"] - tried <= time.monotonic() - began + 2
        assert "lease keeper failed" in {line["event"] for line in logs}
        assert await beats_of(gate.worker_id) == [before]
        points.errors.clear()
        assert await beaten(gate.worker_id) > 2

    play(work)


def test_what_nobody_serves_is_given_back_and_nothing_else() -> None:
    made, workspace = Gate(), rows.workspace()
    now = clock.now()

    def left(seconds: int, worker: UUID = made.worker_id) -> object:
        return rows.admit(
            workspace, hold=5, stream=True, worker_id=worker, multipliers="3:1400000",
            admitted_at=now - timedelta(seconds=seconds),
        )  # fmt: skip

    orphan, young, others = left(13), left(2), left(13, ids.request_id())
    mine = ask(workspace_id=workspace)

    async def work(gate: Gate) -> None:
        await gate.admit(mine)
        await Admission.objects.filter(request_id=mine.request_id).aupdate(
            admitted_at=now - timedelta(seconds=60)
        )
        async with asyncio.timeout(BOUND_S):
            while not await UsageEvent.objects.filter(workspace_id=workspace).aexists():
                await asyncio.sleep(0.05)
        assert gate.open_requests == 1

    play(work, made)
    event = UsageEvent.objects.get(workspace_id=workspace)
    assert (event.request_id, event.status, event.http_status) == (orphan, "client_gone", 499)
    assert (event.usage_source, event.cost, event.multipliers) == ("none", 0, "3:1400000")
    open_still = Admission.objects.filter(workspace_id=workspace).values_list("request_id", flat=True)
    assert set(open_still) == {young, others, mine.request_id}


def test_only_what_moved_is_noted(points: Points) -> None:
    workspace = rows.workspace()
    item, silent = ask(workspace_id=workspace, stream=True), ask(workspace_id=workspace, stream=True)

    def far(tokens: int, *, begun: bool = True) -> Progress:
        return Progress(workspace, 1, 1, 1, 5, clock.now() if begun else None, tokens, tokens, "")

    async def work(gate: Gate) -> None:
        await gate.admit(item)
        await gate.admit(silent)
        gate.progress(silent.request_id, far(3, begun=False))
        gate.progress(ids.request_id(), far(4))
        gate.progress(item.request_id, far(7))
        await points.once_more("checkpoint.written")
        for _ in range(2):
            await points.once_more("heartbeat.begun")
        assert points.reached["checkpoint.begun"] == 1
        gate.progress(item.request_id, far(9))
        await points.once_more("checkpoint.written")
        assert points.reached["checkpoint.begun"] == 2
        assert gate.open_requests == 2

    play(work)
    assert rows.progress(item.request_id)[1:3] == (9, 9)
    assert rows.progress(silent.request_id)[1:3] == (0, 0)


def test_what_is_not_admitted_is_not_open(points: Points) -> None:
    workspace = funded(100)

    async def work(gate: Gate) -> None:
        with pytest.raises(Refused):
            await gate.admit(ask(workspace_id=workspace, hold=101))
        points.errors["admit.begun"] = GONE
        with pytest.raises(Unavailable):
            await gate.admit(ask(workspace_id=workspace))
        points.errors.clear()
        leaving = asyncio.create_task(gate.admit(ask(workspace_id=workspace)))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert (gate.open_requests, gate.journalled) == (0, 0)
        assert gate.waiting == {"admit": 0, "settle": 0, "extend": 0}

    play(work)


def test_a_greater_hold_is_waited_for_a_while_and_no_longer(
    points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "EXTEND_SECONDS", 0.7)
    workspace = funded(1_000)
    item = ask(workspace_id=workspace, hold=100)

    async def work(gate: Gate) -> None:
        assert isinstance(await gate.admit(item), Granted)
        points.errors["extend.begun"] = GONE
        began = time.monotonic()
        assert await gate.extend(item.request_id, workspace, more=50) == 0
        assert 0.65 < time.monotonic() - began < 10
        assert points.reached["extend.begun"] >= 1
        monkeypatch.setattr(gates, "EXTEND_SECONDS", 20)
        waiting = asyncio.create_task(gate.extend(item.request_id, workspace, more=50))
        await asyncio.sleep(0.1)
        points.errors.clear()
        assert await waiting == 50

    play(work)
    assert Admission.objects.get(request_id=item.request_id).hold == 150
