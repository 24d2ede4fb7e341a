"""What all workspaces used, now and before."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.glance.span import Range, Span
from billing.glance.usage import Measured, usage
from tests.billing import rows
from tests.billing.glance.sums import day, moment, quarter

pytestmark = pytest.mark.django_db

# In a time without other sums: those of other tests are of the present.
NOW = moment("2002-11-22T13:08:00")
BEFORE = NOW - timedelta(days=7)


def test_of_a_day_is_cut_at_the_same_minute_of_the_day_before() -> None:
    one, other = rows.workspace(), rows.workspace()
    quarter(one, NOW.replace(hour=9, minute=0), requests=10, failed=1, cost=100, provider_cost=60)
    quarter(other, NOW.replace(minute=0), requests=5, cost=40, provider_cost=10, model_id=2, provider_id=3)
    quarter(one, BEFORE.replace(minute=45, hour=12), requests=7, cost=70)  # ends at 13:00
    quarter(one, BEFORE.replace(minute=0), requests=15, failed=15, cost=30, provider_cost=15)  # cut at 13:08
    quarter(one, BEFORE.replace(minute=15), requests=1000, cost=1000)  # after it
    midnight = BEFORE.replace(hour=0, minute=0)
    quarter(one, midnight, requests=4, cost=11)
    quarter(one, midnight + timedelta(days=1), requests=500)  # of the next day
    found = usage(Span(Range.TODAY, NOW))
    assert found.now == Measured(15, 1, 140, 70)
    assert found.before == Measured(4 + 7 + 8, 8, 11 + 70 + 16, 8)
    assert (found.slots[9].requests, found.slots[13].requests) == (10, 5)
    assert found.slots_before[0].requests == 4
    assert (found.slots_before[12].requests, found.slots_before[13].requests) == (7, 1015)
    assert found.models == {1: Measured(10, 1, 100, 60), 2: Measured(5, 0, 40, 10)}
    assert found.providers == {1: Measured(10, 1, 100, 60), 3: Measured(5, 0, 40, 10)}


def test_of_days_takes_whole_days_from_the_daily_sums_and_the_cut_one_from_quarters() -> None:
    one = rows.workspace()
    today = NOW.date()
    day(one, today, requests=3, cost=30)
    day(one, today - timedelta(days=6), requests=4, cost=40)
    day(one, today - timedelta(days=7), requests=900)  # the day that is cut: its quarters tell
    quarter(one, BEFORE.replace(hour=1, minute=0), requests=6, cost=60)
    quarter(one, BEFORE.replace(hour=20, minute=0), requests=800)
    day(one, today - timedelta(days=13), requests=2, cost=20)
    day(one, today - timedelta(days=14), requests=700)
    found = usage(Span(Range.WEEK, NOW))
    assert (found.now, found.before) == (Measured(7, 0, 70, 0), Measured(8, 0, 80, 0))
    assert [each.requests for each in found.slots] == [4, 0, 0, 0, 0, 0, 3]
    assert [each.requests for each in found.slots_before] == [2, 0, 0, 0, 0, 0, 806]


@pytest.mark.parametrize("asked", list(Range))
def test_is_read_at_once_and_without_requests(asked: Range) -> None:
    with CaptureQueriesContext(connection) as queries:
        usage(Span(asked, NOW))
    assert len(queries) == 1
    assert "usage_event" not in queries[0]["sql"]
