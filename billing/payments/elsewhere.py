"""What payments tell the subscriptions: one was bought, a period was paid or not, one changed or ended. Nothing is kept."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from .signatures import Event
from .subscribed import Standing, day, standing

__all__ = ["Misfit", "Period", "Subscriptions", "listen", "tell"]


class Misfit(Exception):
    """A subscription at Stripe names a workspace of ours and is not what was offered; the message says why."""

    def __init__(self, workspace_id: int, words: str) -> None:
        super().__init__(words)
        self.workspace_id = workspace_id


@dataclass(frozen=True)
class Period:
    """The days (UTC) that an invoice or a subscription is about: from `start`, before `end`."""

    start: date
    end: date


class Subscriptions(Protocol):
    """Who keeps subscriptions. Called within the event's transaction, once per event, in any order of events."""

    def knows(self, stripe_subscription_id: str) -> bool:
        """Tell whether it is kept."""

    def bought(self, told: Standing) -> bool:
        """Keep one that is not known, if it was bought for a workspace of ours and runs; tell whether. Raises Misfit."""

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
    """Pass an event on; tell whether anybody keeps subscriptions and it named one of theirs.

    Any event may be the first that is heard of a purchase: Stripe is asked about one that is not known. Raises Misfit,
    calls.Away, calls.Missing or calls.Unusable.
    """
    subscription = _subscription(event)
    if not _listening or not subscription:
        return False
    keeper = _listening[0]
    if not keeper.knows(subscription) and not keeper.bought(standing(subscription)):
        return False
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
    return Period(day(start), day(end))
