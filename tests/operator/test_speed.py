"""Lists at size: walked by key, within a time, by indexes; and what a page says that meets its bound (AD08)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Workspace
from billing import numbers, sums
from billing.models import UsageEvent
from billing.seeding import run
from catalog.admin_lists import DeepPaginator, about, roughly
from catalog.admin_patience import SECONDS
from kernel import clock
from tests.billing import rows
from tests.billing.proof import lives
from tests.operator.reading import text

pytestmark = pytest.mark.django_db

LARGE = (
    *(
        "billing_usageevent",
        "billing_attempt",
        "billing_refusal",
        "billing_refusalcount",
        "billing_dailyusage",
    ),
    *("billing_usagebucket", "billing_ledgertransaction", "billing_ledgerentry"),
)
TIMELESS = (
    "billing_admission",
    "billing_account",
    "billing_idempotencykey",
    "accounts_signin",
    "accounts_trailrow",
)
EVENTS = "/admin/billing/usageevent/"


def shown(client: Client, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.context["cl"]


def walked(client: Client, address: str, way: str) -> Iterator[list[Any]]:
    """Yield the keys of each page that follows the one at an address."""
    for _ in range(20):
        page = shown(client, address)
        yield [row.pk for row in page.result_list]
        query = getattr(page, way)
        if not query:
            return
        address = address.split("?")[0] + query
    raise AssertionError("the walk does not end")


def test_requests_are_walked_by_key_each_once_there_and_back(operator: Client) -> None:
    workspace = rows.workspace()
    for _ in range(120):
        rows.settle(workspace, cost=1)
    there = list(walked(operator, EVENTS, "older_url"))
    assert [len(page) for page in there] == [50, 50, 20]
    assert [key for page in there for key in page] == list(
        UsageEvent.objects.order_by("-id").values_list("pk", flat=True)
    )
    last = shown(operator, EVENTS + shown(operator, EVENTS + shown(operator, EVENTS).older_url).older_url)
    back = list(walked(operator, EVENTS + last.newer_url, "newer_url"))
    assert back == [there[1], there[0]]


def test_a_page_by_key_skips_no_rows_and_counts_none(operator: Client) -> None:
    workspace = rows.workspace()
    for _ in range(60):
        rows.settle(workspace, cost=1)
    older = shown(operator, EVENTS).older_url
    with CaptureQueriesContext(connection) as queries:
        operator.get(EVENTS + older)
    asked = [query["sql"] for query in queries if 'FROM "billing_usage_event"' in query["sql"]]
    assert asked
    assert not [sql for sql in asked if "OFFSET" in sql or "COUNT(" in sql]


@pytest.mark.parametrize("place", ["nonsense", "1~2~3", "99999999999999999999999999", "%00", "~"])
def test_a_place_that_names_no_row_is_the_beginning(operator: Client, place: str) -> None:
    rows.settle(rows.workspace(), cost=1)
    for way in ("after", "before"):
        assert len(shown(operator, f"{EVENTS}?{way}={place}").result_list) == 1


@pytest.mark.parametrize("place", [*LARGE, *TIMELESS])
def test_a_large_table_is_walked_by_key(place: str) -> None:
    page = next(
        page
        for model, page in admin.site._registry.items()
        if f"{model._meta.app_label}_{model._meta.model_name}" == place
    )
    assert issubclass(page.paginator, DeepPaginator)


@pytest.mark.parametrize("place", LARGE)
def test_a_large_table_is_never_listed_without_a_time_and_says_which(operator: Client, place: str) -> None:
    address = f"admin:{place}_changelist"
    page = shown(operator, reverse(address))
    assert next(chip.value for chip in page.chips()).startswith("Last ")
    assert "Last " in text(operator, address.removeprefix("admin:"))
    assert [chip.value for chip in shown(operator, f"{reverse(address)}?day=nonsense").chips()] == [
        chip.value for chip in page.chips()
    ]


def test_charge_numbers_of_a_time_are_found_by_halving() -> None:
    workspace = rows.workspace()
    for days in (5, 4, 3, 2, 1):
        at = clock.start_of_minute(clock.minute_number() - days * clock.MINUTES_PER_DAY)
        lives.settle_on(workspace, lives.day_before(days), recorded_at=at)
        lives.charge(workspace)
    now = clock.now()
    assert numbers.between(workspace, now - timedelta(days=3, hours=1), now - timedelta(days=2, hours=1)) == (
        2,
        5,
    )
    assert numbers.between(workspace, now - timedelta(days=9), now) == (0, 6)
    assert numbers.between(workspace, now + timedelta(days=2), now + timedelta(days=3)) == (5, 6)
    assert numbers.between(-1, now, now) == (1, 0)


def test_a_workspaces_requests_of_a_time_are_its_requests_of_that_time(operator: Client) -> None:
    workspace = rows.workspace()
    for days in (5, 4, 3, 2, 1):
        day = lives.day_before(days)
        for minute in (0, 700, 1439):
            at = clock.start_of_minute(sums.first_minute(day) + minute)
            lives.settle_on(workspace, day, minute=minute, recorded_at=at)
        lives.charge(workspace)
    for days in (5, 2):
        day = lives.day_before(days)
        page = shown(operator, f"{EVENTS}?workspace={workspace}&day={day}")
        expected = UsageEvent.objects.filter(workspace_id=workspace, admitted_at__date=day)
        assert {row.pk for row in page.result_list} == set(expected.values_list("pk", flat=True)) != set()


def test_what_is_asked_for_by_its_id_is_found_whenever_it_was(operator: Client) -> None:
    workspace = rows.workspace()
    request = lives.settle_on(workspace, lives.day_before(20))
    assert len(shown(operator, f"{EVENTS}?q={request}").result_list) == 1
    assert len(shown(operator, EVENTS).result_list) == 0


def test_a_page_that_takes_too_long_says_so_and_how_to_narrow(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == (f"{SECONDS}s",)
            cursor.execute("SET LOCAL statement_timeout = '10ms'")
            cursor.execute("SELECT pg_sleep(1)")

    monkeypatch.setattr(admin.site._registry[UsageEvent], "prepare", slow)
    answer = operator.get(f"{EVENTS}?day=30d")
    assert answer.status_code == 503
    said = answer.content.decode()
    assert "did not load in time" in said
    assert "shorter time" in said
    assert f'href="{EVENTS}"' in said


def test_a_database_that_is_away_is_not_called_slow(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(admin.site._registry[UsageEvent], "prepare", away)
    with pytest.raises(OperationalError):
        operator.get(EVENTS)


def test_no_list_of_requests_reads_a_partition_from_end_to_end(operator: Client) -> None:
    run.seed(requests=3_000, workspaces=2, days=40)
    largest = Workspace.objects.order_by("-pk").first()
    assert largest is not None
    narrowed = f"?workspace={largest.pk}"
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE billing_usage_event")
        for query in ("", narrowed, f"{narrowed}&day=7d", "?status=failed", "?day=7d&took=30000", "?model=1"):
            with CaptureQueriesContext(connection) as queries:
                shown(operator, EVENTS + query)
            asked = [each["sql"] for each in queries if 'FROM "billing_usage_event"' in each["sql"]]
            assert asked
            cursor.execute("SET LOCAL enable_seqscan = off")  # among few rows it would be right
            for sql in asked:
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
                assert not re.search(r"Seq Scan on billing_usage_event_\d{6}", plan), plan
            cursor.execute("SET LOCAL enable_seqscan = on")


@pytest.mark.parametrize(
    ("rows_believed", "told"),
    [
        (10_300_000, "about 10 million"),
        (1_449_000, "about 1.4 million"),
        (123_456_789, "about 123 million"),
        (2_000_000_000, "about 2 billion"),
        (340_500, "about 340,000"),
        (9_999, ""),
    ],
)
def test_how_many_rows_a_table_has_is_told_roughly(rows_believed: int, told: str) -> None:
    assert roughly(rows_believed) == told


def test_what_the_planner_has_not_looked_at_is_not_told() -> None:
    assert about("billing_usage_event") == ""
