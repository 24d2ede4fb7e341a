"""What is replayed from a journal keeps up nothing else, and is never thrown away unsettled."""

import asyncio
from pathlib import Path

import pytest
from django.conf import settings

from billing import arrears, journal, settling
from billing.arrears import journal_can_be_written
from billing.gate import Gate
from billing.journal import Journal
from billing.settlement import Settlement
from kernel import ids

from . import rows
from .test_admission import ask
from .test_gate import settlement, with_gate
from .test_journal import left_behind

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(settings, "JOURNAL_DIR", str(tmp_path))
    return tmp_path


async def until_waiting(work: Gate, number: int) -> None:
    async with asyncio.timeout(15):
        while work.journalled != number:
            await asyncio.sleep(0.05)


def owed(workspace: int, **fields: object) -> Settlement:
    return settlement(rows.admit(workspace), workspace, **fields)


def test_a_line_that_the_database_refuses_or_does_not_know_is_kept(directory: Path) -> None:
    workspace = rows.workspace()
    good, refused = owed(workspace), owed(workspace, attempts=2**20)
    unknown = settlement(ids.request_id(), workspace)
    path = left_behind(directory, refused, unknown, good)

    async def work(running: Gate) -> None:
        async with asyncio.timeout(15):
            while not path.with_suffix(".kept").exists():
                await asyncio.sleep(0.05)

    with_gate(work)
    kept = path.with_suffix(".kept").read_bytes().splitlines()
    assert {refused, unknown} <= {journal.read(text) for text in kept}
    assert rows.event_ids(workspace) == {good.request_id}
    assert [place.suffix for place in directory.iterdir()] == [".kept"]


def test_a_locked_account_keeps_up_no_other(directory: Path) -> None:
    stuck, free = rows.workspace(), rows.workspace()
    path = left_behind(directory, owed(stuck), owed(free))

    async def work(running: Gate) -> None:
        async with rows.holding(stuck):
            async with asyncio.timeout(10):
                while not await asyncio.to_thread(rows.count_apart, "billing_usage_event", free):
                    await asyncio.sleep(0.05)
            assert await asyncio.to_thread(rows.count_apart, "billing_usage_event", stuck) == 0
        async with asyncio.timeout(15):
            while path.exists():
                await asyncio.sleep(0.05)

    with_gate(work)
    assert rows.count("billing_usage_event", stuck) == 1


def test_what_is_settled_only_after_a_while_waits_in_the_journal(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "COMMIT_SECONDS", 0.3)
    workspace = rows.workspace()

    async def work(running: Gate) -> None:
        asked = [ask(workspace_id=workspace, minute_cap=None) for _ in range(5)]
        await asyncio.gather(*(running.admit(item) for item in asked))
        async with rows.holding(workspace):
            await asyncio.gather(*(running.settle(settlement(item.request_id, workspace)) for item in asked))
            assert (running.journalled, running.open_requests) == (5, 5)
        await until_waiting(running, 0)
        assert running.open_requests == 0

    with_gate(work)
    assert rows.sums(workspace)[:2] == (5, 5 * 7)
    assert set(rows.findings(workspace)) == {"Cost"}, "their price is made up, and nothing else"
    assert list(directory.iterdir()) == []


def test_a_full_disk_has_answers_wait_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "COMMIT_SECONDS", 0.3)
    workspace = rows.workspace()

    def full(mine: Journal, items: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Journal, "append", full)

    async def work(running: Gate) -> None:
        item = ask(workspace_id=workspace)
        await running.admit(item)
        async with rows.holding(workspace):
            settling = asyncio.create_task(running.settle(settlement(item.request_id, workspace)))
            await asyncio.sleep(1)
            assert not settling.done()
        await settling

    with_gate(work)
    assert rows.count("billing_usage_event", workspace) == 1


def test_a_process_that_dies_later_is_inherited_by_the_living(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrears, "LOOK_SECONDS", 0.2)
    workspace = rows.workspace()
    item = owed(workspace)

    async def work(running: Gate) -> None:
        await asyncio.sleep(0.5)
        path = await asyncio.to_thread(left_behind, directory, item)
        async with asyncio.timeout(10):
            while path.exists():
                await asyncio.sleep(0.05)

    with_gate(work)
    assert rows.event_ids(workspace) == {item.request_id}


def test_a_directory_that_cannot_be_made_is_an_error_of_the_check(
    monkeypatch: pytest.MonkeyPatch, directory: Path
) -> None:
    monkeypatch.setattr(settings, "JOURNAL_DIR", str(directory / "not" / "yet"))
    assert journal_can_be_written() == []
    (directory / "file").touch()
    monkeypatch.setattr(settings, "JOURNAL_DIR", str(directory / "file" / "below"))
    assert [found.id for found in journal_can_be_written()] == ["billing.E005"]
