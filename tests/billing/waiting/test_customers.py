"""Customers that need a look."""

from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Workspace
from billing.glance.refused import words
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


def refused(workspace: int, number: int, *, ago: int = 0, code: str = "DAILY_REQUEST_LIMIT_EXCEEDED") -> None:
    RefusalCount.objects.create(
        workspace_id=workspace, minute_no=clock.minute_number(NOW.timestamp()) - ago, api_key_id=1, model="m",
        code=code, refusals=number,
    )  # fmt: skip


def test_refusals_of_a_day_are_added_up_from_a_hundred_on_and_told_by_the_commonest() -> None:
    below, at, late = rows.workspace(), rows.workspace(), rows.workspace()
    refused(below, 99)
    refused(below, 1, ago=1_441)
    refused(at, 40)
    refused(at, 31, ago=1_440, code="CREDITS_HELD")
    refused(at, 29, ago=7, code="CREDITS_HELD")
    refused(late, 100, ago=1_440)
    refused(late, 1)
    found = customers.find_refused(NOW)
    assert [(item.key, item.title) for item in found] == [
        (f"refused:{late}", "Refused 101 times in 24 hours"),
        (f"refused:{at}", "Refused 100 times in 24 hours"),
    ]
    name = Workspace.objects.get(pk=at).name
    assert found[1].detail == f"{name}, most of all: {words('CREDITS_HELD').lower()}"
    assert found[1].url.endswith(f"?workspace={at}")


def test_five_are_told_of_who_is_refused_most() -> None:
    for number in range(6):
        refused(rows.workspace(), 200 + number)
    assert [item.title.split()[1] for item in customers.find_refused(NOW)] == [
        "205",
        "204",
        "203",
        "202",
        "201",
    ]


@pytest.mark.parametrize(
    ("today", "usual", "title", "measure"),
    [
        (10, 0, "Spend after a quiet week", 1000),
        (40, 10, "Spend 4.0 × its own week", 4.0),
        (1_999, 20, "Spend 100 × its own week", 99.95),
        (1_980, 20, "Spend 99.0 × its own week", 99.0),
        (40_000, 20, "Spend 2,000 × its own week", 1000),
    ],
)
def test_how_much_more_is_spent_is_told_in_tenths_and_then_in_whole_times(
    today: int, usual: int, title: str, measure: float
) -> None:
    workspace = rows.workspace()
    spent(workspace, 0, today)
    if usual:
        for back in range(1, 8):
            spent(workspace, back, usual)
    [item] = customers.find_spending(clock.now())
    assert (item.title, item.stake, item.measure) == (title, today * USD, measure)
    name = Workspace.objects.get(pk=workspace).name
    assert item.detail == f"{name}, ${usual}.00 by this time on other days"
    assert item.url.endswith(f"?workspace={workspace}&day={clock.utc_day(clock.now())}")


def test_spend_is_compared_with_the_week_before_and_no_further_back() -> None:
    workspace = rows.workspace()
    spent(workspace, 0, 40)
    for back in range(1, 8):
        spent(workspace, back, 10 if back < 5 else 0)
    for back in range(8, 15):
        spent(workspace, back, 500)
    assert [item.title for item in customers.find_spending(clock.now())] == ["Spend 4.0 × its own week"]
    assert customers.find_spending(clock.now(), times=4) == []
    assert len(customers.find_spending(clock.now(), times=3.9)) == 1


def test_who_spends_most_beyond_the_usual_is_first_and_five_are_told() -> None:
    made = [rows.workspace() for _ in range(6)]
    for number, workspace in enumerate(made):
        spent(workspace, 0, 20 + number)
    found = customers.find_spending(clock.now())
    assert [item.key.split(":")[1] for item in found] == [str(workspace) for workspace in made[:0:-1]]


def test_an_account_waits_below_its_overdraft_and_not_at_it_nor_once_it_is_closed() -> None:
    at, below, worse, closed = (rows.workspace() for _ in range(4))
    for workspace, cost in ((at, 5 * USD), (below, 5 * USD + 1), (worse, 9 * USD), (closed, 9 * USD)):
        rows.run(
            "UPDATE billing_account SET overdraft_limit = %s WHERE workspace_id = %s", 5 * USD, workspace
        )
        rows.settle(workspace, cost=cost)
    rows.run("UPDATE billing_account SET status = 2 WHERE workspace_id = %s", closed)
    rows.fund(below, 1 * USD)
    rows.settle(below, cost=1 * USD)
    found = customers.find_below_zero(NOW)
    assert [(item.key, item.stake) for item in found] == [
        (f"below:{worse}", -9 * USD),
        (f"below:{below}", -5 * USD - 1),
    ]
    assert found[0].detail == Workspace.objects.get(pk=worse).name
