"""The outlook: read from the rows of a workspace, in its own days."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import ledger, rollup, statements
from billing.credits import withholding
from billing.credits.lots import Credit, Source
from billing.statements import Meter, Range
from kernel import clock
from tests.billing import rows
from tests.billing.plans import assert_index_bound
from tests.billing.statements.used import minute_of

DAY = datetime.timedelta(days=1)
NOON = datetime.datetime(2026, 11, 16, 12, tzinfo=datetime.UTC)
TODAY = NOON.date()
USD = 10**9


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def spent_daily(workspace: int, nano: int, *, minute: int = 0, days: int = 10) -> None:
    """Spend the same on each of the last full days, posted, and a tenth of it today, not posted."""
    for back in range(1, days + 1):
        rows.settle(workspace, cost=nano, minute_no=minute_of(TODAY - back * DAY) + minute)
    rollup.close(workspace)
    rollup.post(workspace)
    rows.settle(workspace, cost=nano // 10, minute_no=minute_of(TODAY))


def give(workspace: int, usd: int, credit: Credit | None = None) -> None:
    ledger.post(
        workspace_id=workspace, kind=ledger.Kind.GRANT, amount=usd * USD, offset=ledger.System.PROMOTION,
        idem_key=f"grant {usd} {credit}", credit=credit,
    )  # fmt: skip


@pytest.mark.django_db
def test_of_a_month_adds_what_is_to_come_to_what_is_spent() -> None:
    workspace = rows.workspace()
    spent_daily(workspace, USD)
    found = statements.month(workspace, zone=ZoneInfo("UTC"))
    # Ten full days, all of November's 6th to 15th; half of today and fourteen days are to come.
    spent = 10 * USD + USD // 10
    assert (found.first, found.spent, found.days) == (datetime.date(2026, 11, 1), spent, 10)
    assert found.whole == Range(*[spent + 14 * USD + USD // 2] * 3)


@pytest.mark.django_db
def test_of_a_month_is_that_of_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = rows.workspace()
    monkeypatch.setattr(clock, "now", lambda: datetime.datetime(2026, 11, 30, 11, tzinfo=datetime.UTC))
    rows.settle(workspace, cost=5, minute_no=minute_of(datetime.date(2026, 11, 30)) + 9 * 60 + 59)
    rows.settle(workspace, cost=7, minute_no=minute_of(datetime.date(2026, 11, 30)) + 10 * 60)
    there = statements.month(workspace, zone=ZoneInfo("Pacific/Kiritimati"))  # at +14 it is December
    assert (there.first, there.spent, there.zone) == (datetime.date(2026, 12, 1), 7, "Pacific/Kiritimati")
    here = statements.month(workspace, zone=ZoneInfo("UTC"))
    assert (here.first, here.spent, here.whole, here.days) == (datetime.date(2026, 11, 1), 12, None, 0)


@pytest.mark.django_db
def test_of_a_month_is_of_utc_where_its_zone_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    then = datetime.datetime(1971, 11, 16, 12, tzinfo=datetime.UTC)
    monkeypatch.setattr(clock, "now", lambda: then)
    workspace = rows.workspace()
    rows.settle(workspace, cost=5, minute_no=minute_of(then.date()))
    found = statements.month(workspace, zone=ZoneInfo("Africa/Monrovia"))  # off by 44 minutes and a half
    assert (found.zone, found.first, found.spent) == ("UTC", datetime.date(1971, 11, 1), 5)


@pytest.mark.django_db
@pytest.mark.parametrize(("now", "spent"), [(NOON, 15), (NOON + 14 * DAY, 29)])
def test_of_a_month_looks_at_four_weeks_and_at_all_of_the_month(
    now: datetime.datetime, spent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)
    workspace = rows.workspace()
    for back in range(1, 31):
        rows.settle(workspace, cost=USD, minute_no=minute_of(now.date() - back * DAY))
    found = statements.month(workspace, zone=ZoneInfo("UTC"))
    assert (found.spent, found.days) == (spent * USD, 28)


@pytest.mark.django_db
def test_knows_on_which_weekdays_money_is_spent() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 35 * USD)
    for weeks in (1, 2, 3):  # today is a Monday
        rows.settle(workspace, cost=7 * USD, minute_no=minute_of(TODAY - weeks * 7 * DAY))
    rollup.close(workspace)
    rollup.post(workspace)
    month = statements.month(workspace, zone=ZoneInfo("UTC"))
    # Two Mondays of November are spent, half of this one and two more are to come.
    assert month.whole == Range(*[9 * 7 * USD // 2] * 3)
    lasts = statements.run_out(workspace)
    assert lasts is not None
    assert lasts.ends == datetime.date(2026, 11, 30)


@pytest.mark.django_db
def test_of_credit_tells_how_long_it_lasts_and_what_expires() -> None:
    workspace = rows.workspace()
    give(workspace, 30)
    give(workspace, 20, Credit(Source.PLAN, TODAY + 4 * DAY))
    give(rows.workspace(), 50)
    spent_daily(workspace, USD)
    found = statements.run_out(workspace)
    assert found is not None
    # Ten of the plan's twenty are paid; a tenth is owed, half of today and three days are taken until the 20th.
    assert [(lapse.source, lapse.on, lapse.amount) for lapse in found.lapses] == [
        ("plan", TODAY + 4 * DAY, 10 * USD - USD // 10 - USD // 2 - 3 * USD)
    ]
    assert found.days == 4 + 30 - 1


@pytest.mark.django_db
def test_of_credit_tells_of_the_last_nano_that_expires() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 10 * USD)
    spent_daily(workspace, USD)
    give(workspace, 50, Credit(Source.PLAN))
    ledger.post(
        workspace_id=workspace, kind=ledger.Kind.GRANT, amount=1, offset=ledger.System.PROMOTION,
        idem_key="one", credit=Credit(Source.VOUCHER, TODAY + 2 * DAY),
    )  # fmt: skip
    found = statements.run_out(workspace)
    assert found is not None
    assert [(lapse.source, lapse.on, lapse.amount) for lapse in found.lapses] == [
        ("voucher", TODAY + 2 * DAY, 1)
    ]


@pytest.mark.django_db
def test_of_credit_leaves_out_what_is_withheld() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 100 * USD)
    give(workspace, 13, Credit(Source.PLAN))
    spent_daily(workspace, USD)
    free = statements.run_out(workspace)
    withholding.set_spill(workspace, enabled=False, actor="test")
    bound = statements.run_out(workspace)
    assert free is not None
    assert bound is not None
    assert (free.days, bound.days) == (103, 3)


@pytest.mark.django_db
def test_of_credit_leaves_the_balance_that_a_ceiling_allows() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 60 * USD)
    rows.fund(workspace, 40 * USD)
    give(workspace, 13, Credit(Source.PLAN))
    withholding.set_spill(workspace, enabled=True, monthly_ceiling=50 * USD, actor="test")
    spent_daily(workspace, USD)
    found = statements.run_out(workspace)
    assert found is not None
    assert found.days == 3 + 50


@pytest.mark.django_db
def test_of_credit_without_use_is_none_and_without_account_an_error() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, USD)
    assert statements.run_out(workspace) is None
    with pytest.raises(LookupError, match="no account"):
        statements.run_out(-1)


@pytest.mark.parametrize(
    ("used", "met"),
    [(0, None), (49, None), (50, None), (51, "23:31"), (75, "16:00"), (100, "12:00"), (130, "12:00")],
)
def test_of_a_cap_is_the_moment_it_is_met(used: int, met: str | None) -> None:
    meter = Meter(used, 100, datetime.datetime(2026, 11, 17, tzinfo=datetime.UTC))
    found = statements.cap_met(meter, begins=NOON - DAY / 2, now=NOON)
    assert (f"{found:%H:%M}" if found else None) == met
    for without in (Meter(used, None, None), Meter(used, None, NOON + DAY), Meter(used, 100, None)):
        assert statements.cap_met(without, begins=NOON, now=NOON) is None


def test_of_a_cap_is_told_from_the_first_request_and_not_before_time_has_passed() -> None:
    resets = NOON + DAY / 2
    half = Meter(1, 2, resets)
    assert statements.cap_met(half, begins=NOON - DAY / 24, now=NOON) == NOON + DAY / 24
    assert statements.cap_met(half, begins=NOON, now=NOON) is None
    assert statements.cap_met(Meter(2, 2, resets), begins=NOON, now=NOON) == NOON


@pytest.mark.django_db
def test_is_read_by_an_index() -> None:
    workspace = rows.workspace()
    with CaptureQueriesContext(connection) as queries:
        statements.month(workspace, zone=ZoneInfo("Asia/Kolkata"))
        statements.run_out(workspace)
    assert_index_bound(queries)
