"""Settling a top-up to the last detail: what is posted against what, and what is left alone."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import transaction

from billing import ledger
from billing.models import (
    CreditLot,
    Dispute,
    LedgerEntry,
    LedgerTransaction,
    PaymentAlert,
    Recharge,
    RefundRequest,
    TopUp,
)
from billing.payments import calls, fulfilment, recharge_rules, refund_requests
from kernel import clock, postgres
from tests.billing.payments.test_recharge import attempts, on, rules, sweep
from tests.billing.payments.till import Payer, Till

within_a_transaction = pytest.mark.django_db
CENT = 10_000_000


@transaction.atomic
def settle(topup: TopUp, **how: Any) -> str:
    """Look at a top-up as an event about it would have it looked at."""
    row = fulfilment.locked(topup.pk)
    assert row is not None
    said = fulfilment.settle(row, event_id="evt_test", **how)
    topup.refresh_from_db()
    return said


def movements(payer: Payer) -> list[tuple[str, str, str]]:
    """Return the key, the account on the other side and the reason of each movement, oldest first."""
    made = LedgerTransaction.objects.filter(workspace_id=payer.workspace.pk).order_by("id")
    other = dict(
        LedgerEntry.objects.filter(transaction_id__in=made.values("id"))
        .exclude(account="workspace")
        .values_list("transaction_id", "account")
    )
    return [(row.idem_key, other[row.id], row.reason) for row in made]


def remaining(payer: Payer) -> list[tuple[str, int]]:
    """Return the source of each lot and what remains of it, oldest first."""
    lots = CreditLot.objects.filter(workspace_id=payer.workspace.pk).order_by("id")
    return list(lots.values_list("source", "remaining"))


def failing_recharge(payer: Payer) -> Recharge:
    """Save rules of auto-recharge whose last two payments failed."""
    return Recharge.objects.create(
        workspace_id=payer.workspace.pk,
        enabled=True,
        customer_id="cus_1",
        card="Visa ending in 4242",
        threshold_cents=500,
        amount_cents=2000,
        monthly_ceiling_cents=10_000,
        payment_method="pm_1",
        failures=2,
        changed_at=clock.now(),
    )


def unpaid(till: Till, payer: Payer) -> tuple[TopUp, dict[str, Any]]:
    """Begin a top-up whose payment at Stripe has not succeeded, and return both."""
    topup = till.begun(payer)
    till.deliver(till.world.pay(topup.session_id or "", delayed=True))
    topup.refresh_from_db()
    payment = till.world.get(topup.payment_intent or "")
    payment["status"] = "requires_payment_method"
    return topup, payment


@within_a_transaction
@pytest.mark.parametrize("code", ["card_declined", None])
def test_settling_fails_an_unpaid_top_up_only_once_nobody_is_paying(till: Till, code: str | None) -> None:
    payer = till.payer()
    rules = failing_recharge(payer)
    topup, payment = unpaid(till, payer)
    payment["last_payment_error"] = {"type": "card_error", "code": code} if code else None
    assert settle(topup) == "noted"
    assert topup.status == "open"
    assert settle(topup, over=True) == "noted"
    assert (topup.status, topup.failure) == ("failed", code or "requires_payment_method")
    rules.refresh_from_db()
    assert (rules.failures, rules.next_try_at) == (2, None), "a person's card is not the saved one"


@within_a_transaction
def test_settling_leaves_a_payment_under_way_alone_though_its_page_is_over(till: Till) -> None:
    topup, payment = unpaid(till, till.payer())
    payment["status"] = "processing"
    assert settle(topup, over=True) == "noted"
    assert topup.status == "open"


@within_a_transaction
def test_settling_refuses_a_payment_of_another_amount_with_an_alert(till: Till) -> None:
    payer = till.payer()
    topup, payment = unpaid(till, payer)
    payment["amount"] += 1
    assert settle(topup, over=True) == "refused"
    assert (topup.status, payer.posted) == ("open", 0)
    alert = PaymentAlert.objects.get(workspace_id=payer.workspace.pk)
    assert (alert.kind, str(topup.id) in alert.message) == ("misfit", True)


@within_a_transaction
def test_settling_fails_an_expired_top_up_no_further(till: Till) -> None:
    topup, _ = unpaid(till, till.payer())
    TopUp.objects.filter(pk=topup.pk).update(status="expired")
    settle(topup, over=True)
    assert (topup.status, topup.failure) == ("expired", "")


@within_a_transaction
def test_settling_credits_a_card_payment_against_what_stripe_clears_and_forgives_no_recharge(
    till: Till,
) -> None:
    payer = till.payer()
    rules = failing_recharge(payer)
    topup = till.paid(payer, 2500)
    assert movements(payer) == [(topup.idem_key, "clearing", "Payment by card")]
    assert settle(topup) == "noted"
    rules.refresh_from_db()
    assert rules.failures == 2


def recharged(till: Till, **how: Any) -> tuple[Payer, TopUp]:
    """Have a payer charged by auto-recharge, after two failures, without the webhook that would credit it."""
    payer = on(till, **how)
    Recharge.objects.filter(workspace_id=payer.workspace.pk).update(failures=2)
    assert sweep(till) == 1
    return payer, attempts(payer)[0]


@within_a_transaction
def test_settling_credits_a_recharge_as_one_and_forgives_earlier_failures(till: Till) -> None:
    payer, topup = recharged(till)
    assert settle(topup) == "credited"
    assert [reason for _, _, reason in movements(payer)] == ["Auto-recharge"]
    assert remaining(payer) == [("recharge", 2000 * CENT)]
    assert rules(payer).failures == 0


@within_a_transaction
def test_settling_fails_a_recharge_without_waiting_for_anybody(till: Till) -> None:
    payer, topup = recharged(till, card="processing")
    assert topup.payment_intent is not None
    till.world.get(topup.payment_intent)["status"] = "requires_payment_method"
    assert settle(topup) == "noted"
    assert (topup.status, rules(payer).failures) == ("failed", 3)


@within_a_transaction
def test_settling_takes_a_cent_off_what_was_bought_and_brings_it_back_as_that(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    grant(payer)
    first = till.world.make_refund(topup.payment_intent or "", 1, {})
    assert settle(topup) == "moved"
    assert remaining(payer) == [("topup", 2499 * CENT), ("grant", 100 * CENT)]
    till.world.fail_refund(first["id"])
    assert settle(topup) == "moved"
    assert remaining(payer)[2:] == [("topup", CENT)]
    assert settle(topup) == "noted"
    assert movements(payer)[2:] == [
        (f"stripe:{topup.id}:refund:{number}", "clearing", f"Top-up {topup.id}") for number in (1, 2)
    ]
    assert topup.refund_no == 2


def grant(payer: Payer) -> None:
    ledger.post(
        workspace_id=payer.workspace.pk,
        kind=ledger.Kind.GRANT,
        amount=100 * CENT,
        offset=ledger.System.PROMOTION,
        idem_key="grant",
    )


@within_a_transaction
def test_settling_keeps_a_dispute_with_its_last_day_and_its_movements_apart_from_refunds(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 2500)
    dispute = till.world.dispute(topup.payment_intent or "", amount=1000)
    assert settle(topup) == "moved"
    row = Dispute.objects.get(dispute_id=dispute["id"])
    assert row.answer_by == datetime.fromtimestamp(dispute["evidence_details"]["due_by"], UTC)
    assert settle(topup) == "noted"
    till.world.close_dispute(dispute["id"], won=True)
    dispute["evidence_details"]["due_by"] = None
    assert settle(topup) == "moved"
    row = Dispute.objects.get(dispute_id=dispute["id"])
    assert (row.answer_by, row.status, row.movement_no) == (None, "won", 2)
    assert [(key, other) for key, other, _ in movements(payer)[1:]] == [
        (f"stripe:{dispute['id']}:1", "disputes"),
        (f"stripe:{dispute['id']}:2", "disputes"),
    ]
    assert PaymentAlert.objects.filter(workspace_id=payer.workspace.pk).count() == 1


def asked(topup: TopUp) -> Any:
    return refund_requests.ask(topup, cents=500, reason="a test", by="ann", token=uuid4())


@within_a_transaction
def test_settling_leaves_refunds_open_that_stripe_has_not_made_or_not_decided(till: Till) -> None:
    topup = till.paid(till.payer(), 2500)
    till.stripe.fail("500", "500")
    with pytest.raises(calls.Away):
        asked(topup)
    pending = asked(topup)
    made = till.world.get(pending.refund_id)
    made["status"] = "pending"
    settle(topup)
    assert {row.status for row in RefundRequest.objects.filter(topup_id=topup.pk)} == {"sent"}
    made["status"] = "succeeded"
    settle(topup)
    pending.refresh_from_db()
    assert (pending.status, pending.refund_id, pending.failure) == ("done", made["id"], "")
    assert not PaymentAlert.objects.exists(), "what went well alarms nobody"
    till.world.fail_refund(made["id"])
    settle(topup)
    pending.refresh_from_db()
    assert (pending.status, pending.failure) == ("failed", "lost_or_stolen_card")
    assert PaymentAlert.objects.filter(kind="refund").count() == 1


@pytest.mark.usefixtures("committed")
def test_settling_a_recharge_holds_its_rules_before_it(till: Till) -> None:
    payer = on(till)
    sweep(till)
    by_card = till.begun(payer)
    for topup, free in [(attempts(payer)[0], 0), (by_card, 1)]:
        with transaction.atomic(), psycopg.connect(postgres.conninfo()) as apart:
            assert fulfilment.locked(topup.pk) is not None
            found = apart.execute(
                "SELECT 1 FROM billing_recharge WHERE workspace_id = %s FOR UPDATE SKIP LOCKED",
                [payer.workspace.pk],
            )
            assert found.rowcount == free
    off = recharge_rules.Rules(enabled=False, threshold=0, amount=0, ceiling=0)
    recharge_rules.save(payer.workspace.pk, off, least=1, most=1, by=payer.user.pk)
