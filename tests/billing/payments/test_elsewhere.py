"""What payments tell the subscriptions: each event about one, once, with the days it is about."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from billing.models import StripeEvent
from billing.payments import elsewhere
from billing.payments.subscribed import Standing
from billing.subscriptions.stripe import Keeper
from tests.billing.payments.till import Till

pytestmark = pytest.mark.django_db


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def knows(self, subscription: str) -> bool:
        return True

    def bought(self, told: Standing) -> bool:
        raise AssertionError("nothing is asked about one that is known")

    def paid(self, subscription: str, *, period: elsewhere.Period, event_id: str) -> None:
        self.told.append(("paid", subscription, period.start, period.end))

    def not_paid(self, subscription: str, *, period: elsewhere.Period, event_id: str) -> None:
        self.told.append(("not paid", subscription, period.start, period.end))

    def changed(
        self, subscription: str, *, status: str, ends_with_period: bool, at: int, event_id: str
    ) -> None:
        self.told.append(("changed", subscription, status, ends_with_period))


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    heard = Listener()
    monkeypatch.setattr(elsewhere, "_listening", [heard])
    return heard


def seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def invoice(till: Till, *spans: tuple[date, date], **more: Any) -> dict[str, Any]:
    lines = [{"period": {"start": seconds(start), "end": seconds(end)}} for start, end in spans]
    parent = {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}}
    return till.world.new("in", object="invoice", parent=parent, lines={"data": lines}, **more)


NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))
REST_OF_OCTOBER = (date(2026, 10, 20), date(2026, 11, 1))


@pytest.mark.parametrize(("kind", "word"), [("invoice.paid", "paid"), ("invoice.payment_failed", "not paid")])
def test_subscriptions_hear_once_which_period_was_paid_or_not(
    till: Till, listener: Listener, kind: str, word: str
) -> None:
    event = till.world.event(kind, invoice(till, REST_OF_OCTOBER, NOVEMBER))
    for _ in range(2):
        assert till.deliver(event) == 200
    assert listener.told == [(word, "sub_1", *NOVEMBER)]
    assert StripeEvent.objects.get(pk=event["id"]).outcome == "passed"


@pytest.mark.parametrize("kind", ["updated", "deleted"])
def test_subscriptions_hear_how_they_stand(till: Till, listener: Listener, kind: str) -> None:
    row = till.world.new("sub", object="subscription", status="past_due", cancel_at_period_end=True)
    assert till.deliver(till.world.event(f"customer.subscription.{kind}", row)) == 200
    assert listener.told == [("changed", row["id"], "past_due", True)]


def test_subscriptions_hear_nothing_of_invoices_without_one(till: Till, listener: Listener) -> None:
    nothing: list[dict[str, Any]] = [{"parent": None}, {"lines": {"data": []}}]
    for more in nothing:
        event = till.world.event("invoice.paid", invoice(till, NOVEMBER) | more)
        assert till.deliver(event) == 200
        assert StripeEvent.objects.get(pk=event["id"]).outcome == "ignored"
    assert listener.told == []


def test_subscriptions_that_fail_to_hear_are_told_again(
    till: Till, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = till.world.event("invoice.paid", invoice(till, NOVEMBER))
    monkeypatch.setattr(listener, "paid", None)
    with pytest.raises(TypeError):
        till.deliver(event)
    monkeypatch.undo()
    monkeypatch.setattr(elsewhere, "_listening", [listener])
    assert till.deliver(event) == 200
    assert len(listener.told) == 1


def test_subscriptions_are_listened_to_from_the_start() -> None:
    assert [type(keeper) for keeper in elsewhere._listening] == [Keeper]
