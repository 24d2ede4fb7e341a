"""Plans bought at Stripe: whatever order its events come in, one subscription, its credits once, and no other's plan."""

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import override_settings

from accounts.models import Workspace
from billing.models import PaymentAlert, StripeEvent, Subscription
from billing.payments import checkout
from billing.subscriptions import offers
from catalog.models import PlanVersion
from kernel import clock
from tests.billing.payments.till import PAGES, Payer, Till
from tests.billing.subscriptions import rows
from tests.fakes import stripe_subscriptions
from tests.fakes.stripe_world import Thing

pytestmark = pytest.mark.django_db


def today() -> date:
    return clock.utc_day(clock.now())


def page(till: Till, payer: Payer, terms: PlanVersion) -> Thing:
    """Have the page made on which terms are bought, and return it as Stripe has it."""
    url = checkout.subscribe(payer.workspace, terms, PAGES)
    return till.world.get(url.rpartition("/")[2])


def bought(till: Till, payer: Payer, terms: PlanVersion, **changed: Any) -> tuple[Thing, Thing]:
    """Buy terms; `changed` overwrites what stands on the page. Returns the events of the page and the first invoice."""
    made = page(till, payer, terms)
    made.update(changed)
    return stripe_subscriptions.buy(till.world, made["id"], first=today())


def standing(payer: Payer) -> PlanVersion:
    return Workspace.objects.get(pk=payer.workspace.pk).plan_version


def test_a_plan_that_is_bought_is_had_and_brings_its_credits_once_in_any_order(till: Till) -> None:
    for order in itertools.permutations((0, 1, 1, 2)):
        payer, terms = till.payer(), rows.terms(usd=20, credits_usd=25)
        completed, invoice = bought(till, payer, terms)
        told = till.world.event(
            "customer.subscription.updated", till.world.get(completed["data"]["object"]["subscription"])
        )
        for number in order:
            assert till.deliver((completed, invoice, told)[number]) == 200
        row = Subscription.objects.get(workspace_id=payer.workspace.pk)
        assert (row.status, row.source, row.plan_version) == ("active", "stripe", terms)
        assert (row.current_period_start, row.current_period_end) == (today(), today() + timedelta(days=30))
        assert standing(payer) == terms
        assert rows.lots(payer.workspace.pk) == [("plan", 2500, today() + timedelta(days=30))]


def test_a_plan_is_offered_at_its_price_to_the_customer_of_the_workspace(till: Till) -> None:
    payer, terms = till.payer(), rows.terms(usd=20, credits_usd=25, period="week")
    made = page(till, payer, terms)
    (asked,) = till.stripe.made("/v1/checkout/sessions")
    assert (made["amount_total"], made["_interval"], asked["mode"]) == (2000, "week", "subscription")
    assert asked["subscription_data"]["metadata"] == {
        "workspace": str(payer.workspace.pk), "terms": str(terms.pk)
    }  # fmt: skip
    assert till.world.get(asked["customer"])["metadata"] == {"workspace": str(payer.workspace.pk)}


def test_a_plan_goes_on_with_its_payments_and_ends_at_stripe(till: Till) -> None:
    payer, terms = till.payer(), rows.terms(usd=20, credits_usd=25)
    for event in bought(till, payer, terms):
        assert till.deliver(event) == 200
    row = Subscription.objects.get(workspace_id=payer.workspace.pk)
    name = row.stripe_subscription_id or ""
    renewed = stripe_subscriptions.renew(till.world, name, first=today() + timedelta(days=30))
    assert till.deliver(renewed) == 200
    assert rows.grants(payer.workspace.pk) == [2500, 2500]
    assert till.deliver(stripe_subscriptions.end(till.world, name)) == 200
    row.refresh_from_db()
    assert (row.status, standing(payer).price_nano) == ("cancelled", 0)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"amount_total": 100}, "it costs 100 cents of usd a month"),
        ({"currency": "jpy"}, "it costs 2000 cents of jpy a month"),
        ({"_interval": "week"}, "it costs 2000 cents of usd a week"),
        ({"customer": "cus_stranger"}, "customer cus_stranger is not the workspace's"),
    ],
)
def test_a_plan_that_is_not_what_was_offered_is_not_had_and_told(
    till: Till, changed: dict[str, Any], words: str
) -> None:
    payer, terms = till.payer(), rows.terms(usd=20, credits_usd=25)
    before = standing(payer)
    for event in bought(till, payer, terms, **changed):
        assert till.deliver(event) == 200
        assert StripeEvent.objects.get(pk=event["id"]).outcome == "refused"
    assert (standing(payer), rows.grants(payer.workspace.pk)) == (before, [])
    assert words in PaymentAlert.objects.filter(workspace_id=payer.workspace.pk).latest("created_at").message


