"""Activity: the total is the export's and the ledger's to the last digit, and another workspace's is nobody's."""

import csv
import json
import re

import pytest
from django.test import Client

from accounts.models import ApiKey, Workspace
from billing import ledger, rollup, statements
from kernel import clock, money
from tests.billing import rows
from tests.billing.logs.test_views import asked_of_usage
from tests.billing.statements.used import model
from tests.billing.test_views import Plain, read, signed_in

pytestmark = pytest.mark.django_db
PATH = "/dashboard/activity"


def spent() -> int:
    """Settle requests of two models on two days, some posted and some not, one of them corrected."""
    workspace, one, two = rows.workspace(), model("route/one"), model("route/two")
    rows.fund(workspace, 100_000_000_000)
    for number, cost in enumerate((1, 2_835_645, 3_000_000_007)):
        minute = clock.minute_number() - number % 2 * clock.MINUTES_PER_DAY
        request = rows.settle(workspace, model_id=one, cost=cost, minute_no=minute)
    rows.settle(workspace, model_id=one, request_id=request, rev=1, cost=-3)
    assert rollup.close(workspace)
    assert rollup.post(workspace)
    rows.settle(workspace, model_id=two, cost=999_999_999)
    return workspace


def exported(client: Client, query: str = "") -> tuple[int, int, int]:
    """Return the sums of the CSV and of the JSON in nano-USD, and how many rows the first has."""
    table = list(csv.DictReader(client.get(f"{PATH}.csv?{query}").content.decode().splitlines()))
    told = json.loads(client.get(f"{PATH}.json?{query}").content)
    added = sum(money.from_usd(row["usd_exact"]) for row in told["rows"])
    assert money.from_usd(told["total"]["usd_exact"]) == added
    assert len(told["rows"]) == len(table)
    return sum(money.from_usd(row["usd_exact"]) for row in table), added, len(table)


@pytest.mark.parametrize(
    "query", ["", "by=key", "by=none&per=week", "by=provider&per=hour&range=7d", "by=tag"]
)
def test_activity_total_equals_the_export_and_the_ledger_to_the_last_digit(query: str) -> None:
    workspace = spent()
    charged = -sum(entry.amount for entry in ledger.entries(workspace) if entry.amount < 0)
    whole = charged + statements.balance(workspace).unbilled
    assert whole == 4_002_835_649
    client = signed_in(workspace)
    response = client.get(f"{PATH}?{query}")
    text = read(response)
    assert f"This total equals the export and the ledger to the last digit: ${money.show(whole)}" in text
    in_csv, in_json, number = exported(client, query)
    assert (in_csv, in_json) == (whole, whole)
    assert f"CSV, {number} row" in text
    assert response.context["page"].used.cost == whole


def test_activity_says_so_where_the_ledger_has_another_sum() -> None:
    workspace = spent()
    rows.run("UPDATE billing_daily_usage SET cost = cost + 1 WHERE workspace_id = %s AND cost > 3", workspace)
    text = read(signed_in(workspace).get(PATH))
    assert "The ledger charged $3.002835650 for these days, the sums have $3.00283565" in text
    assert "to the last digit" not in text


def test_activity_of_other_days_than_the_ledgers_or_of_a_part_claims_the_export_alone() -> None:
    workspace = spent()
    client = signed_in(workspace)
    Workspace.objects.filter(pk=workspace).update(time_zone="Asia/Kolkata")
    for query, said in (("", "compare these days in UTC"), ("model=route/two", "take the filters away")):
        text = read(client.get(f"{PATH}?{query}"))
        assert "This total equals the export to the last digit: $" in text
        assert said in text
    assert "equals the export and the ledger" in read(client.get(f"{PATH}?zone=utc"))


def test_activity_names_the_zone_of_its_days_once() -> None:
    workspace = spent()
    Workspace.objects.filter(pk=workspace).update(time_zone="Asia/Tokyo")
    client = signed_in(workspace)
    assert read(client.get(PATH)).count("Days in Asia/Tokyo") == 1
    assert "these are days of UTC" in read(client.get(f"{PATH}?range=365d"))


def test_activity_table_has_the_numbers_of_its_chart() -> None:
    response = signed_in(spent()).get(f"{PATH}?range=7d")
    page = response.context["page"]
    drawn = {series["name"]: sum(series["values"]) for series in page.chart["series"]}
    assert drawn == {line.member.name: line.value.money for line in page.lines}
    assert "route/one $3.002836" in read(response)


