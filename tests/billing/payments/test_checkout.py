"""The way to Stripe: what is asked of it, how often, and what is kept when it does not answer."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connections, transaction
from pytest_django import Settings

from billing.models import StripeCustomer, TopUp
from billing.payments import calls, checkout
from tests.billing.payments.till import PAGES, Till

within_a_transaction = pytest.mark.django_db


@within_a_transaction
def test_checkout_asks_for_what_was_written_down_under_the_top_ups_own_key(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer, 4250)
    [asked] = till.stripe.made("/v1/checkout/sessions")
    ours = {"topup": str(topup.id), "workspace": str(payer.workspace.pk)}
    assert asked["client_reference_id"] == str(topup.id)
    assert asked["metadata"] == asked["payment_intent_data"]["metadata"] == ours
    assert asked["line_items"][0]["price_data"]["unit_amount"] == "4250"
    assert asked["customer"] == topup.customer_id
    assert int(asked["expires_at"]) - topup.created_at.timestamp() == pytest.approx(3600, abs=1)
    checkout.start(topup, PAGES)
    assert len(till.world.all("cs")) == 1, "the same top-up has one page"


@within_a_transaction
@pytest.mark.parametrize("cents", [0, -500, 499, 200_001, 10**12])
def test_checkout_refuses_amounts_outside_the_bounds(till: Till, cents: int) -> None:
    payer = till.payer()
    with pytest.raises(checkout.BadAmount, match=r"From \$5 to \$2,000"):
        checkout.begin(payer.workspace, cents=cents, by=payer.user)
    assert not TopUp.objects.exists()


@within_a_transaction
def test_checkout_makes_one_customer_for_a_workspace(till: Till) -> None:
    payer = till.payer()
    till.stripe.fail("lost", "lost")
    with pytest.raises(calls.Away):
        till.begun(payer)
    for _ in range(3):
        till.begun(payer)
    checkout.save_card(payer.workspace, PAGES)
    checkout.portal(payer.workspace, "http://testserver/")
    assert len(till.world.all("cus")) == 1
    assert StripeCustomer.objects.filter(workspace_id=payer.workspace.pk).count() == 1


@within_a_transaction
def test_checkout_lets_an_hour_have_so_many_top_ups_only(till: Till, settings: Settings) -> None:
    settings.TOPUPS_AN_HOUR = 2
    payer = till.payer()
    till.begun(payer)
    till.begun(payer)
    with pytest.raises(checkout.TooMany):
        till.begun(payer)
    till.begun(till.payer())


@within_a_transaction
@pytest.mark.parametrize(
    "changed",
    [
        {"amount_cents": 1},
        {"workspace_id": 1},
        {"customer_id": "cus_other"},
        {"livemode": True},
        {"created_by": 4711},
        {"session_id": "cs_other"},
        {"payment_intent": "pi_other"},
        {"transaction_id": None, "status": "open", "paid_at": None},
        {"refunded_cents": 2501},
        {"refunded_cents": -1},
    ],
    ids=str,
)
def test_checkout_rows_keep_what_was_asked_for_and_paid(till: Till, changed: dict[str, object]) -> None:
    topup = till.paid(till.payer(), 2500)
    with pytest.raises(DatabaseError), transaction.atomic():
        TopUp.objects.filter(pk=topup.pk).update(**changed)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        TopUp.objects.filter(pk=topup.pk).delete()


@pytest.mark.usefixtures("committed")
def test_checkout_counts_top_ups_at_once_one_after_the_other(till: Till, settings: Settings) -> None:
    settings.TOPUPS_AN_HOUR = 3
    payer = till.payer()
    start, made, refused = threading.Barrier(8), [], []

    def run() -> None:
        try:
            start.wait(10)
            made.append(checkout.begin(payer.workspace, cents=500, by=payer.user))
        except checkout.TooMany:
            refused.append(1)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(made), len(refused)) == (3, 5)
    assert made[0].created_at - made[-1].created_at < timedelta(minutes=1)
    assert len(till.world.all("cus")) == 1
