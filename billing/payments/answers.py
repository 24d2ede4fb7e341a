"""What Stripe answers about payments, disputes, refunds and cards, read into values of our own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .wire import Unusable

if TYPE_CHECKING:
    from stripe import Charge, PaymentIntent, Refund, SetupIntent
    from stripe import Dispute as StripeDispute
    from stripe.checkout import Session as StripeSession

__all__ = [
    "Contested",
    "MadeRefund",
    "Payment",
    "SavedCard",
    "Session",
    "contested",
    "made_refund",
    "metadata",
    "named",
    "payment",
    "saved_card",
    "session",
]


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


def session(found: "StripeSession") -> Session:
    """Read a page."""
    return Session(found.id, found.url or "")


def payment(found: "PaymentIntent") -> Payment:
    """Read a payment; what was refunded or is disputed only where its charge stands there whole."""
    charge: Charge | str | None = found.latest_charge
    told = None if charge is None or isinstance(charge, str) else charge
    error = found.last_payment_error
    return Payment(
        id=found.id,
        status=found.status,
        amount=found.amount,
        received=found.amount_received or 0,
        currency=found.currency,
        customer=named(found.customer),
        livemode=found.livemode,
        metadata=metadata(found),
        refunded=told.amount_refunded if told else 0,
        disputed=bool(told and told.disputed),
        decline=(error.code or error.type) if error else "",
    )


def contested(found: "StripeDispute") -> Contested:
    """Read a dispute."""
    moved = found.balance_transactions
    taken = -sum(step.amount for step in moved)
    if any(step.currency != found.currency for step in moved):
        taken = found.amount if taken > 0 else 0  # our account is kept in another currency
    return Contested(
        id=found.id,
        amount=found.amount,
        taken=min(max(taken, 0), found.amount),
        reason=found.reason,
        status=found.status,
        answer_by=found.evidence_details.due_by,
        opened=found.created,
    )


def made_refund(found: "Refund") -> MadeRefund:
    """Read a refund."""
    return MadeRefund(
        id=found.id,
        status=found.status or "",
        failure=getattr(found, "failure_reason", None) or "",
        request=metadata(found).get("request", ""),
    )


def saved_card(found: "SetupIntent") -> SavedCard:
    """Read the card that a setup saved. Raises Unusable if it saved none."""
    method = found.payment_method
    if found.status != "succeeded" or method is None or isinstance(method, str):
        raise Unusable(f"setup {found.id} saved no card")
    card = method.card
    shown = f"{card.brand.replace('_', ' ').title()} ending in {card.last4}" if card else method.type
    return SavedCard(method.id, shown, named(found.customer), metadata(found))


def named(found: object) -> str:
    """Return the id of something that stands there whole or by its id only, or nothing."""
    return found if isinstance(found, str) else str(getattr(found, "id", ""))


def metadata(found: Any) -> dict[str, str]:
    """Return what we wrote on something, or nothing."""
    return {} if found.metadata is None else dict(found.metadata.to_dict())
