"""How customers are told: by mail to those who may change alerts, by webhooks that any verifier takes, and once more."""

import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import openai
import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import Member, User, Workspace
from billing.alerting import reaching, trying
from billing.customer_alerts import deliveries, endpoints
from billing.models import CustomerDelivery, CustomerEndpoint
from catalog import credentials
from kernel import clock
from tests.accounts.rows import person
from tests.billing.alerting.receiving import Receiver, receiving
from tests.billing.customer_alerts.watched import SECRET, USD, alert, endpoint, look, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.CUSTOMER_WEBHOOKS_PRIVATE = True
    with receiving() as server:
        yield server


def owner(workspace: Workspace) -> Member:
    return Member.objects.select_related("user").get(workspace=workspace, role="owner")


def told(workspace: Workspace, address: str) -> CustomerDelivery:
    """Have a low balance told to one endpoint, and to nobody by mail."""
    endpoint(workspace, address)
    alert(workspace, "balance", amount=5 * USD, by_mail=False)
    assert look(clock.now()) == 1
    return CustomerDelivery.objects.get(workspace=workspace)


def logged(delivery: CustomerDelivery) -> list[str]:
    delivery.refresh_from_db()
    return [each["said"] for each in delivery.log]


def verified(secret: str, headers: dict[str, str], body: str) -> bool:
    """Ask a verifier of somebody else's."""
    try:
        openai.OpenAI(api_key="none").webhooks.verify_signature(body, headers, secret=secret)
    except openai.InvalidWebhookSignatureError:
        return False
    return True


def test_a_mail_says_what_how_much_and_how_to_switch_it_off(settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://tollway.example"]
    workspace = place()
    alert(workspace, "balance", amount=5 * USD)
    people = {role: person(workspace, role=role) for role in Member.Role.values if role != "owner"}
    gone = person(workspace, role="admin")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    person(place())
    look(clock.now())
    assert deliveries.send_due(5) == 1
    [sent] = mail.outbox
    named = [owner(workspace).user, people["admin"], people["billing"]]
    assert sorted(sent.to) == sorted(each.email for each in named)
    assert sent.subject == f"Tollway: The balance is below $5.00 ({workspace.name})"
    for part in (
        "$0.00 is left to spend.",
        "Since: 20",
        "Look: https://tollway.example/dashboard/credit",
        "Told once, until credit is added",
        "switch it off: https://tollway.example/dashboard/alerts",
    ):
        assert part in sent.body


def test_an_alert_without_mail_is_not_mailed() -> None:
    alert(place(), "balance", amount=5 * USD, by_mail=False)
    look(clock.now())
    assert not CustomerDelivery.objects.exists()


def test_a_webhook_carries_the_facts_and_verifies(receiver: Receiver) -> None:
    workspace = place()
    delivery = told(workspace, receiver.address)
    assert deliveries.send_due(5) == 1
    [(headers, body)] = receiver.taken
    assert verified(SECRET, headers, body)
    assert not verified(SECRET, headers, body.replace("5.0", "6.0"))
    said = json.loads(body)
    assert headers["webhook-id"] == f"msg_{delivery.pk}"
    assert said["type"] == "alert.fired"
    facts = ("kind", "workspace", "value", "threshold", "unit", "cycle", "key")
    assert [said["data"][name] for name in facts] == [
        *("balance", workspace.slug, "0.000000000", "5.000000000", "USD", "1"),
        None,
    ]
    assert logged(delivery) == ["answered 204"]


def test_a_renewed_secret_signs_beside_the_one_before_for_a_day(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = place()
    told(workspace, receiver.address)
    made = CustomerEndpoint.objects.get()
    new = endpoints.renew(owner(workspace), made)
    made.refresh_from_db()
    assert SECRET.encode() not in bytes(made.sealed_before)
    assert credentials.decrypt(bytes(made.sealed)) == new
    assert deliveries.send_due(5) == 1
    [(headers, body)] = receiver.taken
    assert [verified(secret, headers, body) for secret in (SECRET, new)] == [True, True]
    later = clock.now() + endpoints.OVERLAP
    monkeypatch.setattr(clock, "now", lambda: later)
    assert endpoints.secrets(made, later) == [bytes(made.sealed)]


def test_what_failed_is_tried_again_and_sent_again_with_the_same_id(receiver: Receiver) -> None:
    workspace = place()
    receiver.status = 500
    delivery = told(workspace, receiver.address)
    assert deliveries.send_due(5) == 0
    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries, logged(delivery)) == ("waiting", 1, ["answered 500"])
    with pytest.raises(trying.NotAllowed, match="waits"):
        deliveries.again(owner(workspace), delivery)
    CustomerDelivery.objects.update(status="failed")
    receiver.status = 204
    deliveries.again(owner(workspace), delivery)
    assert deliveries.send_due(5) == 1
    assert logged(delivery) == ["answered 500", "answered 204"]
    assert len({(headers["webhook-id"], body) for headers, body in receiver.taken}) == 1


def test_what_was_not_tried_goes_before_what_failed(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "AT_ONCE", 1)
    late = told(place(), receiver.address)
    CustomerDelivery.objects.filter(pk=late.pk).update(tries=2, due_at=clock.now() - timedelta(hours=1))
    fresh = told(place(), receiver.address)
    assert deliveries.send_due(5) == 2
    ids = [headers["webhook-id"] for headers, _ in receiver.taken]
    assert ids == [f"msg_{fresh.pk}", f"msg_{late.pk}"]


def test_receivers_that_never_answer_hold_up_nobody_else(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        deaf = [told(place(), f"http://127.0.0.1:{silent.getsockname()[1]}/{each}") for each in range(4)]
        heard = told(place(), receiver.address)
        began = time.monotonic()
        assert deliveries.send_due(5) == 1
        one_after_the_other = len(deaf) * reaching.SECONDS
        assert time.monotonic() - began < one_after_the_other
    assert logged(heard) == ["answered 204"]
    assert [logged(each) for each in deaf] == [["no answer within 1 s"]] * 4


@pytest.mark.parametrize("state", ["off", "gone"])
def test_an_endpoint_that_is_off_gets_nothing_more(receiver: Receiver, state: str) -> None:
    workspace = place()
    delivery = told(workspace, receiver.address)
    made = CustomerEndpoint.objects.get()
    if state == "off":
        endpoints.switch(owner(workspace), made, on=False)
    else:
        endpoints.remove(owner(workspace), made)
    assert deliveries.send_due(5) == 0
    assert logged(delivery) == ["the endpoint is off"]
    assert receiver.taken == []


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/hook",
        "https://127.0.0.1:{port}/hook",
        "https://[::1]:{port}/",
        "https://localhost/x",
    ],
)
def test_an_address_that_must_not_be_called_is_not(
    receiver: Receiver, settings: Settings, address: str
) -> None:
    delivery = told(place(), address.format(port=receiver.server_address[1]))
    settings.CUSTOMER_WEBHOOKS_PRIVATE = False
    assert deliveries.send_due(5) == 0
    delivery.refresh_from_db()
    assert (delivery.status, receiver.taken) == ("failed", [])


def test_a_name_that_stands_for_a_private_address_is_not_called(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolved(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.server_address[1]))]

    settings.CUSTOMER_WEBHOOKS_PRIVATE = False
    delivery = told(place(), "https://hooks.example/x")
    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    assert deliveries.send_due(5) == 0
    assert logged(delivery) == ["its address must not be called"]
    assert receiver.taken == []
