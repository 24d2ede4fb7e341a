"""How messages reach channels: what they say, how often they are tried, what is sent again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import User
from billing.alerting import deliveries, sending, signing, trying
from billing.models import AlertChannel, AlertDelivery
from kernel import clock
from tests.billing.alerting.receiving import Receiver, receiving
from tests.billing.alerting.scripting import SECRET, Script, calling, mailing

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def people() -> dict[str, User]:
    boss = User.objects.create_superuser("boss@tollway.example", "long-enough-4")
    ann = User.objects.create_user("ann@tollway.example", "long-enough-4", is_staff=True)
    gone = User.objects.create_user("gone@tollway.example", "long-enough-4", is_staff=True, is_active=False)
    return {"boss": boss, "ann": ann, "gone": gone}


def begun(monkeypatch: pytest.MonkeyPatch, channel: AlertChannel, **rule: Any) -> AlertDelivery:
    script = Script(monkeypatch, **rule)
    script.rule.channels.add(channel)
    script.now = clock.now()
    script.after(a=120)
    return AlertDelivery.objects.get()


def logged(delivery: AlertDelivery) -> list[str]:
    delivery.refresh_from_db()
    return [each["said"] for each in delivery.log]


def test_a_mail_says_what_holds_of_what(
    monkeypatch: pytest.MonkeyPatch, people: dict[str, User], settings: Settings
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://tollway.example"]
    delivery = begun(monkeypatch, mailing())
    assert deliveries.send_due(5) == 1
    [sent] = mail.outbox
    assert (sent.subject, sent.to) == ("Tollway: a is 120", ["boss@tollway.example"])
    for part in (
        "said by a test",
        "Rule: Surge of refusals",
        "Value: 120",
        "Threshold: 100",
        "https://tollway.example/admin/",
    ):
        assert part in sent.body
    assert sent.extra_headers["Message-ID"] == f"<{delivery.pk}@tollway>"
    assert logged(delivery) == ["taken for 1 person"]
    assert delivery.status == "sent"
    assert deliveries.send_due(5) == 0


def test_mails_go_to_those_who_are_named_and_still_operators(people: dict[str, User]) -> None:
    channel = mailing()
    channel.people.set([people["ann"], people["gone"]])
    assert sending.addressees(channel) == ["ann@tollway.example"]


@pytest.mark.parametrize("backend", ["console", "dummy"])
def test_a_mail_that_would_go_nowhere_has_failed_at_once(
    monkeypatch: pytest.MonkeyPatch, people: dict[str, User], settings: Settings, backend: str
) -> None:
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    delivery = begun(monkeypatch, mailing())
    assert deliveries.send_due(5) == 0
    assert logged(delivery) == ["e-mail is not set up"]
    assert delivery.status == "failed"


def test_a_webhook_is_signed_and_carries_the_facts(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    delivery = begun(monkeypatch, calling(receiver.address))
    assert deliveries.send_due(5) == 1
    [(headers, body)] = receiver.taken
    at = int(headers["webhook-timestamp"])
    assert headers["webhook-id"] == f"msg_{delivery.pk}"
    assert abs(at - clock.now().timestamp()) < 10
    assert headers | signing.headers(SECRET, message_id=headers["webhook-id"], at=at, body=body) == headers
    told = json.loads(body)
    assert told["type"] == "alert.began"
    assert {name: told["data"][name] for name in ("subject", "title", "value", "until")} == {
        "subject": "a",
        "title": "a is 120",
        "value": "120",
        "until": None,
    }


@pytest.mark.parametrize("status", [301, 404, 500])
def test_what_is_not_taken_is_tried_ever_more_seldom_and_then_no_more(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    delivery = begun(monkeypatch, calling(receiver.address))
    now = clock.now()
    for pause in (*(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360)), None):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        assert deliveries.send_due(5) == 0
        assert deliveries.send_due(5) == 0  # not before it is due
        delivery.refresh_from_db()
        if pause is not None:
            assert (delivery.status, delivery.due_at) == ("waiting", now + pause)
            now = delivery.due_at
    assert delivery.status == "failed"
    assert logged(delivery) == [f"answered {status}"] * 6
    assert len({(headers["webhook-id"], body) for headers, body in receiver.taken}) == 1


def test_what_failed_is_sent_again_on_demand_with_the_same_id(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    delivery = begun(monkeypatch, calling(receiver.address))
    deliveries.send_due(5)
    with pytest.raises(trying.NotAllowed, match="waits"):
        trying.again(deliveries.test(delivery.channel, by="ann"))
    trying.again(delivery)
    assert deliveries.send_due(5) == 2
    ids = [headers["webhook-id"] for headers, _ in receiver.taken]
    assert ids.count(f"msg_{delivery.pk}") == 2


def test_a_process_that_died_leaves_what_it_had_begun_to_send(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    delivery = begun(monkeypatch, calling(receiver.address))
    assert trying.claim(AlertDelivery.objects.all(), clock.now()) == [delivery]
    assert deliveries.send_due(5) == 0
    later = clock.now() + trying.LEASE + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert deliveries.send_due(5) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/hook",
        "https://169.254.169.254/latest",
        "https://localhost/hook",
        "https://[::1]/hook",
    ],
)
def test_an_address_that_must_not_be_called_is_not(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, address: str
) -> None:
    address = address.format(port=receiver.server_address[1])
    delivery = begun(monkeypatch, calling(address, private=False))
    assert deliveries.send_due(5) == 0
    assert receiver.taken == []
    delivery.refresh_from_db()
    assert delivery.status == "failed"


def test_a_name_that_stands_for_such_an_address_is_not_called(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    import socket

    def resolved(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.server_address[1]))]

    delivery = begun(monkeypatch, calling("https://hooks.example/x", private=False))
    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    assert deliveries.send_due(5) == 0
    assert logged(delivery) == ["its address must not be called"]
    assert receiver.taken == []


def test_what_is_over_before_the_quiet_hours_are_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, quiet_from=time(11), quiet_until=time(13))
    mailing(script.rule)
    script.after(a=120)
    [delivery] = AlertDelivery.objects.all()
    assert delivery.due_at == datetime(2026, 11, 20, 13, tzinfo=UTC)
    script.after(1)
    script.after(2)
    delivery.refresh_from_db()
    assert (delivery.status, AlertDelivery.objects.count()) == ("spared", 1)


def test_an_end_is_told_where_the_beginning_was(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch)
    first = mailing(script.rule)
    script.after(a=120)
    AlertDelivery.objects.update(status="failed", tries=6)
    mailing(script.rule, name="Came later")
    script.after(1)
    script.after(2)
    assert list(AlertDelivery.objects.filter(event="ended").values_list("channel_id", flat=True)) == [
        first.pk
    ]


def test_a_channel_that_is_off_gets_nothing(monkeypatch: pytest.MonkeyPatch, people: dict[str, User]) -> None:
    delivery = begun(monkeypatch, mailing())
    AlertChannel.objects.update(active=False)
    assert deliveries.send_due(5) == 0
    assert logged(delivery) == ["the channel is off"]
    assert mail.outbox == []
