"""The spans of time to which the operator's long lists are narrowed: where each begins and ends."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from billing.admin_windows import _span
from kernel import clock

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 12, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("chosen", "first", "after"),
    [
        ("30d", NOON - timedelta(days=30), NOON + timedelta(days=1)),
        ("today", datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)),
        ("2026-12", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_span_reaches_to_the_end_of_its_days_and_one_that_lasts_until_now_a_day_further(
    monkeypatch: pytest.MonkeyPatch, chosen: str, first: datetime, after: datetime
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    assert _span(chosen) == (first, after)


@pytest.mark.parametrize(
    ("query", "shown"), [("", "Last 24 hours"), ("?day=7d", "Last 7 days"), ("?day=x", "Last 24 hours")]
)
def test_one_span_is_marked_as_chosen(operator: Client, query: str, shown: str) -> None:
    page = operator.get(f"/admin/billing/attempt/{query}").context["cl"]
    [spec] = [each for each in page.filter_specs if each.title == "time, UTC"]
    assert [each["display"] for each in spec.choices(page) if each["selected"]] == [shown]