def test_a_second_plan_that_is_paid_is_told_to_a_person_and_changes_nothing(till: Till) -> None:
    payer, terms, dear = till.payer(), rows.terms(usd=20), rows.terms(usd=90)
    first, second = bought(till, payer, terms), bought(till, payer, dear)
    for event in (*first, *second):
        assert till.deliver(event) == 200
    assert standing(payer) == terms
    assert Subscription.objects.get(workspace_id=payer.workspace.pk).plan_version == terms
    (alert, _) = PaymentAlert.objects.filter(workspace_id=payer.workspace.pk)
    assert "pays for another subscription already" in alert.message


@pytest.mark.parametrize("status", ["incomplete", "past_due", "canceled"])
def test_a_plan_that_is_not_paid_is_not_had(till: Till, status: str) -> None:
    payer, terms = till.payer(), rows.terms(usd=20, credits_usd=25)
    completed, _ = bought(till, payer, terms)
    till.world.get(completed["data"]["object"]["subscription"])["status"] = status
    assert till.deliver(completed) == 200
    assert not Subscription.objects.filter(workspace_id=payer.workspace.pk).exists()
    assert standing(payer) != terms


def test_a_subscription_of_somebody_elses_business_is_ignored(till: Till) -> None:
    payer, terms = till.payer(), rows.terms(usd=20)
    for event in bought(till, payer, terms, _subscription_metadata={"shop": "7"}):
        assert till.deliver(event) == 200
        assert StripeEvent.objects.get(pk=event["id"]).outcome == "ignored"
    assert not Subscription.objects.filter(workspace_id=payer.workspace.pk).exists()


def test_plans_are_offered_by_rank_with_what_can_be_bought(till: Till) -> None:
    workspace = rows.workspace(rows.terms())
    cheap, dear = rows.terms(usd=10, credits_usd=10), rows.terms(usd=20)
    odd = rows.version(rows.terms().plan, 2, price_nano=1)
    once = rows.terms(usd=5, period="none")
    found = {offer.terms: offer for offer in offers.of(workspace)}
    assert [found[terms].buyable for terms in (workspace.plan_version, cheap, dear, odd, once)] == [
        False, True, True, False, False,
    ]  # fmt: skip
    assert [terms for terms in found if terms in (cheap, dear)] == [cheap, dear]
    assert (found[cheap].price, found[cheap].credits) == ("$10.00 a month", "$10.00 a month")
    assert [found[terms].present for terms in (workspace.plan_version, cheap)] == [True, False]
    assert offers.for_sale(workspace, cheap.pk) == cheap
    for terms in (workspace.plan_version, odd, once):
        assert offers.for_sale(workspace, terms.pk) is None


def test_plans_of_others_and_old_terms_are_not_for_sale(till: Till) -> None:
    workspace = rows.workspace(rows.terms())
    old = rows.terms(usd=10)
    rows.version(old.plan, 2, price_nano=20 * rows.USD)
    mine, theirs = rows.terms(usd=30), rows.terms(usd=40)
    for terms, owner in ((mine, workspace.pk), (theirs, workspace.pk + 1)):
        terms.plan.public, terms.plan.only_for = False, owner
        terms.plan.save()
    assert offers.for_sale(workspace, old.pk) is None
    assert offers.for_sale(workspace, theirs.pk) is None
    assert offers.for_sale(workspace, mine.pk) == mine


def test_nothing_is_for_sale_without_a_key_or_while_stripe_is_paid_already(till: Till) -> None:
    payer, terms, dear = till.payer(), rows.terms(usd=20), rows.terms(usd=90)
    with override_settings(STRIPE_SECRET_KEY=""):
        assert offers.for_sale(payer.workspace, dear.pk) is None
    for event in bought(till, payer, terms):
        till.deliver(event)
    assert offers.for_sale(payer.workspace, dear.pk) is None
