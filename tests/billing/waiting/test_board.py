"""All of the desk."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.waiting import board
from billing.waiting.board import SOURCES, Board
from billing.waiting.item import Item, Source, Weight
from billing.waiting.marks import Marked
from kernel import clock

pytestmark = pytest.mark.django_db


def test_each_kind_is_read_in_one_query_at_most() -> None:
    for source in SOURCES:
        with CaptureQueriesContext(connection) as queries:
            source.find(clock.now())
        assert len(queries) == (0 if source.name == "journals" else 1), source.name


def item(key: str) -> Item:
    return Item(key, Weight.WAITS, "t", "d", None, None, "Review", "/", "billing.view_move")


def test_what_is_put_off_waits_again_from_the_moment_to_which_it_was() -> None:
    now = clock.now()
    put_off = {"ever": None, "past": now, "still": now + timedelta(seconds=1)}
    every = tuple(board._waiting(item(key), Marked(until=until), now) for key, until in put_off.items())
    told = Board(now, every)
    assert [each.item.key for each in told.present] == ["ever", "past"]
    assert [each.item.key for each in told.away] == ["still"]


def test_a_kind_is_told_again_for_its_seconds_and_then_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MOST_SECONDS", 60.0)
    found: list[Item] = []

    def find(now: datetime) -> list[Item]:
        found.append(item(str(len(found))))
        return found[-1:]

    told = []
    for name, seconds in (("of ten", 10.0), ("of an hour", 3600.0)):
        for at in (0.0, 9.9, 10.0, 59.9, 60.0):
            monkeypatch.setattr("billing.waiting.board.time", SimpleNamespace(monotonic=lambda at=at: at))
            [each] = board._items(Source(name, find, seconds), clock.now())
            told.append(each.key)
    board.forget()
    assert told == ["0", "0", "1", "2", "2", "3", "3", "3", "3", "4"]
