"""Granting: each period's credits once, whatever dies, repeats or sleeps."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connections, transaction

from accounts.models import Workspace
from billing import ledger
from billing.models import LedgerTransaction, Subscription
from billing.subscriptions import granting
from kernel import clock
from tests.billing import rows as money_rows
from tests.billing.subscriptions import rows
from tests.billing.subscriptions.rows import noon

pytestmark = pytest.mark.django_db

JAN_31 = date(2026, 1, 31)


def sweep(day: date) -> int:
    return granting.grant_due(noon(day), seconds=20)


def test_brings_each_months_credits_on_its_first_day_until_its_end() -> None:
    row = rows.subscriber(rows.terms(usd=20, credits_usd=25), JAN_31)
    for day in (JAN_31, date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 30), date(2026, 3, 31)):
        sweep(day)
    assert rows.lots(row.workspace_id) == [
        ("plan", 2500, date(2026, 2, 28)),
        ("plan", 2500, date(2026, 3, 31)),
        ("plan", 2500, date(2026, 4, 30)),
    ]
    keys = LedgerTransaction.objects.filter(workspace_id=row.workspace_id).order_by("id")
    assert list(keys.values_list("kind", "idem_key")) == [
        ("grant", f"plan:{row.pk}:{start}") for start in ("2026-01-31", "2026-02-28", "2026-03-31")
    ]


def test_twice_brings_them_once() -> None:
    row = rows.subscriber(rows.terms(credits_usd=7, period="week"), JAN_31)
    assert [sweep(JAN_31), sweep(JAN_31)] == [1, 0]
    Subscription.objects.filter(pk=row.pk).update(due_on=JAN_31, granted_for=None)  # as if that had been lost
    sweep(JAN_31)
    assert rows.grants(row.workspace_id) == [700]


def test_skips_what_is_over_and_says_so() -> None:
    row = rows.subscriber(rows.terms(credits_usd=10), date(2026, 1, 5))
    sweep(date(2026, 1, 5))
    sweep(date(2026, 4, 20))
    row.refresh_from_db()
    assert rows.lots(row.workspace_id) == [("plan", 1000, date(2026, 2, 5)), ("plan", 1000, date(2026, 5, 5))]
    assert (row.missed, row.missed_last) == (2, date(2026, 3, 5))
    assert (row.current_period_start, row.due_on) == (date(2026, 4, 5), date(2026, 5, 5))


def test_counts_a_first_period_that_nobody_granted_as_missed() -> None:
    row = rows.subscriber(rows.terms(credits_usd=10), date(2026, 1, 5))
    sweep(date(2026, 2, 5))
    row.refresh_from_db()
    assert (row.missed, row.missed_last, rows.grants(row.workspace_id)) == (1, date(2026, 1, 5), [1000])


def test_does_nothing_on_a_clock_that_went_back() -> None:
    row = rows.subscriber(rows.terms(credits_usd=10), date(2026, 1, 5))
    sweep(date(2026, 3, 5))
    assert sweep(date(2026, 1, 6)) == 0
    assert rows.grants(row.workspace_id) == [1000]


def test_of_a_plan_without_periods_is_once_and_for_good() -> None:
    row = rows.subscriber(rows.terms(credits_usd=3, **rows.FREE), JAN_31)
    sweep(JAN_31)
    assert sweep(JAN_31 + timedelta(days=4000)) == 0
    assert rows.lots(row.workspace_id) == [("plan", 300, None)]


def test_of_a_plan_with_a_price_alone_moves_on_without_a_posting() -> None:
    row = rows.subscriber(rows.terms(usd=5), JAN_31)
    sweep(date(2026, 3, 1))
    row.refresh_from_db()
    assert (row.current_period_start, rows.grants(row.workspace_id)) == (date(2026, 2, 28), [])


def test_leaves_cancelled_and_unpaid_ones_alone() -> None:
    for status, ended in (("cancelled", JAN_31), ("past_due", None)):
        row = rows.subscriber(rows.terms(credits_usd=3), JAN_31)
        due = None if ended else JAN_31
        Subscription.objects.filter(pk=row.pk).update(status=status, ended_on=ended, due_on=due)
        sweep(JAN_31)
        assert rows.grants(row.workspace_id) == []


def test_goes_on_past_one_that_fails() -> None:
    bad, good = (rows.subscriber(rows.terms(credits_usd=3), JAN_31) for _ in range(2))
    ledger.post(
        workspace_id=bad.workspace_id,
        kind=ledger.Kind.GRANT,
        amount=1,
        offset=ledger.System.PROMOTION,
        idem_key=f"plan:{bad.pk}:{JAN_31}",
    )
    Subscription.objects.filter(pk=bad.pk).update(due_on=JAN_31 - timedelta(days=1))
    sweep(JAN_31)
    assert rows.grants(good.workspace_id) == [300]
    bad.refresh_from_db()
    assert bad.granted_for is None


def test_takes_a_scheduled_plan_at_the_periods_end() -> None:
    old, new = rows.terms(usd=20, credits_usd=25), rows.terms(usd=7, credits_usd=7, period="week")
    row = rows.subscriber(old, date(2026, 1, 5))
    sweep(date(2026, 1, 5))
    Subscription.objects.filter(pk=row.pk).update(next_plan_version=new)
    sweep(date(2026, 2, 14))
    row.refresh_from_db()
    assert Workspace.objects.get(pk=row.workspace_id).plan_version == new
    assert (row.plan_version, row.anchor, row.next_plan_version) == (new, date(2026, 2, 5), None)
    assert rows.lots(row.workspace_id)[1:] == [("plan", 700, date(2026, 2, 19))]
    assert (row.current_period_start, row.missed) == (date(2026, 2, 12), 1)


def test_ends_where_the_scheduled_plan_brings_nothing() -> None:
    row = rows.subscriber(rows.terms(usd=20, credits_usd=25), date(2026, 1, 5))
    sweep(date(2026, 1, 5))
    free = rows.terms(**rows.FREE)
    Subscription.objects.filter(pk=row.pk).update(next_plan_version=free, cancel_at_period_end=True)
    sweep(date(2026, 2, 5))
    row.refresh_from_db()
    assert (row.status, row.ended_on, row.due_on) == ("cancelled", date(2026, 2, 5), None)
    assert Workspace.objects.get(pk=row.workspace_id).plan_version == free
    assert rows.grants(row.workspace_id) == [2500]


class TestCommitted:
    """With real commits, so that processes can die and meet."""

    pytestmark = pytest.mark.usefixtures("committed")

    def test_killed_before_its_commit_is_made_up_for(self) -> None:
        row = rows.subscriber(rows.terms(credits_usd=3), JAN_31)
        with transaction.atomic():
            granting.held(row.workspace_id)
            granting.settle(Subscription.objects.select_related("plan_version__plan").get(pk=row.pk), JAN_31)
            transaction.set_rollback(True)
        assert rows.grants(row.workspace_id) == []
        sweep(JAN_31)
        assert rows.grants(row.workspace_id) == [300]
        assert money_rows.account(row.workspace_id)["posted"] == 3 * rows.USD

    def test_by_several_at_once_is_once(self) -> None:
        made = [rows.subscriber(rows.terms(credits_usd=3), JAN_31) for _ in range(5)]
        barrier = threading.Barrier(4)

        def work() -> None:
            try:
                barrier.wait(10)
                for _ in range(3):
                    sweep(JAN_31)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        sweep(JAN_31)  # one that all of them left to another
        assert [rows.grants(row.workspace_id) for row in made] == [[300]] * 5
        assert clock.utc_day(clock.now()) > JAN_31
