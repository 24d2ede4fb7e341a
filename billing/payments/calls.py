"""The few calls we make to Stripe: each bounded in time, and each that makes something under a key of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from billing.models import RefundRequest, TopUp

from . import wire
from .wire import Away, Declined, Missing, Unusable

if TYPE_CHECKING:
    from stripe import Charge, PaymentIntent, Refund
    from stripe import Dispute as StripeDispute

__all__ = [
    "Away",
    "Contested",
    "Declined",
    "MadeRefund",
    "Missing",
    "Payment",
    "SavedCard",
    "Session",
    "Unusable",
    "cancel",
    "charge_saved_card",
    "contested",
    "new_checkout",
    "new_customer",
    "new_setup",
    "payment",
    "payment_of",
    "portal",
    "refund",
    "refunds",
    "saved_card",
]

MOST_LISTED = 100
CLOCKS_DIFFER_SECONDS = 300


@dataclass(frozen=True)
class Session:
    """A page at Stripe that a person is sent to."""

    id: str
    url: str


@dataclass(frozen=True)
class Payment:
    """How a payment stands at Stripe now; amounts in cents."""

    id: str
    status: str
    amount: int
    received: int
    currency: str
    customer: str
    livemode: bool
    metadata: Mapping[str, str]
    refunded: int
    disputed: bool
    decline: str


@dataclass(frozen=True)
class Contested:
    """A dispute as it stands at Stripe now; `taken` is what left us for it and has not come back, in cents."""

    id: str
    amount: int
    taken: int
    reason: str
    status: str
    answer_by: int | None
    opened: int


@dataclass(frozen=True)
class MadeRefund:
    """A refund as it stands at Stripe now; `request` names ours, or is empty."""

    id: str
    status: str
    failure: str
    request: str


@dataclass(frozen=True)
class SavedCard:
    """A card that may be charged without its owner: Stripe's name for it, and what is shown of it."""

    payment_method: str
    shown: str
    customer: str
    metadata: Mapping[str, str]


def new_customer(*, token: UUID, workspace_id: int) -> str:
    """Make the customer of a workspace and return its id; the same token makes one customer.

    Nothing is told that may be another in a second try, which Stripe would refuse under the same key.
    """
    with wire.client() as client:
        made = client.v1.customers.create(
            {"description": f"Workspace {workspace_id}", "metadata": {"workspace": str(workspace_id)}},
            {"idempotency_key": f"customer:{token}"},
        )
        return made.id


def new_checkout(topup: TopUp, *, done: str, back: str, expires: int) -> Session:
    """Make the page on which a top-up is paid, until `expires` (Unix time); one page for a top-up."""
    ours = _ours(topup)
    with wire.client() as client:
        made = client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "client_reference_id": str(topup.id),
                "customer": topup.customer_id,
                "adaptive_pricing": {"enabled": False},
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": "usd",
                            "unit_amount": topup.amount_cents,
                            "product_data": {"name": "Credit"},
                        },
                    }
                ],
                "metadata": ours,
                "payment_intent_data": {"metadata": ours},
                "success_url": done,
                "cancel_url": back,
                "expires_at": expires,
            },
            {"idempotency_key": f"topup:{topup.id}"},
        )
        return Session(made.id, made.url or "")


def new_setup(*, token: UUID, workspace_id: int, customer: str, done: str, back: str) -> Session:
    """Make the page on which a card is saved for auto-recharge."""
    ours = {"workspace": str(workspace_id), "purpose": "recharge"}
    with wire.client() as client:
        made = client.v1.checkout.sessions.create(
            {
                "mode": "setup",
                "currency": "usd",
                "allowed_payment_method_types": ["card"],
                "customer": customer,
                "client_reference_id": str(token),
                "metadata": ours,
                "setup_intent_data": {"metadata": ours},
                "success_url": done,
                "cancel_url": back,
            },
            {"idempotency_key": f"setup:{token}"},
        )
        return Session(made.id, made.url or "")


def portal(*, customer: str, back: str) -> str:
    """Make a page where a customer sees payments and cards at Stripe, and return its address."""
    with wire.client() as client:
        return client.v1.billing_portal.sessions.create({"customer": customer, "return_url": back}).url


def charge_saved_card(topup: TopUp, payment_method: str) -> Payment:
    """Charge a saved card for a top-up; one charge for a top-up. Raises Declined."""
    with wire.client() as client:
        made = client.v1.payment_intents.create(
            {
                "amount": topup.amount_cents,
                "currency": "usd",
                "customer": topup.customer_id,
                "payment_method": payment_method,
                "allowed_payment_method_types": ["card"],
                "off_session": True,
                "confirm": True,
                "description": "Credit, by auto-recharge",
                "metadata": _ours(topup),
            },
            {"idempotency_key": f"recharge:{topup.id}"},
        )
        return _payment(made)


