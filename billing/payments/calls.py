"""The few calls we make to Stripe: each bounded in time, and each that makes something under a key of its own."""

from uuid import UUID

from billing.models import RefundRequest, TopUp

from . import answers, wire
from .answers import Contested, MadeRefund, Payment, SavedCard, Session
from .wire import Away, Declined, Missing, Unusable

__all__ = [
    "Away",
    "Declined",
    "Missing",
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
        return answers.session(made)


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
        return answers.session(made)


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
        return answers.payment(made)


def cancel(payment_intent: str) -> None:
    """See to it that a payment that failed is never made after all."""
    with wire.client() as client:
        client.v1.payment_intents.cancel(payment_intent)


def payment(payment_intent: str) -> Payment:
    """Return how a payment stands."""
    with wire.client() as client:
        return answers.payment(
            client.v1.payment_intents.retrieve(payment_intent, {"expand": ["latest_charge"]})
        )


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
            if answers.metadata(intent).get("topup") == str(topup.id):
                return answers.payment(intent)
        if found.has_more:
            raise Unusable(f"top-up {topup.id} is not among the latest {MOST_LISTED} payments")
        return None


def contested(payment_intent: str) -> list[Contested]:
    """Return the disputes about a payment."""
    with wire.client() as client:
        found = client.v1.disputes.list({"payment_intent": payment_intent, "limit": MOST_LISTED})
        return [answers.contested(dispute) for dispute in found.data]


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
        return answers.made_refund(made)


def refunds(payment_intent: str) -> list[MadeRefund]:
    """Return the refunds of a payment."""
    with wire.client() as client:
        found = client.v1.refunds.list({"payment_intent": payment_intent, "limit": MOST_LISTED})
        return [answers.made_refund(made) for made in found.data]


def saved_card(setup_intent: str) -> SavedCard:
    """Return the card that a setup saved. Raises Unusable if it saved none."""
    with wire.client() as client:
        return answers.saved_card(
            client.v1.setup_intents.retrieve(setup_intent, {"expand": ["payment_method"]})
        )


def _ours(topup: TopUp) -> dict[str, str]:
    return {"topup": str(topup.id), "workspace": str(topup.workspace_id)}
