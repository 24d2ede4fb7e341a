"""What each kind of event comes to: written down once, handled in the same commit, found out of order as in order."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection, transaction

from billing.models import StripeCustomer, StripeEvent, TopUp
from kernel import clock
from kernel.failpoints import failpoint

from . import alerts, calls, elsewhere, fulfilment, keys, recharge_rules
from .fits import session_misfits
from .signatures import Event

__all__ = ["HANDLED", "receive"]

Outcome = StripeEvent.Outcome


@dataclass(frozen=True)
class Result:
    """What an event came to, and for whom."""

    outcome: StripeEvent.Outcome
    workspace_id: int | None = None
    note: str = ""


def receive(event: Event) -> StripeEvent.Outcome | None:
    """Handle an event and return its outcome, or None for one that was handled before.

    One commit: a double of an event that is being handled waits for it. Raises calls.Away, calls.Unusable or
    DatabaseError, and then nothing is kept: Stripe sends it again.
    """
    with transaction.atomic():
        if not _is_new(event):
            return None
        failpoint("event.kept")
        result = _handle(event)
        failpoint("event.handled")
        StripeEvent.objects.filter(pk=event.id).update(
            outcome=result.outcome, workspace_id=result.workspace_id, note=result.note
        )
        failpoint("event.answered")
    failpoint("event.committed")
    return result.outcome


def _is_new(event: Event) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_stripe_event
                   (event_id, type, livemode, payload_sha256, note, created_at, received_at)
               VALUES (%s, %s, %s, %s, '', %s, %s) ON CONFLICT (event_id) DO NOTHING""",
            [event.id, event.type, event.livemode, event.digest, _moment(event.created), clock.now()],
        )
        return bool(cursor.rowcount == 1)


def _handle(event: Event) -> Result:
    if event.livemode != keys.live():
        return _refused(event, None, "it is of the other mode, test or live, than our key")
    handler = HANDLED.get(event.type)
    if handler is None:
        return Result(Outcome.IGNORED)
    try:
        with transaction.atomic():
            return handler(event)
    except calls.Missing as error:
        return _refused(event, None, f"Stripe does not have it under our key ({error})")


def _session(event: Event) -> Result:
    """A Checkout session was completed, paid later after all, failed, or ran out."""
    mode = event.subject.get("mode")
    if mode == "subscription":
        return _subscription(event)
    if mode == "setup":
        return _card_saved(event)
    topup = _named_topup(event.subject.get("client_reference_id")) if mode == "payment" else None
    if topup is None:
        return _refused(event, None, "it is for no top-up of ours")
    wrong = session_misfits(topup, event)
    if wrong:
        fulfilment.refuse(topup, wrong, event.id)
        return Result(Outcome.REFUSED, topup.workspace_id, "; ".join(wrong))
    topup.session_id = event.named("id")
    topup.payment_intent = topup.payment_intent or event.named("payment_intent") or None
    if topup.status == TopUp.Status.NEW:
        topup.status = TopUp.Status.OPEN
    topup.save(update_fields=["session_id", "payment_intent", "status"])
    if event.type.endswith(".expired"):
        return _expired(topup)
    if topup.payment_intent is None:
        return _refused(event, topup.workspace_id, "it names no payment")
    over = event.type.endswith(".async_payment_failed")
    return Result(fulfilment.settle(topup, event_id=event.id, over=over), topup.workspace_id)


def _expired(topup: TopUp) -> Result:
    if topup.status == TopUp.Status.OPEN:
        topup.status = TopUp.Status.EXPIRED
        topup.save(update_fields=["status"])
    return Result(Outcome.NOTED, topup.workspace_id)


def _payment(event: Event) -> Result:
    """Something moved about a payment: it was made or failed, it was refunded, it is disputed."""
    about_intent = event.type.startswith("payment_intent.")
    intent = event.named("id" if about_intent else "payment_intent")
    topup = _topup_of(intent, event)
    if topup is None:
        return _not_ours(event)
    if topup.payment_intent is None and topup.source == TopUp.Source.CHECKOUT:
        # Its session has not been told yet. When it is, refunds and disputes are asked for with the payment.
        return Result(Outcome.EARLY, topup.workspace_id)
    if topup.payment_intent is None:
        topup.payment_intent, topup.status = intent, TopUp.Status.OPEN
        topup.save(update_fields=["payment_intent", "status"])
    if topup.payment_intent != intent:
        fulfilment.refuse(topup, [f"payment is {intent!r}, not {topup.payment_intent!r}"], event.id)
        return Result(Outcome.REFUSED, topup.workspace_id)
    return Result(fulfilment.settle(topup, event_id=event.id), topup.workspace_id)


