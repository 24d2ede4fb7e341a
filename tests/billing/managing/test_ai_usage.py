"""Usage and credit as clients of grouped catalogues read them: the days, the pages, and sums that agree."""

from datetime import date, timedelta

import pytest

from billing import sums
from billing.managing.ai_usage import MOST_DAYS
from billing.statements.cuts import EARLIEST, LATEST
from kernel import clock
from tests.billing import rows
from tests.billing.managing.asking import Place, ask, furnished

pytestmark = pytest.mark.django_db

TODAY = clock.utc_day(clock.now())


@pytest.fixture
def place() -> Place:
    return furnished()


def used(place: Place, day: date) -> str:
    return str(rows.settle(place.workspace.pk, cost=5, minute_no=sums.first_minute(day), input_tokens=3))


def test_the_last_thirty_days_are_listed_unless_others_are_named(place: Place) -> None:
    first = used(place, TODAY - timedelta(days=29))
    before = used(place, TODAY - timedelta(days=30))
    told = ask("GET", "/api/ai/usage", place.secret).json()
    listed = [row["id"] for row in told["records"]]
    assert (first in listed, before in listed) == (True, False)
    named = f"startDate={TODAY - timedelta(days=30)}&endDate={TODAY - timedelta(days=29)}"
    told = ask("GET", f"/api/ai/usage?{named}", place.secret).json()
    assert {row["id"] for row in told["records"]} == {first, before}
    assert told["total"] == 2
    paged = ask("GET", f"/api/ai/usage?{named}&limit=1&offset=1", place.secret).json()
    assert (len(paged["records"]), paged["total"]) == (1, 2)


def test_the_summary_and_the_credit_come_to_what_the_records_do(place: Place) -> None:
    used(place, TODAY)
    records = ask("GET", "/api/ai/usage", place.secret).json()["records"]
    told = ask("GET", "/api/ai/usage/summary", place.secret).json()
    assert (told["totalRequests"], told["totalTokens"], told["totalCost"]) == (2, 3, 12e-9)
    assert sum(row["totalTokens"] for row in records) == 3
    for name, total in (("requests", 2), ("tokens", 3)):
        assert sum(each[name] for each in told["byModel"].values()) == total
    assert sorted(each["cost"] for each in told["byModel"].values()) == [5e-9, 7e-9]
    credit = ask("GET", "/api/ai/credits", place.secret).json()
    assert credit == {"credits": pytest.approx(5 - 12e-9, abs=1e-12), "usage": 12e-9}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (f"startDate={TODAY}&endDate={TODAY - timedelta(days=1)}", "startDate"),
        (f"startDate={TODAY - timedelta(days=MOST_DAYS)}", "startDate"),
        (f"startDate={EARLIEST - timedelta(days=1)}&endDate={EARLIEST}", "startDate"),
        (f"endDate={LATEST + timedelta(days=1)}", "endDate"),
        ("endDate=tomorrow", "endDate"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("offset=10001", "offset"),
    ],
)
def test_days_and_pages_that_cannot_be_are_named(place: Place, asked: str, field: str) -> None:
    answer = ask("GET", f"/api/ai/usage?{asked}", place.secret)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    "asked",
    [
        f"startDate={EARLIEST}&endDate={EARLIEST}",
        f"startDate={LATEST}&endDate={LATEST}",
        f"startDate={TODAY - timedelta(days=MOST_DAYS - 1)}",
        "limit=100&offset=10000",
    ],
)
def test_days_and_pages_at_the_edge_are_told(place: Place, asked: str) -> None:
    assert ask("GET", f"/api/ai/usage?{asked}", place.secret).status_code == 200
