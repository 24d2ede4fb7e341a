"""Subscriptions of a Stripe account of tests: how they are bought, renewed and ended, and the events that this makes."""

from datetime import UTC, date, datetime, timedelta

from tests.fakes.stripe_world import Thing, World

__all__ = ["buy", "end", "renew"]

DAYS = {"week": 7, "month": 30}


def buy(world: World, session: str, *, first: date) -> tuple[Thing, Thing]:
    """Buy at Checkout a subscription that begins on a day; returns the events of the page and of its first invoice."""
    with world.lock:
        page = world.get(session)
        price = {
            "id": f"price_{page['id']}",
            "object": "price",
            "unit_amount": page["amount_total"],
            "currency": page["currency"],
            "recurring": {"interval": page["_interval"], "interval_count": 1},
        }
        item = {"id": f"si_{page['id']}", "object": "subscription_item", "quantity": 1, "price": price}
        made = world.new(
            "sub",
            object="subscription",
            status="active",
            customer=page["customer"],
            metadata=page["_subscription_metadata"],
            cancel_at_period_end=False,
            items={"object": "list", "data": [item], "has_more": False, "url": "/v1"},
        )
        page.update(subscription=made["id"], status="complete", payment_status="paid")
        invoice = renew(world, made["id"], first=first)
        return world.event("checkout.session.completed", page), invoice


def renew(world: World, subscription: str, *, first: date) -> Thing:
    """Pay a period that begins on a day; returns the event of its invoice."""
    with world.lock:
        (item,) = world.get(subscription)["items"]["data"]
        last = first + timedelta(days=DAYS[item["price"]["recurring"]["interval"]])
        item["current_period_start"], item["current_period_end"] = _seconds(first), _seconds(last)
        invoice = world.new(
            "in",
            object="invoice",
            parent={"type": "subscription_details", "subscription_details": {"subscription": subscription}},
            lines={"data": [{"period": {"start": _seconds(first), "end": _seconds(last)}}]},
        )
        return world.event("invoice.paid", invoice)


def end(world: World, subscription: str) -> Thing:
    """End a subscription now; returns the event."""
    with world.lock:
        found = world.get(subscription)
        found["status"] = "canceled"
        return world.event("customer.subscription.deleted", found)


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
