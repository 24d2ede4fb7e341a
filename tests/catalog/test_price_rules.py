"""Tests of catalog.price_rules: what a new price is held against."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.price_rules import beneath, jumps, lacking, losses
from catalog.pricing import Factor, RateCard
from catalog.timetable import Timetable, Version

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def card(**rates: int) -> RateCard:
    return RateCard(1, {name: ((0, rate),) for name, rate in rates.items()})


@pytest.mark.parametrize(
    ("old", "new", "times"),
    [
        (100, 500, None),
        (100, 501, "5 times dearer"),
        (500, 100, None),
        (501, 100, "5 times cheaper"),
        (100, 1_250, "12.5 times dearer"),
        (1, 10**6, "1,000,000 times dearer"),
        (0, 1, "from nothing"),
        (1, 0, "to nothing"),
        (0, 0, None),
    ],
)
def test_a_jump_is_more_than_five_times(old: int, new: int, times: str | None) -> None:
    found = jumps(card(input=new), card(input=old))
    assert [jump.times for jump in found] == ([times] if times else [])


def test_a_jump_is_looked_for_at_each_step() -> None:
    old = RateCard(1, {"input": ((0, 100), (200_000, 200))})
    new = RateCard(2, {"input": ((0, 100), (128_000, 900))})
    assert [(jump.above, jump.old, jump.new) for jump in jumps(new, old)] == [(128_000, 100, 900)]
    assert jumps(new, card(output=1)) == ()


def test_a_class_that_the_standard_price_has_is_missed() -> None:
    assert lacking(card(input=1), card(input=2, cached=1, output=3)) == ("cached", "output")
    assert lacking(card(input=1, output=2), card(input=1)) == ()


def test_the_price_beneath_is_the_standard_one_in_force_when_it_begins() -> None:
    def version(number: int, since: datetime, kind: str = "standard") -> Version:
        return Version(RateCard(number, {}), since, since + 9 * DAY if kind != "standard" else None, kind)

    known = Timetable((version(1, START), version(2, START + 2 * DAY), version(3, START, "promotion")))
    for since, number in ((START, 1), (START + DAY, 1), (START + 2 * DAY, 2), (START + 9 * DAY, 2)):
        found = beneath(known, version(0, since, "promotion"))
        assert found is not None
        assert found.card.version_id == number
    assert beneath(known, version(0, START - DAY)) is None
    itself = beneath(known, version(2, START + 2 * DAY))
    assert itself is not None
    assert itself.card.version_id == 1


def test_a_loss_is_named_by_provider_and_class_after_factors() -> None:
    costs = {"one": card(input=150, output=90), "two": card(input=50, cached=120)}
    assert list(losses(card(input=100, output=100), costs, ())) == [("one", "input"), ("two", "cached")]
    assert list(losses(card(input=100, output=100), costs, (Factor(1, 2_000_000),))) == []
