"""Months: their first and last day, and what is before and after."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.paper.months import Month

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(DAYS)
def test_months_hold_each_day_once(day: date) -> None:
    month = Month.of(day)
    assert month.first <= day <= month.last
    assert (month.last - month.first).days in {27, 28, 29, 30}
    assert month.next.before == month
    assert (month.next.first - month.last).days == 1
    assert Month.read(str(month)) == month


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-1", "2026-11-01", "0000-01"])
def test_months_are_read_in_one_spelling(text: str) -> None:
    with pytest.raises(ValueError):
        Month.read(text)
