"""Whether what Stripe tells is what we asked for: amount, currency, customer, mode, and the names we wrote on it."""

from collections.abc import Mapping

from billing.models import TopUp

from .answers import Payment
from .signatures import Event

__all__ = ["payment_misfits", "session_misfits"]


def session_misfits(topup: TopUp, event: Event) -> list[str]:
    """Return what of a Checkout session differs from the top-up, in words; nothing if it is the one we made."""
    told = event.subject
    return _differences(
        {
            "session": (topup.session_id or told.get("id"), told.get("id")),
            **_payment(topup, event),
            "client reference": (str(topup.id), told.get("client_reference_id")),
            "amount": (topup.amount_cents, told.get("amount_total")),
            "currency": (topup.currency, told.get("currency")),
            "customer": (topup.customer_id, event.named("customer")),
            "live mode": (topup.livemode, told.get("livemode")),
            **_names(topup, event.metadata),
        }
    )


def payment_misfits(topup: TopUp, payment: Payment) -> list[str]:
    """Return what of a payment differs from the top-up, in words."""
    received = topup.amount_cents if payment.status == "succeeded" else payment.received
    return _differences(
        {
            "payment": (topup.payment_intent, payment.id),
            "amount": (topup.amount_cents, payment.amount),
            "amount received": (received, payment.received),
            "currency": (topup.currency, payment.currency),
            "customer": (topup.customer_id, payment.customer),
            "live mode": (topup.livemode, payment.livemode),
            **_names(topup, payment.metadata),
        }
    )


def _payment(topup: TopUp, event: Event) -> dict[str, tuple[object, object]]:
    told = event.named("payment_intent")
    return {"payment": (topup.payment_intent, told)} if topup.payment_intent and told else {}


def _names(topup: TopUp, metadata: Mapping[str, str]) -> dict[str, tuple[object, object]]:
    return {
        "top-up": (str(topup.id), metadata.get("topup")),
        "workspace": (str(topup.workspace_id), metadata.get("workspace")),
    }


def _differences(pairs: Mapping[str, tuple[object, object]]) -> list[str]:
    return [
        f"{name} is {told!r}, not {ours!r}"
        for name, (ours, told) in pairs.items()
        if type(ours) is not type(told) or ours != told
    ]
