"""What payments tell the subscriptions: a period was paid or not, a subscription changed or ended. Nothing is kept here."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

from .signatures import Event

__all__ = ["Period", "Subscriptions", "listen", "tell"]


@dataclass(frozen=True)
class Period:
    """The days (UTC) that an invoice or a subscription is about: from `start`, before `end`."""

    start: date
    end: date


class Subscriptions(Protocol):
    """Who keeps subscriptions. Called within the event's transaction, once per event, in any order of events."""

    def paid(self, stripe_subscription_id: str, *, period: Period, event_id: str) -> None:
        """Take in that a period was paid."""

    def not_paid(self, stripe_subscription_id: str, *, period: Period, event_id: str) -> None:
        """Take in that a payment for a period failed; Stripe tries again by itself."""

    def changed(
        self, stripe_subscription_id: str, *, status: str, ends_with_period: bool, at: int, event_id: str
    ) -> None:
        """Take in how Stripe says it stands, as of `at` (Unix time of the event): an earlier one is no news."""


_listening: list[Subscriptions] = []


def listen(to: Subscriptions) -> None:
    """Have what concerns subscriptions told to their keeper from now on."""
    _listening[:] = [to]


def tell(event: Event) -> bool:
    """Pass an event on; tell whether anybody keeps subscriptions and it named one."""
    subscription = _subscription(event)
    if not _listening or not subscription:
        return False
    keeper = _listening[0]
    if event.type.startswith("invoice."):
        period = _period(event.subject)
        if period is None:
            return False
        said = keeper.paid if event.type == "invoice.paid" else keeper.not_paid
        said(subscription, period=period, event_id=event.id)
    elif event.type.startswith("customer.subscription."):
        keeper.changed(
            subscription,
            status=str(event.subject.get("status", "")),
            ends_with_period=bool(event.subject.get("cancel_at_period_end")),
            at=event.created,
            event_id=event.id,
        )
    else:
        return False
    return True


def _subscription(event: Event) -> str:
    if event.type.startswith("customer.subscription."):
        return event.named("id")
    parent = event.subject.get("parent")
    details = parent.get("subscription_details") if isinstance(parent, dict) else None
    named = details.get("subscription") if isinstance(details, dict) else event.named("subscription")
    return named if isinstance(named, str) else ""


def _period(invoice: Any) -> Period | None:
    """Return the latest period among an invoice's lines: a change in mid-period bills rests of the former too."""
    lines = invoice.get("lines", {}).get("data", [])
    spans = [(line["period"]["end"], line["period"]["start"]) for line in lines if line.get("period")]
    if not spans:
        return None
    end, start = max(spans)
    return Period(_day(start), _day(end))


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()
