"""The lookout: what it notes of the database, of the journal and of others, and that it takes it back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from pytest_django import Settings
from structlog.testing import capture_logs

from billing import lookout, parts
from billing.lookout import Lookout
from billing.models import Part
from kernel import degraded, modes, postgres

NOWHERE = "host=127.0.0.1 port=9 connect_timeout=2"


@pytest.fixture(autouse=True)
def quick(committed: None, monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    Part.objects.all().delete()
    monkeypatch.setattr(lookout, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(lookout, "KEPT_SECONDS", 0.02)
    settings.JOURNAL_DIR = str(tmp_path)


def looking(*steps: tuple[Callable[[], object], Callable[[], bool]], waiting: int = 0) -> None:
    """Have somebody look, and after each act wait until something is true; nothing is noted after the end."""

    async def go() -> None:
        looks = Lookout("test", journalled=lambda: waiting, about=lambda: {"streams": 3})
        watching = asyncio.create_task(looks.watch())
        try:
            for act, true in steps:
                act()
                async with asyncio.timeout(20):
                    while not true():
                        await asyncio.sleep(0.02)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async_to_sync(go)()
    assert degraded.mine() == []


def nothing() -> None:
    """Do nothing."""


def reach(monkeypatch: pytest.MonkeyPatch, conninfo: str | None) -> Callable[[], None]:
    """Return an act after which new connections go there, or where they belong, and old ones are cut."""
    known = postgres.conninfo

    def act() -> None:
        monkeypatch.setattr(postgres, "conninfo", lambda **said: conninfo or known(**said))

    return act


def told() -> bool:
    """Tell whether the row is there; asked on the loop, so in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_exists).result()


def _exists() -> bool:
    try:
        return Part.objects.filter(name="web test").exists()
    finally:
        connection.close()


def test_a_database_that_takes_no_connections_is_away_until_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    back = reach(monkeypatch, None)
    reach(monkeypatch, NOWHERE)()
    looking(
        (nothing, lambda: degraded.holds(modes.DATABASE)),
        (back, lambda: not degraded.holds(modes.DATABASE)),
    )


def test_a_database_that_takes_no_writes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    read_only = postgres.conninfo().replace("synchronous_commit=on", "default_transaction_read_only=on")
    reach(monkeypatch, read_only)()
    looking((nothing, lambda: degraded.mine() == ["database-unwritable"]))
    assert not Part.objects.exists()


def test_what_waits_in_the_journal_and_what_needs_a_person_is_told(tmp_path: Path) -> None:
    (tmp_path / "settlements-1.kept").write_text("")
    looking((nothing, lambda: degraded.mine() == ["journal", "journal-kept"]), waiting=2)


def test_others_are_heard_by_what_they_say_and_are_not_this_process() -> None:
    parts.tell("web", {"modes": ["redis"]}, name="here, under another name")
    Part.objects.update(pid=1)
    looking((nothing, lambda: [held.mode.name for held in degraded.current()] == ["redis"]))


def test_this_process_tells_how_it_is() -> None:
    looking((nothing, told), waiting=2)
    said = Part.objects.get(name="web test").said
    assert (said["modes"], said["journalled"], said["streams"]) == (["journal"], 2, 3)


def test_a_look_that_goes_wrong_is_told_and_another_is_made() -> None:
    wrong = iter([True])

    def about() -> dict[str, int]:
        if next(wrong, False):
            raise ValueError("what nobody thought of")
        return {}

    async def go() -> None:
        watching = asyncio.create_task(Lookout("test", journalled=lambda: 0, about=about).watch())
        async with asyncio.timeout(20):
            while not told():
                await asyncio.sleep(0.02)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    with capture_logs() as lines:
        async_to_sync(go)()
    assert [line["event"] for line in lines] == ["could not look out"]


def test_one_look_tells_of_a_database_that_is_away_and_a_cut_connection_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookout, "TELL_SECONDS", 0.0)
    looks, tell = Lookout("test", journalled=lambda: 0, about=dict), parts.TELL
    cut = "SELECT pg_terminate_backend(pg_backend_pid()), %s::text, %s::text, %s::text, %s::text, %s::text"
    found: list[list[str]] = []

    async def go() -> None:
        for told in (tell, cut, tell):
            monkeypatch.setattr(parts, "TELL", told)
            await looks._look()
            found.append(degraded.mine())
        await looks._hang_up()
        reach(monkeypatch, NOWHERE)()
        await looks._look()
        found.append(degraded.mine())

    with capture_logs() as lines:
        async_to_sync(go)()
    # What was cut may be one connection of many; that none can be made is certain.
    assert found == [[], [], [], ["database"]]
    assert [line["looks"] for line in lines if line["event"] == "the database does not answer"] == [1, 1]
