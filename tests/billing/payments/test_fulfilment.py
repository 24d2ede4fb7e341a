"""A top-up in the ledger: credited once, and given back as Stripe gave it back."""

from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from billing.models import CreditLot, Dispute, PaymentAlert, StripeEvent, TopUp
from billing.payments import refund_requests
from tests.billing import rows
from tests.billing.payments.till import Payer, Till

pytestmark = pytest.mark.django_db

CENT = 10_000_000


def outcome(event: dict[str, Any]) -> str | None:
    return StripeEvent.objects.get(pk=event["id"]).outcome


def session(topup: TopUp) -> str:
    assert topup.session_id is not None
    return topup.session_id


def intent(topup: TopUp) -> str:
    topup.refresh_from_db()
    assert topup.payment_intent is not None
    return topup.payment_intent


def agrees(till: Till, payer: Payer) -> bool:
    """Tell whether the ledger holds what Stripe holds."""
    customer = TopUp.objects.filter(workspace_id=payer.workspace.pk).values_list("customer_id").first()
    assert customer is not None
    return payer.posted == till.world.total(customer[0]) * CENT


def test_fulfilment_credits_a_payment_once_it_is_told(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer, 2500)
    assert (topup.status, payer.posted) == ("open", 0)
    event = till.world.pay(session(topup))
    for _ in range(3):
        assert till.deliver(event) == 200
    topup.refresh_from_db()
    assert topup.status == "paid"
    assert payer.kinds() == [("topup", 2500 * CENT)]
    assert outcome(event) == "credited"
    assert rows.findings(payer.workspace.pk) == {}


