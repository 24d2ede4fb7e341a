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
    assert (here.first, here.spent, here.whole) == (datetime.date(2026, 11, 1), 12, None)


@pytest.mark.django_db
def test_of_credit_tells_how_long_it_lasts_and_what_expires() -> None:
    workspace = rows.workspace()
    give(workspace, 30)
    give(workspace, 20, Credit(Source.PLAN, TODAY + 4 * DAY))
    spent_daily(workspace, USD)
    found = statements.run_out(workspace)
    assert found is not None
    # Ten of the plan's twenty are paid; a tenth is owed, half of today and three days are taken until the 20th.
    assert [(lapse.source, lapse.on, lapse.amount) for lapse in found.lapses] == [
        ("plan", TODAY + 4 * DAY, 10 * USD - USD // 10 - USD // 2 - 3 * USD)
    ]
    assert found.days == 4 + 30 - 1


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
def test_of_credit_without_use_is_none_and_without_account_an_error() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, USD)
    assert statements.run_out(workspace) is None
    with pytest.raises(LookupError):
        statements.run_out(-1)


@pytest.mark.parametrize(
    ("used", "met"),
    [(0, None), (49, None), (50, None), (51, "23:31"), (75, "16:00"), (100, "12:00"), (130, "12:00")],
)
def test_of_a_cap_is_the_moment_it_is_met(used: int, met: str | None) -> None:
    meter = Meter(used, 100, datetime.datetime(2026, 11, 17, tzinfo=datetime.UTC))
    found = statements.cap_met(meter, begins=NOON - DAY / 2, now=NOON)
    assert (f"{found:%H:%M}" if found else None) == met
    assert statements.cap_met(Meter(used, None, None), begins=NOON, now=NOON) is None


@pytest.mark.django_db
def test_is_read_by_an_index() -> None:
    workspace = rows.workspace()
    with CaptureQueriesContext(connection) as queries:
        statements.month(workspace, zone=ZoneInfo("Asia/Kolkata"))
        statements.run_out(workspace)
    assert_index_bound(queries)
