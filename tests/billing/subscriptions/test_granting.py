"""Granting: each period's credits once, whatever dies, repeats or sleeps."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from accounts.models import Workspace
from billing import ledger
from billing.models import LedgerTransaction, Subscription, SubscriptionChange
from billing.subscriptions import granting
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
    assert SubscriptionChange.objects.get(workspace_id=row.workspace_id).kind == "ended"
    assert Workspace.objects.get(pk=row.workspace_id).plan_version == free
    assert rows.grants(row.workspace_id) == [2500]


def test_comes_two_minutes_before_its_day_and_no_earlier() -> None:
    row = rows.subscriber(rows.terms(credits_usd=3), JAN_31)
    midnight = datetime(2026, 1, 31, tzinfo=UTC)
    assert granting.grant_due(midnight - timedelta(minutes=2, microseconds=1), seconds=20) == 0
    assert granting.grant_due(midnight - timedelta(minutes=2), seconds=20) == 1
    assert rows.grants(row.workspace_id) == [300]


def test_leaves_what_there_is_no_time_for_to_the_next_round_and_says_so() -> None:
    row = rows.subscriber(rows.terms(credits_usd=3), JAN_31)
    with capture_logs() as logs:
        assert granting.grant_due(noon(JAN_31), seconds=-1) == 0
    assert [(line["log_level"], line["done"]) for line in logs] == [("warning", 0)]
    assert rows.grants(row.workspace_id) == []
    assert sweep(JAN_31) == 1


def test_takes_the_longest_due_first_and_none_that_is_not() -> None:
    late, early, later = (
        rows.subscriber(rows.terms(credits_usd=3), JAN_31 + timedelta(days=days)) for days in (0, -5, 1)
    )
    assert granting.due(JAN_31) == [(row.pk, row.workspace_id) for row in (early, late)]
    assert (later.pk, later.workspace_id) in granting.due(JAN_31 + timedelta(days=1))


def test_leaves_alone_what_another_settled_since_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    on, off = (rows.subscriber(rows.terms(credits_usd=3), JAN_31) for _ in range(2))
    found = granting.due(JAN_31)
    sweep(JAN_31)
    Subscription.objects.filter(pk=off.pk).update(status="cancelled", ended_on=JAN_31, due_on=None)
    monkeypatch.setattr(granting, "due", lambda today: found)
    assert sweep(JAN_31) == 0
    assert [rows.grants(row.workspace_id) for row in (on, off)] == [[300], [300]]


def test_tells_of_one_that_fails_and_does_not_count_it() -> None:
    bad = rows.subscriber(rows.terms(credits_usd=3), JAN_31)
    ledger.post(
        workspace_id=bad.workspace_id,
        kind=ledger.Kind.GRANT,
        amount=1,
        offset=ledger.System.PROMOTION,
        idem_key=f"plan:{bad.pk}:{JAN_31}",
    )
    with capture_logs() as logs:
        assert sweep(JAN_31) == 0
    assert [(line["log_level"], line["subscription"]) for line in logs] == [("error", str(bad.pk))]


@pytest.mark.parametrize(("terms", "said"), [({}, "2026-01-31 to 2026-02-27"), (rows.FREE, "good")])
def test_says_in_the_ledger_for_which_period(terms: dict[str, Any], said: str) -> None:
    row = rows.subscriber(rows.terms(credits_usd=3, **terms), JAN_31)
    sweep(JAN_31)
    made = LedgerTransaction.objects.get(workspace_id=row.workspace_id)
    assert (made.reason, made.actor) == (f"Credits of {row.plan_version} for {said}", "plan")


def test_missed_periods_are_told_once_and_add_up() -> None:
    row = rows.subscriber(rows.terms(credits_usd=10), date(2026, 1, 5))
    sweep(date(2026, 1, 5))
    with capture_logs() as logs:
        sweep(date(2026, 2, 5))
        assert logs == [], "a period that was granted is not missed"
        sweep(date(2026, 5, 5))
        sweep(date(2026, 7, 5))
    assert [(line["log_level"], line["periods"]) for line in logs] == [("error", 2), ("error", 1)]
    row.refresh_from_db()
    assert (row.missed, row.missed_last) == (3, date(2026, 6, 5))


def test_of_stripe_is_for_the_period_that_was_paid_and_moves_on_by_payments_alone() -> None:
    row = rows.subscriber(rows.terms(credits_usd=3), JAN_31)
    row.source, row.stripe_subscription_id, row.due_on = Subscription.Source.STRIPE, "sub_1", None
    granting.settle(row, JAN_31)
    assert (row.granted_for, row.due_on, rows.grants(row.workspace_id)) == (JAN_31, None, [300])
    granting.settle(row, date(2026, 3, 1))
    row.refresh_from_db()
    assert (row.current_period_start, row.due_on) == (JAN_31, None)
    assert rows.grants(row.workspace_id) == [300]


def test_a_scheduled_plan_of_the_same_period_keeps_its_day_and_leaves_a_line() -> None:
    old, new = rows.terms(usd=20, credits_usd=25), rows.terms(usd=7, credits_usd=7)
    row = rows.subscriber(old, JAN_31)
    sweep(JAN_31)
    Subscription.objects.filter(pk=row.pk).update(next_plan_version=new, cancel_at_period_end=True)
    sweep(date(2026, 2, 28))
    row.refresh_from_db()
    assert (row.anchor, row.current_period_end) == (JAN_31, date(2026, 3, 31))
    assert (row.next_plan_version, row.cancel_at_period_end) == (None, False)
    change = SubscriptionChange.objects.get(workspace_id=row.workspace_id)
    assert (change.kind, change.from_version, change.to_version) == ("taken", old, new)
    assert (change.takes_effect_on, change.actor) == (date(2026, 2, 28), "plan")


def test_a_scheduled_plan_without_periods_is_good_from_then_on() -> None:
    row = rows.subscriber(rows.terms(usd=20, credits_usd=25), JAN_31)
    sweep(JAN_31)
    Subscription.objects.filter(pk=row.pk).update(next_plan_version=rows.terms(credits_usd=3, **rows.FREE))
    sweep(date(2026, 3, 5))
    row.refresh_from_db()
    assert (row.current_period_start, row.current_period_end) == (date(2026, 2, 28), None)
    assert rows.lots(row.workspace_id)[1:] == [("plan", 300, None)]
    assert (row.due_on, row.missed) == (None, 0)


def test_of_a_period_that_was_never_granted_is_nothing_once_the_plan_has_ended() -> None:
    row = rows.subscriber(rows.terms(usd=20, credits_usd=25), date(2026, 1, 5))
    Subscription.objects.filter(pk=row.pk).update(next_plan_version=rows.terms(**rows.FREE))
    sweep(date(2026, 2, 5))
    row.refresh_from_db()
    assert (row.status, rows.grants(row.workspace_id)) == ("cancelled", [])
