"""Plans bought at Stripe: whatever order its events come in, one subscription, its credits once, and no other's plan."""

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import override_settings

from accounts.models import Workspace
from billing.models import PaymentAlert, StripeEvent, Subscription
from billing.payments import checkout
from billing.subscriptions import book, offers, views
from catalog.models import PlanVersion
from kernel import clock
from tests.billing.payments.till import PAGES, Payer, Till
from tests.billing.subscriptions import rows
from tests.billing.test_views import read
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


def ways(workspace: Workspace) -> dict[PlanVersion, str]:
    return {offer.terms: offer.way.value for offer in offers.of(workspace)}


def test_plans_are_offered_by_rank_with_the_way_to_each(till: Till) -> None:
    workspace = rows.workspace(rows.terms())
    cheap, dear = rows.terms(usd=10, credits_usd=10), rows.terms(usd=20)
    odd = rows.version(rows.terms().plan, 2, price_nano=1)
    once, given, free = rows.terms(usd=5, period="none"), rows.terms(credits_usd=5), rows.terms()
    found = {offer.terms: offer for offer in offers.of(workspace)}
    mine = (workspace.plan_version, cheap, dear, odd, once, given, free)
    assert [ways(workspace)[terms] for terms in mine] == ["", "buy", "buy", "", "", "", "take"]
    assert [terms for terms in found if terms in mine] == list(mine)
    assert (found[cheap].price, found[cheap].credits) == ("$10.00 a month", "$10.00 a month")
    assert [terms for terms in found if found[terms].present] == [workspace.plan_version]
    assert offers.named(workspace, cheap.pk) == found[cheap]
    for terms in (workspace.plan_version, odd, once, given):
        assert offers.named(workspace, terms.pk) is None


def test_plans_of_others_and_old_terms_are_not_offered(till: Till) -> None:
    workspace = rows.workspace(rows.terms())
    old = rows.terms(usd=10)
    rows.version(old.plan, 2, price_nano=20 * rows.USD)
    mine, theirs = rows.terms(usd=30), rows.terms(usd=40)
    for terms, owner in ((mine, workspace.pk), (theirs, workspace.pk + 1)):
        terms.plan.public, terms.plan.only_for = False, owner
        terms.plan.save()
    offered = ways(workspace)
    assert (old in offered, theirs in offered, offered[mine]) == (False, False, "buy")


def test_plans_with_a_price_are_not_sold_without_a_key_nor_twice(till: Till) -> None:
    payer, terms, dear, free = till.payer(), rows.terms(usd=20), rows.terms(usd=90), rows.terms()
    with override_settings(STRIPE_SECRET_KEY=""):
        assert (ways(payer.workspace)[dear], ways(payer.workspace)[free]) == ("", "take")
    for event in bought(till, payer, terms):
        till.deliver(event)
    assert not any(ways(Workspace.objects.get(pk=payer.workspace.pk)).values())


def test_plans_without_a_price_are_taken_at_once_or_at_the_end_of_what_is_paid(till: Till) -> None:
    payer, free, dear = till.payer(), rows.terms(), rows.terms(usd=20)
    assert payer.client.post("/dashboard/plan/choose", {"terms": free.pk}).status_code == 302
    assert standing(payer) == free
    assert till.stripe.calls == []
    Workspace.objects.filter(pk=payer.workspace.pk).update(plan_version=dear)
    row = book.begin(payer.workspace, actor="test")
    payer.client.post("/dashboard/plan/choose", {"terms": free.pk})
    assert row is not None
    row.refresh_from_db()
    assert (standing(payer), row.next_plan_version) == (dear, free)
    assert ways(Workspace.objects.get(pk=payer.workspace.pk))[dear] == "keep"
    payer.client.post("/dashboard/plan/choose", {"terms": dear.pk})
    row.refresh_from_db()
    assert (standing(payer), row.next_plan_version) == (dear, None)


def test_a_person_is_sent_to_stripe_and_back_and_told_how_it_stands(till: Till) -> None:
    payer, terms = till.payer(), rows.terms(usd=20, credits_usd=25)
    shown = payer.client.get("/dashboard/plan")
    assert f'name="terms" value="{terms.pk}"' in shown.content.decode()
    assert "https://checkout.stripe.com" in shown.headers["Content-Security-Policy"]
    sent = payer.client.post("/dashboard/plan/choose", {"terms": terms.pk})
    assert (sent.status_code, sent.headers["Location"].startswith(f"{till.stripe.url}/pay/cs_")) == (
        302,
        True,
    )
    (asked,) = till.stripe.made("/v1/checkout/sessions")
    assert asked["success_url"] == "http://testserver/dashboard/plan?bought=1"
    assert "Stripe tells us of your payment" in read(payer.client.get("/dashboard/plan?bought=1"))
    assert "Nothing was bought." in read(payer.client.get("/dashboard/plan?back=1"))
    session = sent.headers["Location"].rpartition("/")[2]
    for event in stripe_subscriptions.buy(till.world, session, first=today()):
        assert till.deliver(event) == 200
    text = read(payer.client.get("/dashboard/plan?bought=1"))
    assert f"Paid. You are on {terms.plan.name}." in text
    assert "Manage at Stripe" in text


def test_so_many_payments_are_begun_a_minute(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "BEGUN_A_MINUTE", 0)
    payer, terms = till.payer(), rows.terms(usd=20)
    answer = payer.client.post("/dashboard/plan/choose", {"terms": terms.pk})
    assert (answer.status_code, "Too many payments were begun" in answer.content.decode()) == (429, True)
    assert till.stripe.made("/v1/checkout/sessions") == []


@pytest.mark.parametrize(("status", "failure"), [(503, "500"), (503, "401")])
def test_a_person_is_told_when_stripe_is_away(till: Till, status: int, failure: str) -> None:
    payer, terms = till.payer(), rows.terms(usd=20)
    till.stripe.fail(*[failure] * 4)
    answer = payer.client.post("/dashboard/plan/choose", {"terms": terms.pk})
    assert answer.status_code == status
    assert "Nothing was charged" in answer.content.decode()


@pytest.mark.parametrize("terms", ["", "x", "9" * 30, "0", "-1"])
def test_a_person_who_asks_for_what_is_not_sold_is_told_so(till: Till, terms: str) -> None:
    answer = till.payer().client.post("/dashboard/plan/choose", {"terms": terms})
    assert (answer.status_code, "cannot be had any more" in answer.content.decode()) == (409, True)
    assert till.stripe.made("/v1/checkout/sessions") == []


@pytest.mark.parametrize("role", ["developer", "viewer"])
def test_a_person_who_does_not_pay_buys_nothing(till: Till, role: str) -> None:
    payer, terms = till.payer(role), rows.terms(usd=20)
    assert "dashboard/plan/choose" not in payer.client.get("/dashboard/plan").content.decode()
    assert payer.client.post("/dashboard/plan/choose", {"terms": terms.pk}).status_code == 403
