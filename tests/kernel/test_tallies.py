"""Tallies: what is counted is what is told, in units and buckets as they were declared."""

import pytest

from kernel import tallies
from kernel.tallies import Count, Level, Spread, Total


@pytest.fixture(autouse=True)
def nothing_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "_declared", {})


def test_counts_add_up_by_their_labels() -> None:
    count = Count("calls", "Calls.", ("who",))
    for who in ("one", "other", "one"):
        count.add(who)
    assert tallies.told() == {"calls": [["one", 2], ["other", 1]]}


def test_money_is_kept_in_integers_and_told_in_units() -> None:
    count = Count("usd", "Money.", scale=10**9)
    for _ in range(3):
        count.add(by=100_000_000)
    assert count.told() == [[0.3]]


def test_a_figure_falls_into_the_first_bucket_that_reaches_it() -> None:
    spread = Spread("seconds", "Time.", bounds=(1, 2, 5))
    for figure in (0.5, 1, 1.5, 5, 70):
        spread.note(figure)
    assert spread.told() == [[[2, 1, 1, 1, 78.0]]]


def test_levels_and_totals_are_asked_for() -> None:
    Level("open", "Open.", ("pool",), read=lambda: {("a",): 3})
    Total("used", "Used.", read=lambda: {(): 1.5})
    assert tallies.told() == {"open": [["a", 3]], "used": [[1.5]]}
    assert {name: each.kind for name, each in tallies.declared().items()} == {
        "open": "gauge",
        "used": "counter",
    }


def test_what_was_not_counted_is_not_told_but_for_what_has_no_labels() -> None:
    Count("calls", "Calls.", ("who",))
    Count("all", "All calls.")
    Spread("seconds", "Time.")
    assert tallies.told() == {"all": [[0]]}
