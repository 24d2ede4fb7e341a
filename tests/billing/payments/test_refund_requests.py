"""Refunds that operators ask for: never more than is left, large ones by two people, money by the webhook only."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.models import PaymentAlert, RefundRequest, TopUp
from billing.payments import alerts, calls, refund_requests
from kernel import clock
from tests.billing.payments.till import Payer, Till
from tests.operator.reading import said

pytestmark = pytest.mark.django_db

CENT = 10_000_000


def ask(topup: TopUp, cents: int, by: str = "ann") -> RefundRequest:
    return refund_requests.ask(topup, cents=cents, reason="not needed", by=by, token=uuid4())


def told(till: Till, topup: TopUp) -> None:
    """Deliver that the charge was refunded."""
    charge = till.world.charge(topup.payment_intent or "")
    assert till.deliver(till.world.event("charge.refunded", charge)) == 200


def operator(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(f"{name}@tollway.example", "a long road to drive"))
    return client


def refund(client: Client, topup: TopUp, **asked: str) -> str:
    """Ask for a refund and return what is told of it, or nothing where the dialog asks again."""
    address = reverse("admin:billing_topup_refund", args=[topup.pk])
    form = {"_form_submitted": "on", "usd": "5", "reason": "a test", "token": str(uuid4()), **asked}
    answer = client.post(address, form)
    return said(answer) if answer.status_code == 302 else ""


def decide(client: Client, request: RefundRequest, verb: str) -> str:
    address = reverse(f"admin:billing_refundrequest_{verb}", args=[request.pk])
    answer = client.post(address, {"_form_submitted": "on", "reason": "looked at it"})
    assert answer.status_code == 302
    request.refresh_from_db()
    return said(answer)


def test_refunds_are_never_more_than_is_left(till: Till) -> None:
    payer: Payer = till.payer()
    topup = till.paid(payer, 2500)
    with pytest.raises(refund_requests.NotAllowed, match=r"At most \$25.00"):
        ask(topup, 2501)
    ask(topup, 1500)
    with pytest.raises(refund_requests.NotAllowed, match=r"At most \$10.00"):
        ask(topup, 1001)
    told(till, topup)
    assert payer.posted == 1000 * CENT
    till.deliver(
        till.world.event("charge.dispute.created", till.world.dispute(topup.payment_intent or "", amount=600))
    )
    topup.refresh_from_db()
    assert refund_requests.refundable_cents(topup) == 400


def test_refunds_need_a_payment_and_a_reason(till: Till) -> None:
    payer = till.payer()
    with pytest.raises(refund_requests.NotAllowed):
        ask(till.begun(payer), 100)
    with pytest.raises(refund_requests.NotAllowed, match="Say why"):
        refund_requests.ask(till.paid(payer), cents=100, reason=" ", by="ann", token=uuid4())


def test_refunds_above_the_threshold_take_two_people(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer, 100_000)
    asked = ask(topup, 20_001)
    assert (asked.status, till.stripe.made("/v1/refunds")) == ("asked", [])
    with pytest.raises(refund_requests.NotAllowed, match="Somebody else"):
        refund_requests.approve(asked, by="ann")
    with pytest.raises(IntegrityError), transaction.atomic():
        RefundRequest.objects.filter(pk=asked.pk).update(
            status="sent", decided_by="ann", decided_at=clock.now()
        )
    refund_requests.approve(asked, by="ben")
    assert asked.status == "sent"
    refund_requests.approve(asked, by="ben")
    assert len(till.world.all("re")) == 1
    told(till, topup)
    asked.refresh_from_db()
    assert (asked.status, payer.posted) == ("done", (100_000 - 20_001) * CENT)


def test_refunds_that_were_declined_are_not_made(till: Till) -> None:
    topup = till.paid(till.payer(), 100_000)
    asked = ask(topup, 50_000)
    refund_requests.decline(asked, by="ann")
    with pytest.raises(refund_requests.NotAllowed):
        refund_requests.approve(asked, by="ben")
    with pytest.raises(refund_requests.NotAllowed):
        refund_requests.decline(asked, by="ben")
    assert refund_requests.refundable_cents(topup) == 100_000


def test_refunds_are_sent_again_where_stripe_did_not_answer_and_made_once(till: Till) -> None:
    topup = till.paid(till.payer())
    till.stripe.fail("lost", "lost")
    with pytest.raises(calls.Away):
        ask(topup, 500)
    asked = RefundRequest.objects.get(topup_id=topup.id)
    assert (asked.status, asked.refund_id) == ("sent", None)
    assert refund_requests.send_again(clock.now()) == 0
    assert refund_requests.send_again(clock.now() + timedelta(minutes=2)) == 1
    assert len(till.world.all("re")) == 1


def test_refunds_that_stripe_refuses_are_closed_with_an_alert(till: Till) -> None:
    topup = till.paid(till.payer())
    till.world.refund(topup.payment_intent or "", 2400)
    with pytest.raises(calls.Unusable):
        ask(topup, 500)
    assert RefundRequest.objects.get(topup_id=topup.id).status == "failed"
    assert PaymentAlert.objects.filter(kind="refund").count() == 1


def test_refunds_that_fail_at_the_bank_later_come_back_with_an_alert(till: Till) -> None:
    payer = till.payer()
    topup = till.paid(payer)
    asked = ask(topup, 500)
    told(till, topup)
    assert payer.posted == 2000 * CENT
    asked.refresh_from_db()
    assert till.deliver(till.world.fail_refund(asked.refund_id or "")) == 200
    asked.refresh_from_db()
    assert (asked.status, payer.posted) == ("failed", 2500 * CENT)
    assert PaymentAlert.objects.filter(kind="refund").count() == 1


def test_refunds_are_asked_for_in_the_admin_with_a_reason_and_once_for_two_clicks(till: Till) -> None:
    topup, ann = till.paid(till.payer()), operator("ann")
    assert refund(ann, topup, reason="") == ""
    token = str(uuid4())
    for _ in range(2):
        assert refund(ann, topup, token=token) == "Asked of Stripe."
    asked = RefundRequest.objects.get(topup_id=topup.id)
    assert (asked.amount_cents, asked.reason, asked.asked_by) == (500, "a test", "ann@tollway.example")
    assert LogEntry.objects.filter(change_message__contains="a test").exists()
    assert refund(ann, topup, usd="9000").startswith("At most $")
    assert RefundRequest.objects.count() == 1


def test_what_stripe_refuses_is_told_with_its_words(till: Till) -> None:
    topup = till.paid(till.payer())
    till.world.refund(topup.payment_intent or "", 2400)
    assert refund(operator("ann"), topup).startswith("Stripe refused it: ")


def test_refunds_are_decided_in_the_admin_by_somebody_else(till: Till) -> None:
    topup, ann, ben = till.paid(till.payer(), 100_000), operator("ann"), operator("ben")
    assert refund(ann, topup, usd="500") == "Waits for a second person."
    asked = RefundRequest.objects.get(topup_id=topup.id)
    decide(ann, asked, "approve")
    assert asked.status == "asked"
    assert decide(ben, asked, "approve") == "Approved."
    assert (asked.status, asked.decided_by) == ("sent", "ben@tollway.example")
    assert LogEntry.objects.filter(change_message="Approved: looked at it").count() == 1


@pytest.mark.parametrize(
    "page", ["topup", "refundrequest", "dispute", "recharge", "stripeevent", "stripecustomer", "paymentalert"]
)
def test_pages_of_payments_are_read_and_nothing_is_added_or_deleted(till: Till, page: str) -> None:
    payer, ann = till.payer(), operator("ann")
    topup = till.paid(payer)
    ask(topup, 500)
    till.deliver(
        till.world.event("charge.dispute.created", till.world.dispute(topup.payment_intent or "", amount=9))
    )
    answer = ann.get(reverse(f"admin:billing_{page}_changelist"))
    assert answer.status_code == 200
    assert ann.get(reverse(f"admin:billing_{page}_add")).status_code == 403
    model = {
        "topup": topup,
        "refundrequest": RefundRequest.objects.get(),
        "paymentalert": PaymentAlert.objects.get(),
    }
    if page in model:
        row = model[page]
        assert ann.get(reverse(f"admin:billing_{page}_change", args=[row.pk])).status_code == 200
        assert ann.post(reverse(f"admin:billing_{page}_delete", args=[row.pk])).status_code == 403


def test_alerts_are_closed_once_with_words(till: Till) -> None:
    alerts.alert(alerts.Kind.MISFIT, "look", workspace_id=None)
    alerts.alert(alerts.Kind.MISFIT, "look", workspace_id=None)
    found = PaymentAlert.objects.get()
    address = reverse("admin:billing_paymentalert_resolve", args=[found.pk])
    ann = operator("ann")
    ann.post(address, {"_form_submitted": "on", "resolution": " "})
    for words in ("was a test", "again"):
        assert said(ann.post(address, {"_form_submitted": "on", "resolution": words})) == "Closed."
    closed = LogEntry.objects.filter(change_message__startswith="Closed: ")
    assert [entry.change_message for entry in closed] == ["Closed: was a test"]
    found.refresh_from_db()
    assert (found.resolution, found.resolved_by) == ("was a test", "ann@tollway.example")