def test_fulfilment_keeps_what_was_bought_as_credit_that_does_not_end(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    lot = CreditLot.objects.get(workspace_id=payer.workspace.pk)
    assert (lot.source, lot.amount, lot.expires_on) == ("topup", 2500 * CENT, None)
    assert lot.transaction_id == topup.transaction_id


def test_fulfilment_waits_for_money_that_comes_days_later(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    completed = till.world.pay(session(topup), delayed=True)
    till.deliver(completed)
    assert (outcome(completed), payer.posted) == ("noted", 0)
    arrived = till.world.arrive(session(topup))
    till.deliver(arrived)
    assert (outcome(arrived), payer.posted) == ("credited", 2500 * CENT)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_fulfilment_credits_nothing_where_delayed_money_does_not_come(
    till: Till, order: tuple[int, int]
) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    events = (till.world.pay(session(topup), delayed=True), till.world.fall_through(session(topup)))
    for place in order:
        assert till.deliver(events[place]) == 200
    topup.refresh_from_db()
    assert (topup.status, payer.posted) == ("failed", 0)


def test_fulfilment_notes_a_page_that_ran_out(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    till.deliver(till.world.expire(session(topup)))
    topup.refresh_from_db()
    assert (topup.status, payer.posted) == ("expired", 0)


def test_fulfilment_credits_what_was_paid_after_its_page_seemed_to_run_out(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer)
    paid = till.world.pay(session(topup))
    till.deliver(till.world.event("checkout.session.expired", till.world.get(session(topup))))
    till.deliver(paid)
    topup.refresh_from_db()
    assert (topup.status, payer.posted) == ("paid", 2500 * CENT)


def test_fulfilment_takes_partial_refunds_as_they_add_up(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    first = till.world.refund(intent(topup), 700)
    second = till.world.refund(intent(topup), 300)
    till.deliver(second)
    till.deliver(first)
    assert (outcome(second), outcome(first)) == ("moved", "noted")
    assert payer.kinds() == [("topup", 2500 * CENT), ("refund", -1000 * CENT)]
    till.deliver(till.world.refund(intent(topup), 1500))
    assert payer.posted == 0
    assert rows.findings(payer.workspace.pk) == {}


def test_fulfilment_gives_back_a_refund_that_failed_at_the_bank(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    made = till.world.make_refund(intent(topup), 1000, {})
    told = till.world.event("charge.refunded", till.world.charge(intent(topup)))
    till.deliver(told)
    till.deliver(till.world.fail_refund(made["id"]))
    till.deliver(till.world.event("refund.updated", made))
    assert payer.kinds() == [
        ("topup", 2500 * CENT),
        ("refund", -1000 * CENT),
        ("refund", 1000 * CENT),
    ]
    assert rows.findings(payer.workspace.pk) == {}


def test_fulfilment_takes_a_refund_below_zero_where_the_credit_was_spent(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    rows.settle(payer.workspace.pk, cost=2400 * CENT)
    till.deliver(till.world.refund(intent(topup), 2500))
    account = rows.account(payer.workspace.pk)
    assert account["posted"] - account["unbilled"] == -2400 * CENT


def test_fulfilment_takes_what_a_dispute_took_and_gives_it_back_when_won(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    dispute = till.world.dispute(intent(topup))
    for kind in ("charge.dispute.created", "charge.dispute.funds_withdrawn"):
        till.deliver(till.world.event(kind, dispute))
    assert payer.kinds() == [("topup", 2500 * CENT), ("dispute", -2500 * CENT)]
    till.deliver(till.world.close_dispute(dispute["id"], won=True))
    till.deliver(till.world.event("charge.dispute.funds_reinstated", dispute))
    assert payer.kinds()[2:] == [("dispute", 2500 * CENT)]
    assert Dispute.objects.get(dispute_id=dispute["id"]).status == "won"
    assert PaymentAlert.objects.filter(workspace_id=payer.workspace.pk, kind="dispute").count() == 1


def test_fulfilment_keeps_what_a_lost_dispute_took(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    dispute = till.world.dispute(intent(topup), amount=1000)
    till.deliver(till.world.close_dispute(dispute["id"], won=False))
    till.deliver(till.world.event("charge.dispute.created", dispute))
    assert payer.posted == 1500 * CENT
    assert agrees(till, payer)


def test_fulfilment_takes_nothing_for_an_inquiry(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    till.deliver(till.world.event("charge.dispute.created", till.world.dispute(intent(topup), inquiry=True)))
    assert payer.posted == 2500 * CENT
    assert Dispute.objects.get(topup_id=topup.id).status == "warning_needs_response"


def story(till: Till, topup: TopUp) -> list[dict[str, Any]]:
    """Let a payment go through all that can happen to it, and return the five events."""
    completed = till.world.pay(session(topup), delayed=True)
    arrived = till.world.arrive(session(topup))
    paid_by = till.world.get(session(topup))["payment_intent"]
    refunded = till.world.refund(paid_by, 400)
    dispute = till.world.dispute(paid_by, amount=1200)
    opened = till.world.event("charge.dispute.created", dispute)
    return [completed, arrived, refunded, opened, till.world.close_dispute(dispute["id"], won=False)]


def test_fulfilment_ends_the_same_for_every_order_of_the_five_events(till: Till) -> None:
    balances = set()
    payer = till.payer()
    for number, order in enumerate(permutations(range(5))):
        if number % settings.TOPUPS_AN_HOUR == 0:
            payer = till.payer()
        before = payer.posted
        events = story(till, till.begun(payer, 2500))
        for place in order:
            assert till.deliver(events[place]) == 200
        balances.add(payer.posted - before)
    assert balances == {900 * CENT}
    assert rows.findings(payer.workspace.pk) == {}


def test_fulfilment_keeps_a_refund_that_comes_before_its_payment_for_later(till: Till) -> None:
    payer = till.payer()
    topup = till.begun(payer, 2500)
    completed = till.world.pay(session(topup))
    refunded = till.world.refund(till.world.get(session(topup))["payment_intent"], 500)
    till.deliver(refunded)
    assert (outcome(refunded), payer.posted) == ("early", 0)
    till.deliver(completed)
    assert payer.kinds() == [("topup", 2500 * CENT), ("refund", -500 * CENT)]


def test_fulfilment_closes_the_refund_that_an_operator_asked_for(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    asked = refund_requests.ask(topup, cents=500, reason="a test", by="ann", token=uuid4())
    assert payer.posted == 2500 * CENT, "money moves by the webhook only"
    till.deliver(till.world.event("charge.refunded", till.world.charge(intent(topup))))
    asked.refresh_from_db()
    assert (asked.status, payer.posted) == ("done", 2000 * CENT)
