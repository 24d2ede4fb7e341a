"""Sums: an event's counts go by the names of their classes, and days begin where UTC's do."""

import datetime

import pytest

from billing import sums
from billing.models import UsageEvent
from catalog.pricing import CLASSES
from kernel import clock


@pytest.mark.parametrize(
    ("day", "minute"),
    [
        (datetime.date(1970, 1, 1), 0),
        (datetime.date(1970, 1, 2), 1440),
        (datetime.date(2026, 11, 22), 20_779 * 1440),
    ],
)
def test_a_day_begins_at_its_first_minute(day: datetime.date, minute: int) -> None:
    assert sums.first_minute(day) == minute
    assert clock.start_of_minute(minute).isoformat() == f"{day}T00:00:00+00:00"


def test_counts_go_by_the_names_of_their_classes() -> None:
    event = UsageEvent(**{column: place for place, column in enumerate(sums.COUNTS, 1)})
    counts = sums.counts(event)
    assert [getattr(counts, name) for name in CLASSES] == list(range(1, 13))
    assert (counts.input, counts.output, counts.web_search) == (1, 5, 12)
