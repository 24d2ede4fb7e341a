"""A question: its address keeps the whole view, and what cannot be told is said."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.billing.exploring.asking import question

WHOLE = (
    "?metric=tokens-out&by=key&per=week&range=days&shape=lines&compare=1&zone=utc"
    "&first=2026-09-01&last=2026-11-20&key=3&key=5&model=route%2Fone&provider=fake&tag=nightly+run"
)


def test_question_is_thirty_days_of_spend_by_model_unless_told_otherwise() -> None:
    asked = question()
    assert asked.title == "Spend by model per day, 24 Oct – 22 Nov"
    assert asked.address == "?"


def test_question_comes_back_whole_from_the_address_it_writes() -> None:
    asked = question(WHOLE)
    assert question(asked.address) == asked
    assert set(asked.address.lstrip("?").split("&")) == set(WHOLE.lstrip("?").split("&"))


def test_question_reads_aloud_as_its_controls_stand() -> None:
    assert question(WHOLE).title == "Tokens out by key per week, 1 Sep – 20 Nov"
    assert question("?by=none&range=today").title == "Spend per day, 22 Nov"


@pytest.mark.parametrize(
    ("stretch", "first", "last"),
    [
        ("today", date(2026, 11, 22), date(2026, 11, 22)),
        ("7d", date(2026, 11, 16), date(2026, 11, 22)),
        ("month", date(2026, 11, 1), date(2026, 11, 22)),
        ("last-month", date(2026, 10, 1), date(2026, 10, 31)),
    ],
)
def test_question_of_a_stretch_has_its_days(stretch: str, first: date, last: date) -> None:
    days = question(f"?range={stretch}").days
    assert (days.first, days.last) == (first, last)


def test_question_of_today_is_of_the_day_that_the_zone_has() -> None:
    late = datetime(2026, 11, 22, 23, tzinfo=ZoneInfo("UTC"))
    assert question("?range=today", zone="Asia/Tokyo", now=late).days.first == date(2026, 11, 23)
    assert question("?range=today&zone=utc", zone="Asia/Tokyo", now=late).days.first == date(2026, 11, 22)


def test_question_compares_with_as_many_days_right_before() -> None:
    before = question("?range=7d").before
    assert (before.first, before.last) == (date(2026, 11, 9), date(2026, 11, 15))


def test_question_of_more_hours_than_are_told_is_told_by_day_and_says_so() -> None:
    assert question("?per=hour&range=7d").per == "hour"
    asked = question("?per=hour&range=84d")
    assert asked.per == "day"
    assert asked.note.endswith("These are days.")


def test_question_of_a_share_is_drawn_as_lines() -> None:
    assert question("?metric=errors&shape=stacked").shape == "lines"


def test_question_adds_and_takes_away_one_name_at_a_time() -> None:
    asked = question("?key=3").narrower("key", "5").narrower("key", "5")
    assert asked.keys == ("3", "5")
    assert asked.less("key", "3").keys == ("5",)


@pytest.mark.parametrize(
    "address",
    [
        *("metric=beauty", "by=colour", "per=minute", "range=99y", "shape=pie"),
        *("range=days", "range=days&first=2026-11-20&last=2026-11-01", "range=days&first=1999-01-01&last=2026-11-01"),
        "&".join(f"tag={number}" for number in range(21)),
    ],
)  # fmt: skip
def test_question_refuses_what_it_does_not_know_and_names_the_field(address: str) -> None:
    with pytest.raises(ValueError, match=r"^(metric|by|per|range|shape|first|last|tag): "):
        question(address)
