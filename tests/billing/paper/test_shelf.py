"""What the page Papers offers: the months that have a day to export, back to where the plan shows."""

from datetime import UTC, date, datetime

import pytest

from billing.paper.shelf import shelf
from tests.billing.paper.issuing import workspace

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "months"),
    [
        (date(2026, 11, 23), ["2026-11"]),
        (date(2026, 9, 30), ["2026-11", "2026-10", "2026-09"]),
        (date(2026, 10, 1), ["2026-11", "2026-10"]),
    ],
)
def test_months_reach_back_to_the_first_day_that_is_shown(since: date, months: list[str]) -> None:
    found = shelf(workspace(), page=1, now=NOW, exports_from=since)
    assert [str(month) for month in found.months] == months


def test_at_most_fourteen_months_are_offered() -> None:
    found = shelf(workspace(), page=1, now=NOW, exports_from=date(2000, 1, 1))
    assert (len(found.months), str(found.months[-1])) == (14, "2025-10")
