"""Tests of catalog.declared beside others who read and change the catalogue at the same time."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from catalog.declared import applying, exporting, reading, run
from catalog.models import CatalogRevision, Model, Provider

pytestmark = pytest.mark.usefixtures("committed")

FILE = "tollway: 1\nproviders:\n  race-a: {name: A}\n  race-b: {name: B}\n"


@pytest.fixture(autouse=True)
def cleared(committed: None) -> Iterator[None]:
    """Put away the models of other tests meanwhile: a file is refused where the whole catalogue contradicts itself."""
    active = list(Model.objects.filter(active=True).values_list("pk", flat=True))
    Model.objects.update(active=False)
    yield
    Model.objects.filter(pk__in=active).update(active=True)
    Provider.objects.filter(slug__startswith="race-").delete()


class Beside:
    """Work in another thread, on a connection of its own; its result, or what it raised, is kept."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.result: object = None
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()

    def _run(self, work: Callable[[], object]) -> None:
        try:
            self.result = work()
        except Exception as error:
            self.result = error
        finally:
            connection.close()

    def waits(self) -> bool:
        self._thread.join(0.3)
        return self._thread.is_alive()

    def end(self) -> object:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.result


def seen() -> tuple[int, list[str]]:
    names = Provider.objects.filter(slug__startswith="race-").order_by("slug")
    return CatalogRevision.objects.get().number, list(names.values_list("slug", flat=True))


def test_readers_see_all_of_an_application_or_nothing() -> None:
    before, _ = seen()
    with transaction.atomic():
        applying.apply(reading.read(FILE), {})
        assert Beside(seen).end() == (before, [])
    after, names = seen()
    assert after > before
    assert names == ["race-a", "race-b"]


def test_a_second_application_waits_and_then_finds_it_done() -> None:
    with transaction.atomic():
        applying.apply(reading.read(FILE), {})
        second = Beside(lambda: applying.apply(reading.read(FILE), {}))
        assert second.waits()
    outcome = second.end()
    assert isinstance(outcome, applying.Outcome)
    assert outcome.changes == ()


def test_an_export_waits_for_a_change_that_is_under_way() -> None:
    with transaction.atomic():
        applying.apply(reading.read(FILE), {})
        text = Beside(exporting.export)
        assert text.waits()
    assert "race-b:" in str(text.end())


def test_who_waits_too_long_is_told_to_try_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(run, "_PATIENCE", "200ms")
    file = tmp_path_factory.mktemp("race") / "file.yaml"
    file.write_text(FILE, encoding="utf-8")
    with transaction.atomic():
        run.hold()
        told = Beside(lambda: call_command("catalog", "apply", str(file))).end()
    assert isinstance(told, CommandError)
    assert "another change may be under way, try again" in str(told)
    assert seen()[1] == []
