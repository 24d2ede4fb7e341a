"""Patches: whole UTC days, less what is moved out, plus what is moved in, are the spans to the quarter."""

import datetime
from collections import Counter
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.statements import Cut, Step, cut
from billing.statements.patches import patches
from tests.billing.statements.zones import CASES, QUARTER

DAY = datetime.timedelta(days=1)
any_zone = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
any_step = st.sampled_from(["day", "week", "month", "all"])


def quarters(begins: datetime.datetime, ends: datetime.datetime) -> list[datetime.datetime]:
    begins, ends = begins.astimezone(datetime.UTC), ends.astimezone(datetime.UTC)
    return [begins + QUARTER * number for number in range((ends - begins) // QUARTER)]


def put_together(made: Cut) -> Counter[tuple[int, datetime.datetime]]:
    """Count each quarter in each slot, as the statement does with its rows."""
    found: Counter[tuple[int, datetime.datetime]] = Counter()
    patched = patches(made)
    for number, slot in enumerate(patched.slots):
        midnight = datetime.datetime.combine(patched.first + number * DAY, datetime.time(), datetime.UTC)
        found.update((slot, quarter) for quarter in quarters(midnight, midnight + DAY))
    for move in patched.moves:
        for quarter in quarters(move.begins, move.ends):
            found[move.into, quarter] += 1
            found[move.out_of, quarter] -= 1
    return Counter({place: count for place, count in found.items() if count and place[0]})


def are_the_spans(made: Cut) -> None:
    expected = Counter(
        (slot, quarter)
        for slot, span in enumerate(made.spans, start=1)
        for quarter in quarters(span.begins, span.ends)
    )
    assert put_together(made) == expected


@pytest.mark.parametrize(("name", "day"), CASES)
def test_are_the_spans_around_a_switch_of_clocks(name: str, day: datetime.date) -> None:
    for length in (1, 2, 5):
        made = cut(
            day - DAY, day + length * DAY, zone=ZoneInfo(name), by="day",
            now=datetime.datetime.combine(day + 9 * DAY, datetime.time(), datetime.UTC),
        )  # fmt: skip
        are_the_spans(made)


@given(any_zone, st.dates(datetime.date(2025, 1, 1), datetime.date(2035, 1, 1)), st.integers(1, 70), any_step)
def test_are_the_spans_of_any_zone(zone: ZoneInfo, first: datetime.date, days: int, by: Step) -> None:
    last = first + (days - 1) * DAY
    now = datetime.datetime.combine(last + 2 * DAY, datetime.time(), datetime.UTC)
    are_the_spans(cut(first, last, zone=zone, by=by, now=now))


def test_move_nothing_of_utc_days_and_little_of_others() -> None:
    first, now = datetime.date(2026, 11, 1), datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC)
    last = first + 29 * DAY
    whole = patches(cut(first, last, zone=ZoneInfo("UTC"), by="day", now=now))
    assert (whole.slots, whole.moves) == (tuple(range(1, 31)), ())
    days = patches(cut(first, last, zone=ZoneInfo("Asia/Kolkata"), by="day", now=now))
    assert {move.ends - move.begins for move in days.moves} == {datetime.timedelta(hours=5, minutes=30)}
    assert len(days.moves) == 31
    west = patches(cut(first + 9 * DAY, last, zone=ZoneInfo("America/New_York"), by="day", now=now))
    assert {move.ends - move.begins for move in west.moves} == {datetime.timedelta(hours=5)}
    assert len(patches(cut(first, last, zone=ZoneInfo("Asia/Kolkata"), by="all", now=now)).moves) == 2
