"""Expiry: a lot ends once, by what is left when all usage of its days is charged, and never takes more."""

import datetime
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from structlog.testing import capture_logs

from billing import ledger, rollup
from billing.credits import expiry
from billing.credits.lots import Credit, Source
from billing.models import CreditLot, LedgerTransaction
from kernel import clock
from tests.billing import rows

from .test_purse import TODAY, TOMORROW, give, left, take

NOW = datetime.datetime.combine(TODAY, datetime.time(12), datetime.UTC)
MIDNIGHT = (TODAY - datetime.date(1970, 1, 1)).days * 1440
ENDED = Credit(Source.PLAN, expires_on=TODAY)


def with_ended(amount: int = 100) -> int:
    workspace = rows.workspace()
    give(workspace, amount, ENDED)
    return workspace


def expired(workspace: int) -> int:
    return LedgerTransaction.objects.filter(workspace_id=workspace, kind="expiry").count()


def lapse_apart() -> None:
    try:
        expiry.lapse(NOW)
    finally:
        connection.close()


def somebody_waits() -> None:
    """Return once another session waits for a lock; give up after five seconds."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted")
            if cursor.rowcount:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.django_db
def test_what_is_left_at_the_end_leaves_the_ledger_once() -> None:
    workspace = with_ended()
    assert [expiry.lapse(NOW), expiry.lapse(NOW)] == [1, 0]
    assert left(workspace) == [("plan", 0)]
    account = rows.account(workspace)
    assert (account["posted"], account["lapsing"], expired(workspace)) == (0, 0, 1)


@pytest.mark.django_db
def test_the_last_nano_ends_too() -> None:
    workspace = with_ended(1)
    assert expiry.lapse(NOW) == 1
    assert left(workspace) == [("plan", 0)]


@pytest.mark.django_db
def test_a_workspace_that_fails_is_told_of_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    failing, other = with_ended(), with_ended()
    post = ledger.post

    def fails(**movement: Any) -> UUID:
        if movement["workspace_id"] == failing:
            raise DatabaseError("cannot")
        return post(**movement)

    monkeypatch.setattr(ledger, "post", fails)
    with capture_logs() as logs:
        assert expiry.lapse(NOW) == 1
    assert [(each["workspace_id"], each["error"]) for each in logs] == [(failing, "cannot")]
    assert (left(failing), left(other)) == ([("plan", 100)], [("plan", 0)])


@pytest.mark.django_db
def test_a_lot_that_is_spent_already_does_not_hinder_the_others() -> None:
    workspace = with_ended(100)
    [lot] = CreditLot.objects.filter(workspace_id=workspace)
    take(workspace, 100, lot.transaction_id)
    give(workspace, 5, ENDED)
    assert expiry.lapse(NOW) == 1
    assert left(workspace) == [("plan", 0), ("plan", 0)]
    assert rows.account(workspace)["posted"] == 0


@pytest.mark.usefixtures("committed")
def test_what_is_taken_back_meanwhile_does_not_end_as_well() -> None:
    workspace = with_ended()
    [lot] = CreditLot.objects.filter(workspace_id=workspace)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            take(workspace, 30, lot.transaction_id)
            ending = pool.submit(lapse_apart)
            somebody_waits()
        ending.result(timeout=10)
    assert left(workspace) == [("plan", 0)]
    assert rows.account(workspace)["posted"] == 0


@pytest.mark.django_db
def test_a_lot_stays_until_its_day_has_come() -> None:
    workspace = rows.workspace()
    give(workspace, 100, Credit(Source.PLAN, expires_on=TOMORROW))
    assert expiry.lapse(NOW) == 0
    assert left(workspace) == [("plan", 100)]


@pytest.mark.django_db
def test_a_lot_stays_for_a_minute_after_midnight() -> None:
    workspace = with_ended()
    midnight = datetime.datetime.combine(TODAY, datetime.time(), datetime.UTC)
    assert expiry.lapse(midnight + datetime.timedelta(seconds=59)) == 0
    assert expiry.lapse(midnight + datetime.timedelta(seconds=60)) == 1
    assert left(workspace) == [("plan", 0)]


@pytest.mark.django_db
def test_a_lot_waits_for_an_open_request_of_its_last_day() -> None:
    workspace = with_ended()
    rows.admit(workspace, minute_no=MIDNIGHT - 1)
    assert expiry.lapse(NOW) == 0


@pytest.mark.django_db
def test_a_lot_waits_for_usage_that_is_not_yet_charged() -> None:
    workspace = with_ended()
    rows.settle(workspace, cost=30, minute_no=MIDNIGHT - 1)
    assert expiry.lapse(NOW) == 0
    rollup.close(workspace)
    rollup.post(workspace)
    assert expiry.lapse(NOW) == 1
    assert rows.account(workspace)["posted"] == 0


@pytest.mark.django_db
def test_requests_of_the_next_day_do_not_keep_a_lot_alive() -> None:
    workspace = with_ended()
    rows.admit(workspace, minute_no=MIDNIGHT)
    rows.settle(workspace, cost=0, minute_no=MIDNIGHT)
    assert expiry.lapse(NOW) == 1


@pytest.mark.django_db
def test_other_credit_is_left_alone() -> None:
    workspace = with_ended()
    give(workspace, 50)
    expiry.lapse(NOW)
    assert left(workspace) == [("plan", 0), ("topup", 50)]
    assert clock.utc_day(NOW) == TODAY
