"""Periods are counted from their anchor: without gaps, without overlaps, and without drift."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing.subscriptions import periods
from billing.subscriptions.periods import Period

YEARS_20 = 20 * 12
DAYS = st.dates(date(2000, 1, 1), date(2079, 12, 31))
REPEATING = st.sampled_from([Period.MONTH, Period.WEEK])


@given(anchor=DAYS, period=REPEATING)
@example(anchor=date(2024, 2, 29), period=Period.MONTH)
@example(anchor=date(2025, 1, 31), period=Period.MONTH)
def test_follow_each_other_for_twenty_years_without_a_gap_or_an_overlap(anchor: date, period: str) -> None:
    spans = [periods.span(anchor, number, period) for number in range(YEARS_20)]
    assert spans[0].start == anchor
    assert all(before.end == after.start for before, after in pairwise(spans))
    lengths = {span.days for span in spans}
    assert lengths <= ({7} if period == Period.WEEK else {28, 29, 30, 31})


@given(anchor=DAYS, number=st.integers(0, YEARS_20))
@example(anchor=date(2024, 1, 31), number=13)
def test_of_months_begin_on_the_anchors_day_or_on_the_last_of_a_shorter_month(
    anchor: date, number: int
) -> None:
    start = periods.span(anchor, number).start
    is_last = (start + timedelta(days=1)).day == 1
    assert start.day == anchor.day or (start.day < anchor.day and is_last)
    months = (start.year - anchor.year) * 12 + start.month - anchor.month
    assert months == number


@given(anchor=DAYS, days=st.integers(0, 7400), period=REPEATING)
@example(anchor=date(2025, 1, 31), days=28, period=Period.MONTH)
@example(anchor=date(2025, 1, 31), days=27, period=Period.MONTH)
def test_hold_every_day_in_exactly_one(anchor: date, days: int, period: str) -> None:
    day = anchor + timedelta(days=days)
    number = periods.containing(anchor, day, period)
    span = periods.span(anchor, number, period)
    assert span.start <= day < span.end


def test_from_the_31st_do_not_drift() -> None:
    starts = [periods.span(date(2023, 12, 31), number).start for number in range(6)]
    assert [(start.month, start.day) for start in starts] == [
        (12, 31),
        (1, 31),
        (2, 29),
        (3, 31),
        (4, 30),
        (5, 31),
    ]
    assert periods.span(date(2024, 1, 30), 1).start == date(2024, 2, 29)
    assert periods.span(date(2025, 1, 30), 1).start == date(2025, 2, 28)


def test_before_the_anchor_are_none() -> None:
    with pytest.raises(ValueError, match="anchor"):
        periods.containing(date(2026, 1, 2), date(2026, 1, 1))
    with pytest.raises(ValueError, match="counted from 0"):
        periods.span(date(2026, 1, 1), -1)


def test_that_do_not_repeat_have_no_number() -> None:
    with pytest.raises(ValueError, match="does not repeat"):
        periods.span(date(2026, 1, 1), 0, Period.NONE)
