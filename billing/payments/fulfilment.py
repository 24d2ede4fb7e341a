"""How a top-up comes to stand in the ledger as its payment stands at Stripe: credit, refunds, disputes.

Every event about a payment only says that it is time to look. What is posted is the difference between what Stripe
says now and what was posted before, under a lock on the top-up: any order of events, and any number of them, ends the
same.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from billing import ledger
from billing.credits.lots import Credit
from billing.models import CreditLot, Dispute, Recharge, RefundRequest, StripeEvent, TopUp
from kernel import clock, ids, money
from kernel.failpoints import failpoint

from . import alerts, calls, recharge_rules
from .answers import Contested, MadeRefund, Payment
from .fits import payment_misfits

__all__ = ["locked", "refuse", "settle"]

Outcome = StripeEvent.Outcome
_ACTOR = "stripe"
_NOT_PAID = ("requires_payment_method", "requires_action", "canceled")
_OVER = {"succeeded": RefundRequest.Status.DONE} | dict.fromkeys(
    ("failed", "canceled"), RefundRequest.Status.FAILED
)
_BOUGHT, _RECHARGED = Credit(CreditLot.Source.TOP_UP), Credit(CreditLot.Source.RECHARGE)


@dataclass(frozen=True)
class _Told:
    """All that Stripe says of a payment, asked for before anything is posted: a posting locks the account."""

    payment: Payment
    disputes: list[Contested]
    asked: list[RefundRequest]
    refunds: list[MadeRefund]


def locked(topup_id: UUID) -> TopUp | None:
    """Return a top-up, locked until the transaction ends; None if there is none.

    The rules of auto-recharge are locked first, as its sweep does: the other order could wait in a circle.
    """
    found = TopUp.objects.filter(pk=topup_id).first()
    if found is None:
        return None
    if found.source == TopUp.Source.RECHARGE:
        Recharge.objects.select_for_update().filter(workspace_id=found.workspace_id).first()
    return TopUp.objects.select_for_update().get(pk=topup_id)


def settle(topup: TopUp, *, event_id: str, over: bool = False) -> StripeEvent.Outcome:
    """Post what is missing between a locked top-up and its payment, and return what that came to.

    `over` says that nobody is paying any more, so an unpaid one has failed. Raises calls.Away or calls.Unusable.
    """
    told = _ask(topup)
    failpoint("topup.asked")
    if wrong := payment_misfits(topup, told.payment):
        refuse(topup, wrong, event_id)
        return Outcome.REFUSED
    credited = topup.transaction_id is None
    if credited and told.payment.status != "succeeded":
        if told.payment.status in _NOT_PAID and (over or topup.source == TopUp.Source.RECHARGE):
            _fail(topup, told.payment)
        return Outcome.NOTED
    if credited:
        _credit(topup)
    moved = _refund(topup, told.payment.refunded)
    for dispute in told.disputes:
        moved |= _contest(topup, dispute, event_id)
    _close_requests(topup, told.asked, told.refunds)
    return Outcome.CREDITED if credited else Outcome.MOVED if moved else Outcome.NOTED


def refuse(topup: TopUp, wrong: list[str], event_id: str) -> None:
    """Tell a person that something about a top-up does not fit; nothing is posted."""
    alerts.alert(
        alerts.Kind.MISFIT,
        f"Top-up {topup.id}: {'; '.join(wrong)}. Nothing was credited.",
        workspace_id=topup.workspace_id,
        event_id=event_id,
    )


def _ask(topup: TopUp) -> _Told:
    assert topup.payment_intent is not None, "a top-up is settled once its payment is known"
    payment = calls.payment(topup.payment_intent)
    known = Dispute.objects.filter(workspace_id=topup.workspace_id, topup_id=topup.id).exists()
    asked = list(
        RefundRequest.objects.filter(
            workspace_id=topup.workspace_id,
            topup_id=topup.id,
            status__in=(RefundRequest.Status.SENT, RefundRequest.Status.DONE),
        )
    )
    return _Told(
        payment,
        calls.contested(topup.payment_intent) if payment.disputed or known else [],
        asked,
        calls.refunds(topup.payment_intent) if asked else [],
    )


def _fail(topup: TopUp, payment: Payment) -> None:
    if topup.status not in (TopUp.Status.NEW, TopUp.Status.OPEN):
        return
    topup.status, topup.failure = TopUp.Status.FAILED, payment.decline or payment.status
    topup.save(update_fields=["status", "failure"])
    if topup.source == TopUp.Source.RECHARGE:
        recharge_rules.failed(topup)


def _credit(topup: TopUp) -> None:
    by_itself = topup.source == TopUp.Source.RECHARGE
    topup.transaction_id = ledger.post(
        workspace_id=topup.workspace_id,
        kind=ledger.Kind.TOP_UP,
        amount=money.from_cents(topup.amount_cents),
        offset=ledger.System.CLEARING,
        idem_key=topup.idem_key,
        reason="Auto-recharge" if by_itself else "Payment by card",
        actor=_ACTOR,
        credit=_RECHARGED if by_itself else _BOUGHT,
    )
    failpoint("topup.posted")
    topup.status, topup.paid_at, topup.failure = TopUp.Status.PAID, clock.now(), ""
    topup.save(update_fields=["transaction_id", "status", "paid_at", "failure"])
    failpoint("topup.marked")
    if by_itself:
        recharge_rules.succeeded(topup)


def _refund(topup: TopUp, refunded: int) -> bool:
    """Post what was refunded since the last posting; a refund that failed at the bank comes back."""
    more = refunded - topup.refunded_cents
    if more == 0:
        return False
    number = topup.refund_no + 1
    _post_against(topup, ledger.Kind.REFUND, more, f"stripe:{topup.id}:refund:{number}")
    failpoint("refund.posted")
    topup.refunded_cents, topup.refund_no = refunded, number
    topup.save(update_fields=["refunded_cents", "refund_no"])
    failpoint("refund.marked")
    return True


def _contest(topup: TopUp, told: Contested, event_id: str) -> bool:
    """Post what a dispute took or gave back since the last posting, and keep how it stands."""
    row, opened = Dispute.objects.get_or_create(
        workspace_id=topup.workspace_id,
        dispute_id=told.id,
        defaults={
            "id": ids.request_id(),
            "topup_id": topup.id,
            "amount_cents": told.amount,
            "reason": told.reason,
            "status": told.status,
            "opened_at": _moment(told.opened),
        },
    )
    failpoint("dispute.kept")
    more = told.taken - row.taken_cents
    if more:
        row.movement_no += 1
        _post_against(topup, ledger.Kind.DISPUTE, more, f"stripe:{told.id}:{row.movement_no}")
        failpoint("dispute.posted")
    row.amount_cents, row.taken_cents, row.status = told.amount, told.taken, told.status
    row.answer_by = None if told.answer_by is None else _moment(told.answer_by)
    row.save(update_fields=["amount_cents", "taken_cents", "movement_no", "status", "answer_by"])
    failpoint("dispute.marked")
    if opened:
        alerts.alert(
            alerts.Kind.DISPUTE,
            f"Dispute {told.id} about top-up {topup.id}: {told.reason}. Answer it at Stripe.",
            workspace_id=topup.workspace_id,
            event_id=event_id,
        )
    return more != 0


def _post_against(topup: TopUp, kind: ledger.Kind, cents: int, idem_key: str) -> None:
    """Take cents off the account, first from what the top-up brought; negative cents come back as bought credit.

    This may take a balance below zero: the money has left us, whatever was spent of it.
    """
    ledger.post(
        workspace_id=topup.workspace_id,
        kind=kind,
        amount=-money.from_cents(cents),
        offset=ledger.System.DISPUTES if kind == ledger.Kind.DISPUTE else ledger.System.CLEARING,
        idem_key=idem_key,
        reason=f"Top-up {topup.id}",
        actor=_ACTOR,
        credit=_BOUGHT if cents < 0 else None,
        lot_of=topup.transaction_id if cents > 0 else None,
    )


def _close_requests(topup: TopUp, asked: list[RefundRequest], made: list[MadeRefund]) -> None:
    told = {refund.request: refund for refund in made}
    for request in asked:
        found = told.get(str(request.id))
        status = _OVER.get(found.status) if found else None
        if found is None or status is None or status == request.status:
            continue
        request.status, request.refund_id, request.failure = status, found.id, found.failure
        request.save(update_fields=["status", "refund_id", "failure"])
        if status == RefundRequest.Status.FAILED:
            alerts.alert(
                alerts.Kind.REFUND,
                f"Refund {found.id} of top-up {topup.id} failed: {found.failure or found.status}.",
                workspace_id=topup.workspace_id,
            )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
