"""What Stripe is asked about subscriptions: a page on which one is bought, and how one stands now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from . import answers, wire
from .answers import Session

if TYPE_CHECKING:
    from stripe import Subscription

__all__ = ["Purchase", "Standing", "day", "new_page", "standing"]


@dataclass(frozen=True)
class Purchase:
    """What is to be bought: the terms of a plan by their number, at cents each interval (`month` or `week`)."""

    workspace_id: int
    terms_id: int
    name: str
    cents: int
    interval: str


@dataclass(frozen=True)
class Standing:
    """How a subscription stands at Stripe now: what is paid in cents each interval, and its period in days of UTC.

    The period goes from `start` to the day before `end`.
    """

    id: str
    status: str
    customer: str
    livemode: bool
    metadata: Mapping[str, str]
    cents: int | None
    currency: str
    interval: str
    start: date
    end: date


def new_page(wanted: Purchase, *, token: UUID, customer: str, done: str, back: str, expires: int) -> Session:
    """Make the page on which a subscription is bought, until `expires` (Unix time); one page for a token.

    What was offered is written on the subscription itself. Raises calls.Away or calls.Unusable.
    """
    ours = {"workspace": str(wanted.workspace_id), "terms": str(wanted.terms_id)}
    with wire.client() as client:
        made = client.v1.checkout.sessions.create(
            {
                "mode": "subscription",
                "client_reference_id": str(token),
                "customer": customer,
                "adaptive_pricing": {"enabled": False},
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": "usd",
                            "unit_amount": wanted.cents,
                            "recurring": {"interval": "week" if wanted.interval == "week" else "month"},
                            "product_data": {"name": wanted.name},
                        },
                    }
                ],
                "metadata": ours,
                "subscription_data": {"metadata": ours},
                "success_url": done,
                "cancel_url": back,
                "expires_at": expires,
            },
            {"idempotency_key": f"subscribe:{token}"},
        )
        return answers.session(made)


def standing(subscription_id: str) -> Standing:
    """Return how a subscription stands. Raises calls.Away, calls.Missing or calls.Unusable."""
    with wire.client() as client:
        return _standing(client.v1.subscriptions.retrieve(subscription_id))


def day(seconds: int) -> date:
    """Return the UTC day of a Unix time."""
    return datetime.fromtimestamp(seconds, UTC).date()


def _standing(found: "Subscription") -> Standing:
    items = found.items.data
    if len(items) != 1 or items[0].quantity != 1:
        raise wire.Unusable(f"subscription {found.id} is not for one thing")
    item = items[0]
    every = item.price.recurring
    return Standing(
        id=found.id,
        status=found.status,
        customer=answers.named(found.customer),
        livemode=found.livemode,
        metadata=answers.metadata(found),
        cents=item.price.unit_amount,
        currency=item.price.currency,
        interval=every.interval if every is not None and every.interval_count == 1 else "",
        start=day(item.current_period_start),
        end=day(item.current_period_end),
    )
