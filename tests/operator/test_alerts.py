"""Alerts in the admin: rules and how they stand, channels whose secrets stay in, what was told, and tests."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from accounts.models import TrailRow, User
from billing.models import AlertChannel, AlertDelivery, AlertFiring, AlertRule
from catalog import credentials
from kernel import clock
from tests.billing.alerting.scripting import SECRET, Script, mailing
from tests.operator.reading import column, text

pytestmark = pytest.mark.django_db


def channel(**fields: object) -> dict[str, object]:
    return {
        "name": "Pager",
        "kind": "webhook",
        "address": "https://hooks.example/x",
        "active": "on",
        **fields,
    }


def add(operator: Client, **fields: object) -> str:
    answer = operator.post(reverse("admin:billing_alertchannel_add"), channel(**fields))
    return "" if answer.status_code == 302 else answer.content.decode()


def test_the_rules_tell_how_they_stand_and_when_they_were_looked_at(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Not looked at yet" in text(operator, "billing_alertrule_changelist")
    script = Script(monkeypatch)
    script.now = clock.now()
    script.after(a=120)
    shown = text(operator, "billing_alertrule_changelist")
    assert "Looked at" in shown
    assert "holds of 1" in shown
    assert "Surge of refusals" in shown


@pytest.mark.parametrize(("backend", "said"), [("console", True), ("smtp", False)])
def test_pages_say_so_while_mails_go_nowhere(
    operator: Client, settings: Settings, backend: str, said: bool
) -> None:
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    for page in ("alertrule", "alertchannel"):
        assert ("E-mail is not set up" in text(operator, f"billing_{page}_changelist")) == said


def test_a_rule_is_changed_and_the_change_is_kept(operator: Client) -> None:
    rule = AlertRule.objects.get(kind="breaker")
    asked = {"name": rule.name, "kind": rule.kind, "threshold": "25", "minutes": "2", "quiet_from": "22:00"}
    address = reverse("admin:billing_alertrule_change", args=[rule.pk])
    assert "another end" in operator.post(address, asked).content.decode()
    assert operator.post(address, asked | {"quiet_until": "06:00", "active": "on"}).status_code == 302
    rule.refresh_from_db()
    assert (int(rule.threshold), rule.minutes, rule.channels.count()) == (25, 2, 0)
    assert TrailRow.objects.filter(model="billing.alertrule", object_id=str(rule.pk)).exists()
    assert "≥ 25\u00a0min, for 2 min, not 22:00–06:00" in text(operator, "billing_alertrule_changelist")


def test_a_secret_goes_in_and_never_comes_out(operator: Client) -> None:
    assert add(operator, secret=SECRET) == ""
    made = AlertChannel.objects.get(name="Pager")
    assert credentials.decrypt(bytes(made.sealed)) == SECRET
    assert SECRET.encode() not in bytes(made.sealed)
    operator.post(reverse("admin:billing_alertchannel_change", args=[made.pk]), channel(name="Beeper"))
    made.refresh_from_db()
    assert (made.name, credentials.decrypt(bytes(made.sealed))) == ("Beeper", SECRET)
    shown = text(operator, "billing_alertchannel_change", made.pk) + text(
        operator, "billing_alertchannel_changelist"
    )
    trail = "".join(f"{row.said} {row.changes}" for row in TrailRow.objects.all())
    assert SECRET not in shown + trail
    assert SECRET.removeprefix("whsec_") not in shown + trail


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"secret": ""}, "enter a secret"),
        ({"secret": "hunter2"}, "24 to 64 bytes"),
        ({"secret": SECRET, "address": ""}, "Say where it goes"),
        ({"secret": SECRET, "address": "http://hooks.example"}, "begins with https://"),
        ({"secret": SECRET, "address": "https://10.0.0.1/x"}, "a private address"),
        (
            {"secret": SECRET, "address": "https://169.254.169.254/x", "private": "on"},
            "credentials of its machines",
        ),
        ({"kind": "mail", "secret": SECRET}, "mails go to people"),
    ],
    ids=str,
)
def test_a_channel_that_cannot_be_says_why(operator: Client, fields: dict[str, object], why: str) -> None:
    assert why in add(operator, **fields)
    assert not AlertChannel.objects.filter(name="Pager").exists()


def test_a_test_is_sent_and_its_log_can_be_read(operator: Client) -> None:
    made = mailing()
    address = reverse("admin:billing_alertchannel_test", args=[made.pk])
    assert operator.post(address, {"_form_submitted": "True"}).status_code == 302
    [delivery] = AlertDelivery.objects.all()
    assert (delivery.event, delivery.channel) == ("test", made)
    assert "Not tried yet" in text(operator, "billing_alertdelivery_change", delivery.pk)
    AlertDelivery.objects.update(
        status="failed", tries=1, log=[{"at": "2026-11-20T12:00:00+00:00", "said": "answered 500", "ms": 12}]
    )
    assert "answered 500" in text(operator, "billing_alertdelivery_change", delivery.pk)
    again = reverse("admin:billing_alertdelivery_again", args=[delivery.pk])
    shown = text(operator, "billing_alertdelivery_change", delivery.pk)
    assert '<td class="">answered 500</td><td class="n">12 ms</td>' in shown
    assert operator.post(again, {"_form_submitted": "True"}).status_code == 302
    delivery.refresh_from_db()
    assert delivery.status == "waiting"
    assert column(delivery, "about") == "a test"


def test_the_history_tells_what_was_measured_and_whom_it_was_told(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(monkeypatch)
    script.now = clock.now()
    mailing(script.rule)
    script.after(a=120)
    script.after(1, a=140)
    AlertDelivery.objects.update(status="sent", tries=1, sent_at=clock.now())
    shown = text(operator, "billing_alertfiring_changelist")
    assert "a is 120" in shown
    assert "On call" in shown
    [firing] = AlertFiring.objects.all()
    shown = text(operator, "billing_alertfiring_change", firing.pk)
    assert "140" in shown
    [delivery] = AlertDelivery.objects.all()
    way = reverse("admin:billing_alertdelivery_change", args=[delivery.pk])
    assert f'<a class="ref" href="{way}">On call</a>' in shown
    assert column(delivery, "about") == f"{firing} began"


def test_what_was_only_noticed_is_not_history(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, minutes=5)
    script.after(a=120)
    assert "a is 120" not in text(operator, "billing_alertfiring_changelist")


@pytest.mark.parametrize("page", ["alertfiring", "alertdelivery", "alertrule", "alertchannel"])
def test_lists_take_as_many_queries_for_many_as_for_one(
    operator: Client, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    script = Script(monkeypatch)
    mailing(script.rule)
    script.after(a=120)
    address = reverse(f"admin:billing_{page}_changelist")
    operator.get(address)
    with CaptureQueriesContext(connection) as one:
        operator.get(address)
    script.after(1, **{f"s{number}": 200.0 for number in range(8)})
    for number in range(3):
        mailing(script.rule, name=f"Another {number}")
    with CaptureQueriesContext(connection) as many:
        operator.get(address)
    assert len(many) == len(one)


def test_who_may_only_look_sends_nothing(client: Client) -> None:
    reader = User.objects.create_user("reader@tollway.example", "long-enough-4", is_staff=True)
    client.force_login(reader)
    made = mailing()
    assert client.post(reverse("admin:billing_alertchannel_test", args=[made.pk])).status_code in {302, 403}
    assert not AlertDelivery.objects.exists()