def cancel(payment_intent: str) -> None:
    """See to it that a payment that failed is never made after all."""
    with wire.client() as client:
        client.v1.payment_intents.cancel(payment_intent)


def payment(payment_intent: str) -> Payment:
    """Return how a payment stands."""
    with wire.client() as client:
        return _payment(client.v1.payment_intents.retrieve(payment_intent, {"expand": ["latest_charge"]}))


def payment_of(topup: TopUp) -> Payment | None:
    """Return the payment that was made for a top-up, where its answer was lost; None if there is none.

    Raises Unusable if the customer has so many that not all can be looked at.
    """
    with wire.client() as client:
        found = client.v1.payment_intents.list(
            {
                "customer": topup.customer_id,
                "created": {"gte": int(topup.created_at.timestamp()) - CLOCKS_DIFFER_SECONDS},
                "limit": MOST_LISTED,
            }
        )
        for intent in found.data:
            if _metadata(intent).get("topup") == str(topup.id):
                return _payment(intent)
        if found.has_more:
            raise Unusable(f"top-up {topup.id} is not among the latest {MOST_LISTED} payments")
        return None


def contested(payment_intent: str) -> list[Contested]:
    """Return the disputes about a payment."""
    with wire.client() as client:
        found = client.v1.disputes.list({"payment_intent": payment_intent, "limit": MOST_LISTED})
        return [_contested(dispute) for dispute in found.data]


def refund(request: RefundRequest, payment_intent: str) -> MadeRefund:
    """Ask for a refund; one refund for a request."""
    with wire.client() as client:
        made = client.v1.refunds.create(
            {
                "payment_intent": payment_intent,
                "amount": request.amount_cents,
                "reason": "requested_by_customer",
                "metadata": {"request": str(request.id), "workspace": str(request.workspace_id)},
            },
            {"idempotency_key": f"refund:{request.id}"},
        )
        return _refund(made)


def refunds(payment_intent: str) -> list[MadeRefund]:
    """Return the refunds of a payment."""
    with wire.client() as client:
        found = client.v1.refunds.list({"payment_intent": payment_intent, "limit": MOST_LISTED})
        return [_refund(made) for made in found.data]


def saved_card(setup_intent: str) -> SavedCard:
    """Return the card that a setup saved. Raises Unusable if it saved none."""
    with wire.client() as client:
        setup = client.v1.setup_intents.retrieve(setup_intent, {"expand": ["payment_method"]})
        method = setup.payment_method
        if setup.status != "succeeded" or method is None or isinstance(method, str):
            raise Unusable(f"setup {setup_intent} saved no card")
        card = method.card
        shown = f"{card.brand.replace('_', ' ').title()} ending in {card.last4}" if card else method.type
        return SavedCard(method.id, shown, _id(setup.customer), _metadata(setup))


def _ours(topup: TopUp) -> dict[str, str]:
    return {"topup": str(topup.id), "workspace": str(topup.workspace_id)}


def _id(named: object) -> str:
    """Return the id of something that stands there whole or by its id only, or nothing."""
    return named if isinstance(named, str) else str(getattr(named, "id", ""))


def _payment(found: "PaymentIntent") -> Payment:
    charge: Charge | str | None = found.latest_charge
    told = None if charge is None or isinstance(charge, str) else charge
    error = found.last_payment_error
    return Payment(
        id=found.id,
        status=found.status,
        amount=found.amount,
        received=found.amount_received or 0,
        currency=found.currency,
        customer=_id(found.customer),
        livemode=found.livemode,
        metadata=_metadata(found),
        refunded=told.amount_refunded if told else 0,
        disputed=bool(told and told.disputed),
        decline=(error.code or error.type) if error else "",
    )


def _metadata(found: Any) -> dict[str, str]:
    return {} if found.metadata is None else dict(found.metadata.to_dict())


def _refund(found: "Refund") -> MadeRefund:
    named = _metadata(found).get("request", "")
    return MadeRefund(found.id, found.status or "", getattr(found, "failure_reason", None) or "", named)


def _contested(found: "StripeDispute") -> Contested:
    moved = found.balance_transactions
    taken = -sum(step.amount for step in moved)
    if any(step.currency != found.currency for step in moved):
        taken = found.amount if taken > 0 else 0  # our account is kept in another currency
    due = found.evidence_details.due_by
    return Contested(
        found.id,
        found.amount,
        min(max(taken, 0), found.amount),
        found.reason,
        found.status,
        due,
        found.created,
    )
