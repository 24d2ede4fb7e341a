"""What Stripe says of a subscription, in any order and any number of times, comes to the same."""

import itertools
from datetime import date, timedelta

import pytest

from accounts.models import Workspace
from billing.models import Subscription
from billing.subscriptions import book, stripe
from billing.subscriptions.periods import Span
from catalog.models import Plan
from kernel import clock
from tests.billing.subscriptions import rows

pytestmark = pytest.mark.django_db

SUB = "sub_1"


def today() -> date:
    return clock.utc_day(clock.now())


def linked(first: int = 0) -> Subscription:
    workspace = rows.workspace(rows.terms())
    return stripe.link(
        workspace.pk,
        rows.terms(usd=20, credits_usd=25),
        subscription_id=SUB,
        customer_id="cus_1",
        period_start=today() + timedelta(days=first),
        period_end=today() + timedelta(days=first + 30),
    )


def paid(first: int = 0, last: int = 30) -> None:
    span = Span(today() + timedelta(days=first), today() + timedelta(days=last))
    stripe.Keeper().paid(SUB, period=span, event_id="evt")


def failed(first: int = 0, last: int = 30) -> None:
    span = Span(today() + timedelta(days=first), today() + timedelta(days=last))
    stripe.Keeper().not_paid(SUB, period=span, event_id="evt")


def changed(status: str, at: int, *, ends: bool = False) -> None:
    stripe.Keeper().changed(SUB, status=status, ends_with_period=ends, at=at, event_id="evt")


def test_credits_come_with_the_payment_and_once() -> None:
    row = linked()
    assert rows.grants(row.workspace_id) == []
    for _ in range(3):
        paid()
    row.refresh_from_db()
    assert (row.status, rows.grants(row.workspace_id)) == ("active", [2500])
    assert rows.lots(row.workspace_id) == [("plan", 2500, today() + timedelta(days=30))]


def test_an_invoice_within_the_period_brings_no_second_grant() -> None:
    row = linked()
    paid()
    paid(first=10)
    assert rows.grants(row.workspace_id) == [2500]


def test_the_next_payment_brings_the_next_period() -> None:
    row = linked()
    paid()
    paid(30, 60)
    paid()
    row.refresh_from_db()
    assert rows.grants(row.workspace_id) == [2500, 2500]
    assert row.current_period_start == today() + timedelta(days=30)


def test_a_payment_for_what_is_over_is_told_and_not_granted() -> None:
    row = linked(-30)
    paid(-30, 0)  # its last day was yesterday
    row.refresh_from_db()
    assert (row.missed, rows.grants(row.workspace_id)) == (1, [])


def test_a_failure_and_a_payment_of_the_same_period_come_to_a_payment_in_any_order() -> None:
    for order in itertools.permutations((paid, failed, failed)):
        Subscription.objects.all().delete()
        row = linked()
        for word in order:
            word()
        row.refresh_from_db()
        assert (row.status, rows.grants(row.workspace_id)) == ("active", [2500])


def test_a_failure_of_the_next_period_is_noted() -> None:
    row = linked()
    paid()
    failed(30, 60)
    row.refresh_from_db()
    assert row.status == "past_due"


def test_an_older_word_is_no_news_and_an_end_is_one() -> None:
    Plan.objects.filter(rank=0).delete()
    row = linked()
    paid()
    changed("active", at=20, ends=True)
    changed("active", at=10, ends=False)
    row.refresh_from_db()
    assert row.cancel_at_period_end
    free = rows.terms()
    changed("canceled", at=30)
    changed("active", at=40)
    row.refresh_from_db()
    assert (row.status, row.ended_on) == ("cancelled", today())
    standing = Workspace.objects.get(pk=row.workspace_id).plan_version
    assert (standing.price_nano, standing.credits_nano) == (0, 0)
    assert free.plan.public
    assert rows.grants(row.workspace_id) == [2500]


def test_takes_the_place_of_one_of_ours() -> None:
    workspace = rows.workspace(rows.terms(usd=10, credits_usd=10))
    ours = book.begin(workspace, actor="test")
    dear = rows.terms(usd=20, credits_usd=25)
    facts = {"customer_id": "cus_1", "period_start": today(), "period_end": today() + timedelta(days=30)}
    row = stripe.link(workspace.pk, dear, subscription_id=SUB, **facts)  # type: ignore[arg-type]
    assert stripe.link(workspace.pk, dear, subscription_id=SUB, **facts) == row  # type: ignore[arg-type]
    assert ours is not None
    ours.refresh_from_db()
    assert ours.status == "cancelled"
    assert Workspace.objects.get(pk=workspace.pk).plan_version == dear


def test_one_that_is_not_known_is_nobodys() -> None:
    paid()
    failed()
    changed("canceled", at=1)
    assert not Subscription.objects.exists()
