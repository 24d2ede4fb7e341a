"""Each kind of alert is met from its threshold on, to the nano and the percent, and not before."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import budgets, figures, rollup, statements
from billing.budgets import Period
from billing.customer_alerts import message, month_spend
from billing.models import CustomerDelivery
from kernel import clock
from tests.billing import rows
from tests.billing.customer_alerts.watched import USD, alert, fired, key, look, place
from tests.billing.plans import assert_index_bound
from tests.billing.statements.used import minute_of
from tests.billing.test_refusals import request_at

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
TODAY = NOON.date()


def requests(workspace: int, at: datetime, *, ok: int, failed: int) -> None:
    """Settle so many requests that ended at a moment."""
    for number in range(ok + failed):
        rows.settle(
            workspace,
            request_id=request_at(at),
            recorded_at=at,
            status="ok" if number < ok else "failed",
        )


@pytest.mark.parametrize("posted", [False, True], ids=["open", "posted"])
def test_spend_is_met_at_its_amount(posted: bool) -> None:
    workspace = place()
    made = alert(workspace, "spend", amount=50 * USD)
    rows.settle(workspace.pk, cost=50 * USD - 1, minute_no=minute_of(date(2026, 11, 1)))
    rows.settle(workspace.pk, cost=90 * USD, minute_no=minute_of(date(2026, 10, 31)))
    if posted:
        rollup.close(workspace.pk)
        rollup.post(workspace.pk)
    assert (look(NOON), fired(made)) == (0, [])
    rows.settle(workspace.pk, cost=1, minute_no=minute_of(TODAY))
    assert look(NOON) == 1
    [firing] = fired(made)
    assert (firing.value, firing.cycle, firing.title) == (
        50 * USD,
        "2026-11",
        "Spend of November 2026 reached $50.00",
    )


def test_spend_is_of_the_month_of_the_workspaces_zone() -> None:
    night = datetime(2026, 11, 30, 11, tzinfo=UTC)  # at +14 it is December
    here, there = place(), place(time_zone="Pacific/Kiritimati")
    alerts = [alert(each, "spend", amount=5) for each in (here, there)]
    for each in (here, there):
        rows.settle(each.pk, cost=4, minute_no=minute_of(date(2026, 11, 30)) + 9 * 60 + 59)
        rows.settle(each.pk, cost=4, minute_no=minute_of(date(2026, 11, 30)) + 10 * 60)
    assert look(night) == 1
    assert [len(fired(each)) for each in alerts] == [1, 0]


def test_a_forecast_is_met_when_it_passes_its_amount() -> None:
    workspace = place()
    for back in range(1, 11):
        rows.settle(workspace.pk, cost=USD, minute_no=minute_of(TODAY - timedelta(days=back)))
    # Ten days are spent; half of today and fourteen days are to come.
    expected = 10 * USD + 14 * USD + USD // 2
    at, below = (alert(workspace, "forecast", amount=amount) for amount in (expected, expected - 1))
    assert look(NOON) == 1
    assert (len(fired(at)), fired(below)[0].value) == (0, expected)
    assert fired(below)[0].detail == (
        "About $24.50 at the pace of the last full days; $10.00 so far. The month is that of UTC."
    )
    assert month_spend._cents(24_509_999_999) == "$24.50"


def test_months_of_many_workspaces_are_those_that_each_page_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    zones = {}
    for number, name in enumerate(("UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia")):
        workspace = rows.workspace()
        zones[workspace] = ZoneInfo(name)
        for back in range(0, 60, 1 + number):
            minute = minute_of(TODAY) + 700 - back * 733
            rows.settle(workspace, cost=USD + back, minute_no=minute, tag=str(back % 3))
            if back == 30:
                rollup.close(workspace)
                rollup.post(workspace)
    found = statements.months(zones, now=NOON)
    assert found == {workspace: statements.month(workspace, zone=zone) for workspace, zone in zones.items()}
    with pytest.raises(ValueError, match="at most 200"):
        statements.months(dict.fromkeys(range(statements.MOST + 1), ZoneInfo("UTC")), now=NOON)


@pytest.mark.parametrize(("spent", "met"), [(8 * USD - 1, 0), (8 * USD, 1)], ids=["below", "at"])
@pytest.mark.parametrize("named", [True, False], ids=["this key", "any key"])
def test_a_limit_of_a_key_is_met_at_its_share(spent: int, met: int, named: bool) -> None:
    workspace = place()
    used, other = key(workspace), key(workspace, "other")
    rows.settle(workspace.pk, api_key_id=used.pk, cost=spent)
    rows.admit(workspace.pk, api_key_id=used.pk, hold=USD)  # comes back
    for each in (used, other):
        budgets.put(workspace.pk, each.pk, limit=10 * USD, period=Period.DAY, actor="test")
    made = alert(workspace, "key", percent=80, api_key=used if named else None)
    alert(workspace, "key", percent=1, api_key=other)
    assert look(clock.now()) == met
    assert [(each.subject, each.value) for each in fired(made)] == [(str(used.pk), 80_000)][:met]


def test_limits_of_keys_are_told_once_until_they_begin_anew() -> None:
    workspace = place()
    used = key(workspace)
    rows.settle(workspace.pk, api_key_id=used.pk, cost=9 * USD)
    budgets.put(workspace.pk, used.pk, limit=10 * USD, period=Period.DAY, actor="test")
    made = alert(workspace, "key", percent=80)
    now = clock.now()
    assert [look(now), look(now), look(now + timedelta(days=1))] == [1, 0, 0]  # nothing is spent tomorrow
    budgets.put(workspace.pk, used.pk, limit=10 * USD, period=Period.NONE, actor="test")
    assert [look(now), look(now)] == [1, 0]
    budgets.put(workspace.pk, used.pk, limit=11 * USD, period=Period.NONE, actor="test")
    assert [look(now), look(now)] == [1, 0]
    assert len({each.cycle for each in fired(made)}) == 3
    tomorrow = clock.utc_day(now) + timedelta(days=1)
    anew = f"{figures.day(tomorrow, year=True)} 00:00 UTC"
    assert [each.detail for each in fired(made)] == [
        f"$9.00 of $10.00 a day. It begins anew {anew}. Requests beyond it are refused.",
        "$9.00 of $10.00. It does not begin anew. Requests beyond it are refused.",
        "$9.00 of $11.00. It does not begin anew. Requests beyond it are refused.",
    ]
    facts = json.loads(message.of_firing(fired(made)[2]))["data"]
    assert [facts[name] for name in ("value", "threshold", "unit", "key")] == [
        "81.818",
        "80",
        "percent",
        used.pk,
    ]


@pytest.mark.parametrize(
    ("ok", "failed", "met"),
    [(18, 2, 1), (19, 2, 0), (17, 2, 0), (0, 19, 0), (0, 20, 1)],
    ids=["at 10 %", "below 10 %", "too few", "all of too few", "all"],
)
def test_failures_are_met_at_their_share_of_enough_requests(ok: int, failed: int, met: int) -> None:
    workspace, now = place(), clock.now()
    alert(workspace, "errors", percent=10)
    requests(workspace.pk, now - timedelta(minutes=9), ok=ok, failed=failed)
    requests(workspace.pk, now - timedelta(minutes=10), ok=0, failed=20)
    assert look(now) == met


def test_failures_are_told_in_thousandths_of_a_percent() -> None:
    workspace, now = place(), clock.now()
    at, above = (alert(workspace, "errors", percent=percent) for percent in (95, 96))
    requests(workspace.pk, now - timedelta(minutes=1), ok=1, failed=20)
    assert look(now) == 1
    assert [each.value for each in fired(at)] == [95_238]
    assert fired(above) == []


def test_failures_are_told_again_only_after_ten_better_minutes() -> None:
    workspace, start = place(), clock.now()
    made = alert(workspace, "errors", percent=50)
    met = []
    # Failing, then better for almost ten minutes, failing again: one episode. Then better for ten, and failing: another.
    for minute, failing in (
        (0, True),
        (1, True),
        (12, False),
        (21, False),
        (21.9, False),
        (22, True),
        (28, True),
        (38, False),
        (48, False),
        (50, True),
    ):
        at = start + timedelta(minutes=minute)
        if failing:
            requests(workspace.pk, at, ok=0, failed=20)
        met.append(look(at))
    assert met == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert [each.cycle for each in fired(made)] == ["1", "2"]


def test_a_balance_is_met_below_its_amount_and_told_again_after_a_top_up() -> None:
    workspace, now = place(), clock.now()
    made = alert(workspace, "balance", amount=5 * USD)
    rows.fund(workspace.pk, 5 * USD)
    rows.admit(workspace.pk, hold=4 * USD)
    assert look(now) == 0
    rows.settle(workspace.pk, cost=1)
    assert [look(now), look(now)] == [1, 0]
    rows.settle(workspace.pk, cost=USD)
    rows.fund(workspace.pk, USD)
    assert look(now) == 0  # still a nano below
    rows.fund(workspace.pk, 1)
    assert look(now) == 0
    rows.settle(workspace.pk, cost=1)
    assert [look(now), look(now)] == [1, 0]
    assert [each.value for each in fired(made)] == [5 * USD - 1] * 2


def test_what_is_left_counts_an_overdraft_and_not_what_is_out_of_reach() -> None:
    workspace, now = place(), clock.now()
    made = alert(workspace, "balance", amount=20 * USD)
    rows.fund(workspace.pk, 10 * USD)
    rows.settle(workspace.pk, cost=4 * USD)
    rows.run(
        "UPDATE billing_account SET overdraft_limit = %s, withheld = %s WHERE workspace_id = %s",
        *(3 * USD, 2 * USD, workspace.pk),
    )
    assert look(now) == 1
    [firing] = fired(made)
    assert (firing.value, firing.detail.partition(".00 is")[0]) == (7 * USD, "$7")


def test_a_round_takes_as_many_queries_for_many_workspaces_as_for_one() -> None:
    def watched() -> None:
        workspace = place()
        alert(workspace, "balance", amount=5 * USD)
        alert(workspace, "key", percent=80)
        alert(workspace, "errors", percent=10)
        alert(workspace, "spend", amount=1)
        alert(workspace, "forecast", amount=1)
        rows.settle(workspace.pk, cost=USD, minute_no=minute_of(clock.utc_day(clock.now())))

    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            assert look(clock.now()) > 0
        return len(made)

    watched()
    one = queries()
    for _ in range(4):
        watched()
    assert queries() == one
    assert CustomerDelivery.objects.count() == 15


def test_what_a_round_reads_of_large_tables_it_finds_by_an_index() -> None:
    workspace = place(time_zone="Asia/Kolkata")
    alert(workspace, "errors", percent=10)
    alert(workspace, "spend", amount=1)
    with CaptureQueriesContext(connection) as queries:
        look(clock.now())
    assert_index_bound(queries)
