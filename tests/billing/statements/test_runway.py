"""Runway: fixed series end on fixed days, lots are spent in order, and what expires unused is said."""

import datetime
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.credits.lots import Lot, in_order
from billing.statements.pace import Pace, pace
from billing.statements.runway import HORIZON, Lapse, Runway, runway

TODAY = datetime.date(2026, 11, 16)  # a Monday
NOW = datetime.datetime(2026, 11, 16, tzinfo=datetime.UTC)
USD = 10**9


def after(days: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=days)


def lot(usd: float, source: str = "topup", expires_in: int | None = None, priority: int = 100) -> Lot:
    ends = None if expires_in is None else after(expires_in)
    return Lot(UUID(int=0), UUID(int=0), source, priority, round(usd * USD), ends, NOW)


def steady(usd: float) -> Pace:
    found = pace([round(usd * USD)] * 28, last=after(-1))
    assert found is not None
    return found


def lasts(going: Pace, *lots: Lot, owed: int = 0, left: Fraction = Fraction(1)) -> Runway:
    return runway(going, in_order(lots), owed=owed, today=TODAY, left_of_today=left)


@pytest.mark.parametrize(("usd", "days"), [(0, 0), (0.5, 0), (1, 0), (1.5, 1), (2, 1), (10, 9), (10.01, 10)])
def test_ends_on_the_day_that_takes_the_last_of_it(usd: float, days: int) -> None:
    found = lasts(steady(1), lot(usd))
    assert (found.days, found.ends, found.soonest, found.latest) == (days, *[after(days)] * 3)


def test_counts_what_is_left_of_today() -> None:
    assert lasts(steady(1), lot(2), left=Fraction(1, 4)).days == 2


def test_takes_first_what_is_owed() -> None:
    assert lasts(steady(1), lot(5), owed=3 * USD).days == 1
    assert lasts(steady(1), lot(5), owed=9 * USD).days == 0


def test_has_no_end_beyond_a_year() -> None:
    assert lasts(steady(1), lot(367)) == Runway(None, None, None, None, ())
    assert lasts(steady(1), lot(366)).days == HORIZON - 1


def test_says_what_will_expire_unused() -> None:
    found = lasts(steady(1), lot(10), lot(8.2, "plan", expires_in=5, priority=10))
    assert found.lapses == (Lapse("plan", after(5), 3_200_000_000),)
    assert found.days == 14
    assert found.lapses[0].words == "$3.20 of your plan credit will expire on 21 Nov 2026."


def test_lets_the_last_nano_dollar_expire_and_takes_no_more() -> None:
    least = 1 / USD
    found = lasts(steady(10 * least), lot(31 * least), lot(11 * least, "plan", expires_in=1, priority=10))
    assert found.lapses == (Lapse("plan", after(1), 1),)
    assert found.days == 4


def test_lets_nothing_expire_that_is_used_up() -> None:
    found = lasts(steady(1), lot(10), lot(5, "plan", expires_in=5, priority=10))
    assert (found.lapses, found.days) == ((), 14)


def test_spends_in_order_so_that_what_comes_later_may_expire() -> None:
    found = lasts(steady(1), lot(6, "grant", priority=10), lot(6, "voucher", expires_in=8, priority=20))
    assert found.lapses == (Lapse("voucher", after(8), 4 * USD),)
    assert found.lapses[0].words == "$4.00 of your voucher credit will expire on 24 Nov 2026."
    assert found.days == 8


def test_does_not_count_what_has_ended() -> None:
    assert lasts(steady(1), lot(2), lot(50, "grant", expires_in=0, priority=10)).days == 1


def test_lies_between_the_busiest_and_the_slowest_week() -> None:
    going = pace([USD] * 7 + [4 * USD] * 7 + [2 * USD] * 14, last=after(-1))
    assert going is not None
    found = lasts(going, lot(20))
    assert (found.soonest, found.ends, found.latest) == (after(4), after(9), after(19))


def test_follows_the_week() -> None:
    weekdays_only = pace([USD] * 5 + [0, 0], last=after(-1))
    shaped = pace(([USD] * 5 + [0, 0]) * 4, last=after(-1))
    assert weekdays_only is not None
    assert shaped is not None
    assert (
        lasts(weekdays_only, lot(5)).days == 6
    )  # five sevenths a day: the week ends before a shape is known
    assert lasts(shaped, lot(6)).days == 7  # Monday to Friday, then the next Monday


amounts = st.lists(
    st.tuples(st.integers(0, 10**11), st.none() | st.integers(0, 40), st.sampled_from([10, 50, 100])),
    max_size=5,
)


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=28), amounts)
def test_spends_or_lets_expire_all_there_is(
    costs: list[int], drawn: list[tuple[int, int | None, int]]
) -> None:
    going = pace(costs, last=after(-1))
    if going is None:
        return
    lots = [lot(0, "grant", ends, priority) for _, ends, priority in drawn]
    whole = lasts(going, *(lot(nano / USD, "grant", ends, p) for nano, ends, p in drawn))
    assert whole.ends is None or whole.ends <= after(HORIZON - 1)
    assert lasts(going, *lots).days == 0
    assert sum(lapse.amount for lapse in whole.lapses) <= sum(nano for nano, _, _ in drawn) + len(drawn)
    if whole.ends is not None:
        assert whole.soonest is not None
        assert whole.soonest <= whole.ends
    if whole.latest is not None:
        assert whole.ends is not None
        assert whole.ends <= whole.latest
