"""Requests by hour, as they are drawn, said and told."""

from billing.glance.curve import curve
from billing.glance.span import Range, Span
from billing.glance.usage import Measured, Usage
from tests.billing.glance.sums import moment

SPAN = Span(Range.TODAY, moment("2026-11-20T02:08:00"))


def slots(*requests: int) -> tuple[Measured, ...]:
    return tuple(Measured(number) for number in (*requests, *(0,) * (24 - len(requests))))


def test_the_line_ends_with_the_last_hour_that_is_over_and_the_running_one_stands_by_itself() -> None:
    found = curve(SPAN, Usage(Measured(), Measured(), slots(5, 6, 1), slots(4, 4, 4, 4)))
    drawn = found.drawn
    assert drawn["now"] == [5, 6, *[None] * 22]
    assert drawn["running"] == [None, None, 1, *[None] * 21]
    assert [row.now for row in found.rows[:4]] == [5, 6, 1, None]
    assert found.words == "Requests per hour: 12 today so far, against 16 in all of last Friday."


def test_nothing_now_and_before_is_empty() -> None:
    assert curve(SPAN, Usage(Measured(), Measured(), slots(), slots())).empty
    assert not curve(SPAN, Usage(Measured(), Measured(), slots(1), slots())).empty
    assert not curve(SPAN, Usage(Measured(), Measured(), slots(), slots(1))).empty


def test_days_are_told_against_the_days_before() -> None:
    week = Span(Range.WEEK, moment("2026-11-20T02:08:00"))
    now, before = (tuple(Measured(number) for number in range(start, start + 7)) for start in (1, 10))
    found = curve(week, Usage(Measured(), Measured(), now, before))
    assert (
        found.words == "Requests per day: 28 the last 7 days so far, against 91 in all of the 7 days before."
    )
    assert found.drawn["now"] == [1, 2, 3, 4, 5, 6, None]
    assert found.drawn["running"] == [*[None] * 6, 7]
    assert found.rows[0].name == "14 Nov"
