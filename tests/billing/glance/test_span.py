"""Which time the home looks at."""

import pytest

from billing.glance.span import Range, span_of
from tests.billing.glance.sums import moment

FRIDAY = moment("2026-11-20T13:08:00")


def test_of_today_is_held_against_the_same_weekday_up_to_the_same_minute() -> None:
    span = span_of("", FRIDAY)
    assert (span.called, span.against, span.short) == ("Today", "last Friday, 13:08", "Fri")
    assert (span.begins, span.before) == (moment("2026-11-20T00:00:00"), moment("2026-11-13T13:08:00"))
    assert (span.slots, span.passed, span.whole, span.name(9)) == (24, 14, 13, "09:00")


@pytest.mark.parametrize(
    ("asked", "first", "against"),
    [("7d", "2026-11-14", "7 Nov to 13 Nov, 13:08"), ("30d", "2026-10-22", "22 Sep to 21 Oct, 13:08")],
)
def test_of_days_is_held_against_as_many_right_before(asked: str, first: str, against: str) -> None:
    span = span_of(asked, FRIDAY)
    assert (span.first.isoformat(), span.against) == (first, against)
    assert span.slots == span.passed == span.days
    assert span.name(span.days - 1) == "20 Nov"


def test_that_nobody_knows_is_today() -> None:
    assert span_of("for ever", FRIDAY).range is Range.TODAY


def test_shares_a_quarter_of_an_hour_by_the_time_that_has_passed_of_it() -> None:
    span = span_of("", FRIDAY)  # 8 of 15 minutes
    assert [span.share(figure) for figure in (0, 15, 100)] == [0, 8, 53]