def _topup_of(intent: str, event: Event) -> TopUp | None:
    """Find a top-up by its payment, or by the name we wrote on that; locked."""
    if not intent:
        return None
    known = TopUp.objects.filter(payment_intent=intent).values_list("pk", flat=True).first()
    if known is not None:
        return fulfilment.locked(known)
    return _named_topup(event.metadata.get("topup") or calls.payment(intent).metadata.get("topup"))


def _not_ours(event: Event) -> Result:
    if event.type == "charge.dispute.created":
        alerts.alert(
            alerts.Kind.DISPUTE,
            f"Dispute {event.named('id')} about a payment that is no top-up. Answer it at Stripe.",
            workspace_id=None,
            event_id=event.id,
        )
        return Result(Outcome.NOTED)
    if event.metadata.get("topup"):
        return _refused(event, None, "it is for no top-up of ours")
    return Result(Outcome.IGNORED)


def _card_saved(event: Event) -> Result:
    """A card was saved for auto-recharge, or saving it was given up."""
    if event.type != "checkout.session.completed":
        return Result(Outcome.IGNORED)
    customer = event.named("customer")
    ours = StripeCustomer.objects.filter(customer_id=customer, livemode=event.livemode).first()
    if ours is None or str(ours.workspace_id) != event.metadata.get("workspace"):
        return _refused(event, None, "it saves a card of no customer of ours")
    saved = calls.saved_card(event.named("setup_intent"))
    if saved.customer != customer:
        return _refused(event, ours.workspace_id, "its card is of another customer")
    recharge_rules.save_card(
        ours.workspace_id,
        payment_method=saved.payment_method,
        shown=saved.shown,
        customer=customer,
        livemode=event.livemode,
        at=_moment(event.created),
    )
    return Result(Outcome.NOTED, ours.workspace_id)


def _subscription(event: Event) -> Result:
    """Something was heard of a subscription: it was bought, paid or not, changed or ended."""
    try:
        told = elsewhere.tell(event)
    except elsewhere.Misfit as error:
        return _refused(event, error.workspace_id, str(error))
    return Result(Outcome.PASSED if told else Outcome.IGNORED)


def _named_topup(name: object) -> TopUp | None:
    with suppress(ValueError):
        return fulfilment.locked(UUID(name)) if isinstance(name, str) else None
    return None


def _refused(event: Event, workspace_id: int | None, words: str) -> Result:
    kind = re.sub(r"[^\w.]", "", event.type)[:64]
    alerts.alert(
        alerts.Kind.MISFIT,
        f"Event {kind} about {event.named('id')[:64] or 'nothing'}: {words}. Nothing was credited.",
        workspace_id=workspace_id,
        event_id=event.id,
    )
    return Result(Outcome.REFUSED, workspace_id, words)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


HANDLED: dict[str, Callable[[Event], Result]] = {
    **dict.fromkeys(
        (
            "checkout.session.completed",
            "checkout.session.async_payment_succeeded",
            "checkout.session.async_payment_failed",
            "checkout.session.expired",
        ),
        _session,
    ),
    **dict.fromkeys(
        (
            "payment_intent.succeeded",
            "payment_intent.payment_failed",
            "payment_intent.canceled",
            "charge.refunded",
            "charge.refund.updated",
            "refund.created",
            "refund.updated",
            "refund.failed",
            "charge.dispute.created",
            "charge.dispute.updated",
            "charge.dispute.closed",
            "charge.dispute.funds_withdrawn",
            "charge.dispute.funds_reinstated",
        ),
        _payment,
    ),
    **dict.fromkeys(
        (
            "invoice.paid",
            "invoice.payment_failed",
            "customer.subscription.updated",
            "customer.subscription.deleted",
        ),
        _subscription,
    ),
}
"""The events that the endpoint at Stripe must send; `docs/payments.md` lists them."""
