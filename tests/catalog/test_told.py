"""What was told of a catalogue holds until its next border in time."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog import told
from catalog.told import Told

NOON = datetime(2026, 5, 4, 12, 0, 10, tzinfo=UTC)


def test_an_answer_holds_within_its_minute() -> None:
    answers: Told[str] = Told([])
    answers.at(NOON)["price"] = "1"
    assert answers.at(NOON + timedelta(seconds=49)) == {"price": "1"}
    assert answers.at(NOON + timedelta(seconds=50)) == {}


@pytest.mark.parametrize("border", [NOON + timedelta(seconds=5), NOON + timedelta(microseconds=1)])
def test_an_answer_ends_with_a_dated_border_to_the_microsecond(border: datetime) -> None:
    answers: Told[str] = Told([border, NOON - timedelta(days=3), NOON + timedelta(days=3)])
    answers.at(NOON)["price"] = "1"
    assert answers.at(border - timedelta(microseconds=1)) == {"price": "1"}
    assert answers.at(border) == {}
    answers.at(border)["price"] = "2"
    assert answers.at(border) == {"price": "2"}


def test_a_clock_that_is_set_back_asks_anew() -> None:
    border = NOON + timedelta(seconds=5)
    answers: Told[str] = Told([border])
    answers.at(border)["price"] = "2"
    assert answers.at(NOON) == {}


def test_an_answer_found_in_a_stretch_that_is_over_is_kept_nowhere() -> None:
    answers: Told[str] = Told([])
    old = answers.at(NOON)
    new = answers.at(NOON + timedelta(minutes=1))
    old["price"] = "1"
    assert new == {}


def test_too_many_answers_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "MOST", 3)
    answers: Told[int] = Told([])
    for number in range(3):
        answers.at(NOON)[number] = number
    assert answers.at(NOON) == {}
