"""The pace: fixed series give fixed figures, and what is expected lies in its range."""

import datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.statements.pace import Range, month_end, pace

SUNDAY = datetime.date(2026, 11, 15)  # the week before began on Monday the 9th
WEEK = [100, 100, 100, 100, 100, 20, 20]  # Monday to Sunday: 540
series = st.lists(st.integers(0, 10**15), max_size=40)


def test_of_nothing_is_none() -> None:
    assert pace([], last=SUNDAY) is None
    assert pace([0] * 28, last=SUNDAY) is None


def test_is_the_mean_of_the_last_seven_days_between_the_slowest_and_busiest_week() -> None:
    found = pace([day * factor for factor in (1, 3, 2, 2) for day in WEEK], last=SUNDAY)
    assert found is not None
    assert (found.usual, found.slow, found.busy, found.days) == (
        Fraction(1080, 7),
        Fraction(540, 7),
        Fraction(1620, 7),
        28,
    )
    assert found.on(SUNDAY) == Fraction(7 * 160, 8 * 540)
    assert found.on(SUNDAY + datetime.timedelta(days=1)) == Fraction(7 * 800, 8 * 540)
    assert sum(found.shape) == 7


def test_looks_at_28_days_only_and_begins_with_the_first_use() -> None:
    assert pace([10**9] * 3 + WEEK * 4, last=SUNDAY) == pace(WEEK * 4, last=SUNDAY)
    assert pace([0] * 20 + [50] * 8, last=SUNDAY) == pace([50] * 8, last=SUNDAY)


def test_has_no_shape_before_each_weekday_was_seen_twice() -> None:
    for days, even in ((13, True), (14, False)):
        found = pace((WEEK * 4)[-days:], last=SUNDAY)
        assert found is not None
        assert (set(found.shape) == {Fraction(1)}) is even


def test_has_an_even_shape_where_its_whole_weeks_cost_nothing() -> None:
    found = pace([5] + [0] * 14, last=SUNDAY)
    assert found is not None
    assert (found.usual, set(found.shape)) == (Fraction(0), {Fraction(1)})
    least = pace([1] + [0] * 13, last=SUNDAY)
    assert least is not None
    assert [least.on(SUNDAY + datetime.timedelta(days=day)) for day in range(1, 8)] == [7, 0, 0, 0, 0, 0, 0]


def test_of_a_few_days_is_their_mean_between_the_cheapest_and_the_dearest() -> None:
    found = pace([30, 0, 60], last=SUNDAY)
    assert found is not None
    assert (found.usual, found.slow, found.busy, found.days) == (Fraction(30), Fraction(0), Fraction(60), 3)


def test_carries_a_month_to_its_end() -> None:
    found = pace(WEEK * 4, last=SUNDAY)
    assert found is not None
    monday = datetime.date(2026, 11, 16)
    # A quarter of Monday is left, then two weeks but for that Monday: Tuesday the 17th to Monday the 30th.
    expected = 1000 + 25 + 2 * 540
    assert month_end(found, spent=1000, today=monday, left_of_today=Fraction(1, 4)) == Range(
        expected, expected, expected
    )


def test_adds_nothing_after_the_last_moment_of_a_month() -> None:
    found = pace(WEEK * 4, last=datetime.date(2026, 11, 29))
    assert found is not None
    last = datetime.date(2026, 11, 30)
    assert month_end(found, spent=7, today=last, left_of_today=Fraction(0)) == Range(7, 7, 7)


def test_of_a_week_without_use_expects_nothing_and_says_what_may_come() -> None:
    found = pace(WEEK + [0] * 7, last=SUNDAY)
    assert found is not None
    ahead = month_end(found, spent=5, today=datetime.date(2026, 11, 16), left_of_today=Fraction(1))
    assert (ahead.expected, ahead.low) == (5, 5)
    assert ahead.high > 1000


@given(series, st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 1, 1)), st.integers(0, 10**15))
def test_expects_what_lies_in_its_range(costs: list[int], last: datetime.date, spent: int) -> None:
    found = pace(costs, last=last)
    if found is None:
        assert not any(costs[-28:])
        return
    assert found.slow <= found.usual <= found.busy
    assert sum(found.shape) == 7
    today = last + datetime.timedelta(days=1)
    ahead = month_end(found, spent=spent, today=today, left_of_today=Fraction(1, 3))
    assert spent <= ahead.low <= ahead.expected <= ahead.high


@given(st.integers(1, 10**12), st.integers(1, 28))
def test_of_the_same_every_day_is_exact(cost: int, days: int) -> None:
    found = pace([cost] * days, last=SUNDAY)
    assert found is not None
    first = datetime.date(2026, 12, 1)
    assert month_end(found, spent=0, today=first, left_of_today=Fraction(1)) == Range(*[31 * cost] * 3)
