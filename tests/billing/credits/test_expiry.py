"""Expiry: a lot ends once, by what is left when all usage of its days is charged, and never takes more."""

import datetime

import pytest

from billing import rollup
from billing.credits import expiry
from billing.credits.lots import Credit, Source
from billing.models import LedgerTransaction
from kernel import clock
from tests.billing import rows

from .test_purse import TODAY, TOMORROW, give, left

NOW = datetime.datetime.combine(TODAY, datetime.time(12), datetime.UTC)
MIDNIGHT = (TODAY - datetime.date(1970, 1, 1)).days * 1440
ENDED = Credit(Source.PLAN, expires_on=TODAY)

pytestmark = pytest.mark.django_db


def with_ended(amount: int = 100) -> int:
    workspace = rows.workspace()
    give(workspace, amount, ENDED)
    return workspace


def expired(workspace: int) -> int:
    return LedgerTransaction.objects.filter(workspace_id=workspace, kind="expiry").count()


def test_what_is_left_at_the_end_leaves_the_ledger_once() -> None:
    workspace = with_ended()
    assert [expiry.lapse(NOW), expiry.lapse(NOW)] == [1, 0]
    assert left(workspace) == [("plan", 0)]
    account = rows.account(workspace)
    assert (account["posted"], account["lapsing"], expired(workspace)) == (0, 0, 1)


def test_a_lot_stays_until_its_day_has_come() -> None:
    workspace = rows.workspace()
    give(workspace, 100, Credit(Source.PLAN, expires_on=TOMORROW))
    assert expiry.lapse(NOW) == 0
    assert left(workspace) == [("plan", 100)]


def test_a_lot_stays_for_a_minute_after_midnight() -> None:
    workspace = with_ended()
    midnight = datetime.datetime.combine(TODAY, datetime.time(), datetime.UTC)
    assert expiry.lapse(midnight + datetime.timedelta(seconds=59)) == 0
    assert expiry.lapse(midnight + datetime.timedelta(seconds=60)) == 1
    assert left(workspace) == [("plan", 0)]


def test_a_lot_waits_for_an_open_request_of_its_last_day() -> None:
    workspace = with_ended()
    rows.admit(workspace, minute_no=MIDNIGHT - 1)
    assert expiry.lapse(NOW) == 0


def test_a_lot_waits_for_usage_that_is_not_yet_charged() -> None:
    workspace = with_ended()
    rows.settle(workspace, cost=30, minute_no=MIDNIGHT - 1)
    assert expiry.lapse(NOW) == 0
    rollup.close(workspace)
    rollup.post(workspace)
    assert expiry.lapse(NOW) == 1
    assert rows.account(workspace)["posted"] == 0


def test_requests_of_the_next_day_do_not_keep_a_lot_alive() -> None:
    workspace = with_ended()
    rows.admit(workspace, minute_no=MIDNIGHT)
    rows.settle(workspace, cost=0, minute_no=MIDNIGHT)
    assert expiry.lapse(NOW) == 1


def test_other_credit_is_left_alone() -> None:
    workspace = with_ended()
    give(workspace, 50)
    expiry.lapse(NOW)
    assert left(workspace) == [("plan", 0), ("topup", 50)]
    assert clock.utc_day(NOW) == TODAY
