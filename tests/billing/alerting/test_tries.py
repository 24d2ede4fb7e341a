"""What becomes of one try: what was taken, what may be tried again, and what is hopeless at once."""

from collections.abc import Callable

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import User
from billing.alerting import deliveries, reaching, tasks, trying
from billing.models import AlertChannel, AlertDelivery
from tests.billing.alerting.receiving import receiving
from tests.billing.alerting.scripting import calling, mailing

pytestmark = pytest.mark.django_db


def tried(channel: AlertChannel) -> tuple[str, str]:
    """Send a test to a channel; return how the message stands and what came of it."""
    delivery = deliveries.test(channel, by="ann")
    tasks.send_alerts()
    delivery.refresh_from_db()
    return delivery.status, delivery.log[-1]["said"]


def test_only_what_is_answered_with_a_status_of_the_two_hundreds_is_taken() -> None:
    with receiving() as receiver:
        channel, told = calling(receiver.address), {}
        for status in (200, 299, 300):
            receiver.status = status
            told[status] = tried(channel)
    assert told == {
        200: ("sent", "answered 200"),
        299: ("sent", "answered 299"),
        300: ("waiting", "answered 300"),
    }


def test_a_mail_to_nobody_has_failed_and_one_that_the_server_refuses_is_tried_again(
    settings: Settings,
) -> None:
    User.objects.filter(is_superuser=True).update(is_active=False)
    channel = mailing()
    assert tried(channel) == ("failed", "nobody who may get it has an account")
    channel.people.add(User.objects.create_user("ann@tollway.example", "long-enough-4", is_staff=True))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert tried(channel) == ("waiting", "the mail server did not take it: ConnectionRefusedError")
    assert mail.outbox == []


def test_one_that_cannot_be_sent_keeps_no_other() -> None:
    channel = mailing()
    broken, hopeless, sound = (deliveries.test(channel, by="ann") for _ in range(3))

    def ready(delivery: AlertDelivery) -> Callable[[], str]:
        def send() -> str:
            if delivery == broken:
                raise ValueError("a line too long")
            return "taken"

        if delivery == hopeless:
            raise reaching.Failed("the channel is off", hopeless=True)
        return send

    assert trying.send_due(AlertDelivery.objects.order_by("due_at"), ready, seconds=5) == 1
    told = {}
    for delivery in (broken, hopeless, sound):
        delivery.refresh_from_db()
        told[delivery] = (delivery.status, delivery.log[-1]["said"], delivery.tries)
    assert told == {
        broken: ("waiting", "could not be sent: ValueError", 1),
        hopeless: ("failed", "the channel is off", 1),
        sound: ("sent", "taken", 1),
    }


def test_workers_look_at_the_rules_and_tell_how_many_messages_were_taken() -> None:
    assert tasks.evaluate_alerts() is True
    with receiving() as receiver:
        channel = calling(receiver.address)
        for _ in range(2):
            deliveries.test(channel, by="ann")
        assert tasks.send_alerts() == 2
