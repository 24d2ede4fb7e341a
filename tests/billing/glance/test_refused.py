"""How many requests were refused, and for what."""

from datetime import timedelta

import pytest

from billing.glance.refused import Reason, refused
from billing.glance.span import Range, Span
from billing.models import RefusalCount
from kernel import clock
from tests.billing import rows
from tests.billing.glance.sums import moment

pytestmark = pytest.mark.django_db

NOW = moment("2002-11-22T13:08:30")
MINUTE, DAY = "MINUTE_REQUEST_LIMIT_EXCEEDED", "DAILY_REQUEST_LIMIT_EXCEEDED"


@pytest.fixture(autouse=True)
def _nobody_else() -> None:
    """Take away what tests that commit have left behind: a span has no end. The transaction brings it back."""
    RefusalCount.objects.all().delete()


def count(number: int, *, code: str = MINUTE, **ago: int) -> None:
    RefusalCount.objects.create(
        workspace_id=rows.workspace(),
        minute_no=clock.minute_number((NOW - timedelta(**ago)).timestamp()),
        api_key_id=1,
        model="m",
        code=code,
        refusals=number,
    )


def test_counts_by_hour_and_reason_and_up_to_the_same_minute_before() -> None:
    count(3)
    count(4, hours=2)
    count(9, code=DAY, hours=2)
    count(5, days=7, minutes=1)
    count(100, days=7)  # in the very minute
    count(100, days=1)
    found = refused(Span(Range.TODAY, NOW))
    assert (found.now, found.before) == (16, 5)
    assert (found.slots[11], found.slots[13]) == (13, 3)
    assert found.reasons == [Reason(DAY, 9), Reason(MINUTE, 7)]
    assert refused(Span(Range.WEEK, NOW)).now == 116


def test_of_nothing_every_slot_is_empty_and_reasons_that_are_equal_go_by_their_codes() -> None:
    found = refused(Span(Range.TODAY, NOW))
    assert (found.now, found.before, found.slots, found.reasons) == (0, 0, (0,) * 24, [])
    count(4, code=MINUTE)
    count(4, code=DAY)
    count(1, code="A", hours=13, minutes=8)  # the first minute of the day
    found = refused(Span(Range.TODAY, NOW))
    assert found.reasons == [Reason(DAY, 4), Reason(MINUTE, 4), Reason("A", 1)]
    assert (found.slots[0], found.slots[13], sum(found.slots)) == (1, 8, 9)


def test_a_reason_is_told_in_words() -> None:
    assert Reason(DAY, 1).words == "Day cap"
    assert Reason("SOMETHING_NEW", 1).words == "Something new"
