"""Customers that need a look."""

from datetime import timedelta

import pytest
from django.db import connection

from billing.models import DailyUsage, RefusalCount
from billing.waiting import customers
from kernel import clock, money
from tests.billing import rows

pytestmark = pytest.mark.django_db

NOW, USD = clock.now(), money.NANO_PER_USD


def test_workspaces_that_are_refused_most_wait() -> None:
    for number in (customers.LEAST_REFUSALS - 1, 700, 800):
        RefusalCount.objects.create(
            workspace_id=rows.workspace(), minute_no=clock.minute_number(), api_key_id=1, model="m",
            code="DAILY_REQUEST_LIMIT_EXCEEDED", refusals=number,
        )  # fmt: skip
    found = customers.find_refused(clock.now())
    assert [item.title for item in found] == [
        "Refused 800 times in 24 hours",
        "Refused 700 times in 24 hours",
    ]
    assert found[0].detail.endswith(", most of all: day cap")


def spent(workspace: int, days_ago: int, usd: int) -> None:
    at = clock.now() - timedelta(days=days_ago)
    day, midnight = at.date(), at.replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        for table, column, value in (
            ("billing_daily_usage", "day", day),
            ("billing_usage_bucket", "starts_at", midnight),
        ):
            zeros = [
                field.name
                for field in DailyUsage._meta.fields
                if field.name.endswith(("tokens", "images", "searches"))
            ]
            cursor.execute(
                f"INSERT INTO {table} (workspace_id, {column}, api_key_id, model_id, provider_id, tag, requests, failed, cost,"
                f" provider_cost, {', '.join(zeros)}) VALUES (%s, %s, 1, 1, 1, '', 1, 0, %s, 0{', 0' * len(zeros)})",
                [workspace, value, usd * USD],
            )  # fmt: skip


@pytest.mark.parametrize(
    ("today", "week", "title"),
    [
        (34, [10] * 7, "Spend 3.4 × its own week"),
        (30, [10] * 7, None),
        (34, [100, 100, 100, 10, 10, 10, 10], "Spend 3.4 × its own week"),  # the median, not the mean
        (9, [1] * 7, None),  # below the floor
        (50, [0] * 7, "Spend after a quiet week"),
    ],
)
def test_a_workspace_waits_that_spends_far_more_than_in_its_own_week(
    today: int, week: list[int], title: str | None
) -> None:
    workspace = rows.workspace()
    spent(workspace, 0, today)
    for back, usd in enumerate(week, start=1):
        if usd:
            spent(workspace, back, usd)
    found = customers.find_spending(clock.now())
    assert [(item.title, item.stake) for item in found] == ([(title, today * USD)] if title else [])


def test_an_account_below_zero_waits() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=3 * USD)
    assert [(item.key, item.stake) for item in customers.find_below_zero(NOW)] == [
        (f"below:{workspace}", -3 * USD)
    ]
