"""Replays of a journal: tried with pauses while the database is away, line by line where one is torn, and told of."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from structlog.testing import capture_logs

from billing import arrears
from billing.arrears import Arrears
from billing.late import Outcome
from billing.settlement import Settlement
from kernel import postgres

from . import rows
from .test_gate import settlement
from .test_journal import left_behind

pytestmark = pytest.mark.usefixtures("committed")

BOUND_S = 20


class Till:
    """A journal before a database that may be away, what it heard, and how often it asked."""

    def __init__(self) -> None:
        self.away = True
        self.asked = 0
        self.heard: list[tuple[UUID, Outcome]] = []
        self.arrears = Arrears(connect=self._connect, settled=lambda *said: self.heard.append(said))

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        self.asked += 1
        if self.away:
            raise psycopg.OperationalError("away")
        conninfo = postgres.conninfo(lock_seconds=0.2)
        return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)

    async def asked_twice(self) -> None:
        """Wait until the database was asked twice from now on: once at least in vain, where it is away."""
        enough = self.asked + 2
        async with asyncio.timeout(BOUND_S):
            while self.asked < enough:
                await asyncio.sleep(0.02)

    async def empty(self) -> None:
        async with asyncio.timeout(BOUND_S):
            while len(self.arrears) or self.arrears._replayed:  # which it has told when it is none
                await asyncio.sleep(0.02)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    monkeypatch.setattr(settings, "JOURNAL_DIR", str(tmp_path))

    def run(work: Callable[[Till], Awaitable[None]]) -> list[dict[str, Any]]:
        async def within() -> None:
            till = Till()
            await till.arrears.start()
            try:
                await work(till)
            finally:
                await till.arrears.stop()

        with capture_logs() as logs:
            async_to_sync(within)()
        return [dict(line) for line in logs]

    return run


def owed(workspace: int) -> Settlement:
    return settlement(rows.admit(workspace), workspace)


def said(logs: list[dict[str, Any]], event: str, *fields: str) -> list[Any]:
    found = [tuple(line.get(name) for name in fields) for line in logs if line["event"] == event]
    return [each[0] if len(fields) == 1 else each for each in found]


def test_a_database_that_is_away_is_asked_now_and_then_until_all_is_settled(
    play: Callable[..., list[dict[str, Any]]],
) -> None:
    items = [owed(rows.workspace()) for _ in range(3)]

    async def work(till: Till) -> None:
        assert [await till.arrears.take(item) for item in items[:2]] == [True, True]
        began = asyncio.get_running_loop().time()
        await till.asked_twice()
        often = 2 + (asyncio.get_running_loop().time() - began) / arrears.FIRST_PAUSE
        assert (till.asked <= often, len(till.arrears), till.heard) == (True, 2, [])
        till.away = False
        await till.empty()
        assert await till.arrears.take(items[2])
        async with asyncio.timeout(arrears.LOOK_SECONDS * 2 / 3):  # well before it is next looked
            while len(till.heard) < 3:
                await asyncio.sleep(0.02)
        await till.empty()

    logs = play(work)
    assert [rows.count("billing_usage_event", item.workspace_id) for item in items] == [1, 1, 1]
    assert said(logs, "the journal is empty again", "settled") == [2, 1]
    assert said(logs, "journal waits", "settlements")[-1] == 2
    assert said(logs, "the journal is left", "settlements") == []


def test_a_line_that_the_disk_does_not_give_back_takes_no_other_with_it(
    play: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    items = [owed(rows.workspace()) for _ in range(3)]

    async def work(till: Till) -> None:
        for item in items:
            await till.arrears.take(item)
        [path] = tmp_path.iterdir()
        whole = path.read_bytes().splitlines(keepends=True)
        with path.open("r+b") as file:
            file.write(whole[0] + whole[1].replace(b"upstream", b"downward", 1))
        till.away = False
        await till.empty()
        assert {request for request, _ in till.heard} == {items[0].request_id, items[2].request_id}

    logs = play(work)
    assert said(logs, "a journalled settlement is refused", "request_id") == [str(items[1].request_id)]
    assert [path.suffix for path in tmp_path.iterdir()] == [".kept"]


def test_a_journal_that_cannot_be_read_is_told_of_and_keeps_up_no_other(
    play: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    (tmp_path / "settlements-0000.jsonl").mkdir()
    item = owed(rows.workspace())
    path = left_behind(tmp_path, item)

    async def work(till: Till) -> None:
        till.away = False
        async with asyncio.timeout(BOUND_S):
            while path.exists():
                await asyncio.sleep(0.02)

    logs = play(work)
    assert rows.event_ids(item.workspace_id) == {item.request_id}
    assert said(logs, "a journal cannot be read", "path") == [str(tmp_path / "settlements-0000.jsonl")]
    assert said(logs, "settlements of a dead process wait", "settlements") == [1]


def test_whose_account_is_held_is_told(
    play: Callable[..., list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrears, "FIRST_PAUSE", 0.05)
    stuck = owed(rows.workspace())

    async def work(till: Till) -> None:
        till.away = False
        async with rows.holding(stuck.workspace_id):
            await till.arrears.take(stuck)
            await till.asked_twice()
            assert till.heard == []
        await till.empty()
        assert till.heard == [(stuck.request_id, "settled")]

    logs = play(work)
    assert set(said(logs, "journal waits", "workspace", "error")) == {
        (stuck.workspace_id, "LockNotAvailable")
    }


def test_what_waits_at_the_end_is_left_for_the_next_and_told(
    play: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    item = owed(rows.workspace())

    async def work(till: Till) -> None:
        await till.arrears.take(item)

    logs = play(work)
    [path] = tmp_path.iterdir()
    assert said(logs, "the journal is left", "settlements", "path") == [(1, str(path))]
    assert said(logs, "the database is away: settlements are journalled", "path") == [str(path)]