def test_activity_keeps_the_view_in_every_control() -> None:
    workspace = spent()
    key = ApiKey.objects.create(
        workspace_id=workspace, name="nightly", digest=b"n", prefix="rk_1", last_four="0001"
    )
    page = signed_in(workspace).get(f"{PATH}?metric=requests&by=tag&per=week&key={key.pk}&compare=1")
    kept = re.findall(r'href="(\?[^"]*)"', page.content.decode())
    own = {"metric=requests", "by=tag", f"key={key.pk}", "compare=1"}
    assert kept
    for address in kept:
        assert own - set(address.lstrip("?").replace("&amp;", "&").split("&")) <= {f"key={key.pk}"}
    assert "key nightly" in read(page)


def test_activity_compares_with_the_days_before() -> None:
    workspace = rows.workspace()
    for back, cost in ((0, 1_100_000_000), (7, 1_000_000_000)):
        rows.settle(workspace, cost=cost, minute_no=clock.minute_number() - back * clock.MINUTES_PER_DAY)
    text = read(signed_in(workspace).get(f"{PATH}?range=7d&compare=1"))
    assert "$1.10 +10.0\u00a0% vs $1.00".replace("\u00a0", " ") in text.replace("\u00a0", " ")
    assert "7 days before, total" in text


def test_activity_never_tells_of_another_workspace() -> None:
    rival = rows.workspace()
    rows.settle(rival, cost=5_550_000_000, tag="secret-project")
    key = ApiKey.objects.create(
        workspace_id=rival, name="theirs", digest=b"t", prefix="rk_2", last_four="0002"
    )
    client = signed_in(rows.workspace())
    for query in ("", "by=tag", f"key={key.pk}", "by=key", f"workspace={rival}"):
        for path in (PATH, f"{PATH}.csv", f"{PATH}.json"):
            body = client.get(f"{path}?{query}").content.decode()
            assert not re.search(r"5\.55|secret-project|theirs", body)
    assert client.get(f"{PATH}?key={key.pk}").status_code == 400


@pytest.mark.parametrize("path", [PATH, f"{PATH}.csv", f"{PATH}.json"])
def test_activity_sends_strangers_away_and_refuses_what_it_does_not_know(path: str) -> None:
    assert Client().get(path).status_code == 302
    answer = signed_in(rows.workspace()).get(f"{path}?metric=beauty")
    assert answer.status_code == 400
    assert "metric: choose one of" in answer.content.decode().replace("Metric", "metric")


def test_activity_says_that_nothing_was_used() -> None:
    assert "There were no requests in these days" in read(signed_in(rows.workspace()).get(PATH))


def test_activity_asks_a_fixed_number_of_questions() -> None:
    workspace = spent()
    client = signed_in(workspace)
    few = asked_of_usage(client, f"{PATH}?compare=1")
    for number in range(9):
        rows.settle(workspace, model_id=model(f"route/x{number}"), tag=f"t{number}")
    assert few == asked_of_usage(client, f"{PATH}?compare=1") <= 6


def test_activity_needs_nothing_that_a_strict_policy_refuses() -> None:
    page = Plain()
    page.feed(signed_in(spent()).get(f"{PATH}?compare=1").content.decode())
    assert page.refused == []


def test_activity_export_is_a_file_that_no_spreadsheet_runs() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, tag="=1+1", cost=3)
    answer = signed_in(workspace).get(f"{PATH}.csv?by=tag&range=today")
    today = clock.utc_day(clock.now())
    assert f'filename="activity-{today}-to-{today}-by-tag-per-day.csv"' in answer["Content-Disposition"]
    assert '"\'=1+1"' in answer.content.decode()


def test_activity_export_tells_steps_in_the_zone_of_the_view() -> None:
    workspace = rows.workspace()
    Workspace.objects.filter(pk=workspace).update(time_zone="Asia/Kolkata")
    rows.settle(workspace, minute_no=clock.minute_number() - clock.MINUTES_PER_DAY)
    told = json.loads(signed_in(workspace).get(f"{PATH}.json?range=7d").content)
    assert told["zone"] == "Asia/Kolkata"
    assert told["rows"][0]["begins"].endswith("T00:00:00+05:30")
    assert len(told["rows"]) == 1
