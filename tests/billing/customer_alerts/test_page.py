"""What the page Alerts is made of: few of what is many, mails before webhooks, and what is suggested."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import rates
from accounts.models import Member, TrailRow, Workspace
from billing.customer_alerts import deliveries, endpoints, rules, suggestions, tasks
from billing.customer_alerts.forms import AlertForm
from billing.customer_alerts.page import page
from billing.customer_alerts.rules import Wish
from billing.models import CustomerDelivery, CustomerFiring
from kernel import clock, ids
from tests.billing.customer_alerts.watched import USD, alert, endpoint, look, place
from tests.billing.test_views import read

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
PAGE = "/dashboard/alerts"


def owner(workspace: Workspace) -> Member:
    return Member.objects.select_related("user", "workspace").get(workspace=workspace)


def test_the_newest_twenty_that_were_told_are_listed_mails_before_webhooks() -> None:
    workspace = place()
    low = alert(workspace, "balance", amount=USD)
    for number in range(endpoints.MOST):
        endpoint(workspace, f"https://hooks.example/{number}")
    look(clock.now())
    CustomerFiring.objects.bulk_create(
        CustomerFiring(
            id=ids.request_id(), workspace=workspace, alert=low, cycle=f"old {number}", title=f"Number {number}",
            detail="d", url="/", value=1, fired_at=NOON + timedelta(minutes=number),
        )
        for number in range(20)
    )  # fmt: skip
    shown = page(owner(workspace))
    titles = [told.firing.title for told in shown.history]
    assert titles == ["The balance is below $1.00", *(f"Number {number}" for number in range(19, 0, -1))]
    assert [each.goes_to for each in shown.history[0].messages] == ["E-mail", *["hooks.example"] * 5]
    assert (shown.full, shown.places_full) == (False, True)


def test_messages_are_listed_fifty_on_a_page() -> None:
    workspace, client = place(), Client()
    client.force_login(owner(workspace).user)
    made = endpoint(workspace, "https://hooks.example/x")
    for number in range(51):
        CustomerDelivery.objects.create(
            id=ids.request_id(), workspace=workspace, endpoint=made, body='{"data":{"title":"Grüße"}}', due_at=NOON,
            made_at=NOON + timedelta(minutes=number), status="failed", tries=1,
            log=[{"at": "2026-11-20T12:34:56+00:00", "said": "answered 500", "ms": 12}],
        )  # fmt: skip
    first, second, none = (client.get(f"{PAGE}/messages?page={number}").context for number in (1, 2, 9999))
    assert [len(each["messages_sent"]) for each in (first, second, none)] == [50, 1, 0]
    assert [(each["newer"], each["older"]) for each in (first, second)] == [(0, 2), (1, None)]
    for wrong in ("0", "10000", "x", "-1"):
        assert client.get(f"{PAGE}/messages?page={wrong}").status_code == 404
    shown = read(client.get(f"{PAGE}/messages/{second['messages_sent'][0].row.pk}"))
    assert "2026-11-20 12:34:56" in shown
    assert "Grüße" in shown


def test_tests_and_repeats_are_few_in_a_minute_and_say_so() -> None:
    workspace, client = place(), Client()
    client.force_login(owner(workspace).user)
    made = endpoint(workspace, "https://hooks.example/x")
    for _ in range(5):
        answer = client.post(f"{PAGE}/endpoints/{made.pk}/test")
        row = CustomerDelivery.objects.latest("made_at")
        assert answer["Location"] == f"{PAGE}/messages/{row.pk}"
    answer = client.post(f"{PAGE}/endpoints/{made.pk}/test")
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert CustomerDelivery.objects.filter(workspace=workspace).count() == 5
    assert "That was often." in read(client.get(PAGE))


def test_what_is_done_stands_in_the_trail_and_whoever_adds_at_the_same_time_waits() -> None:
    workspace = place()
    by = owner(workspace)
    with CaptureQueriesContext(connection) as queries:
        low = rules.add(by, Wish("balance", USD, None, None, by_mail=True))
        made, _ = endpoints.add(by, "https://hooks.example/x")
    locks = [each["sql"] for each in queries if "FOR NO KEY UPDATE" in each["sql"]]
    assert len([sql for sql in locks if 'FROM "accounts_workspace"' in sql]) == 2
    endpoints.switch(by, made, on=False)
    deliveries.test(by, made)
    rules.switch(by, low, on=False)
    said = TrailRow.objects.filter(workspace_id=workspace.pk).order_by("no").values_list("said", flat=True)
    assert list(said) == [
        "Added the alert “Balance falls below $1.00”.",
        "Added the endpoint at hooks.example. Its secret was shown once.",
        "Switched the endpoint at hooks.example off.",
        "Sent a test to hooks.example.",
        "Switched the alert “Balance falls below $1.00” off.",
    ]


def test_endpoints_are_added_ten_times_a_minute_at_most() -> None:
    by = owner(place())
    for number in range(10):
        made, _ = endpoints.add(by, f"https://hooks.example/{number}")
        endpoints.remove(by, made)
    with pytest.raises(rates.TooOften):
        endpoints.add(by, "https://hooks.example/more")


def test_a_round_amount_above_is_suggested() -> None:
    told = {
        usd: suggestions.rounded_up(usd * USD // 100) // USD
        for usd in (0, 99, 100, 200, 499, 500, 1_000, 4_999)
    }
    assert told == {0: 1, 99: 1, 100: 2, 200: 5, 499: 5, 500: 10, 1_000: 20, 4_999: 50}
    assert suggestions.suggested(place(), "forecast") == 100 * USD


def test_an_alert_of_a_key_asks_for_its_share_its_key_and_mails_in_this_order() -> None:
    assert list(AlertForm(kind="key", keys=[]).fields) == ["percent", "key", "by_mail"]


def test_workers_send_what_is_due_and_forget_what_is_old(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    workspace = place()
    alert(workspace, "balance", amount=USD)
    look(clock.now() - timedelta(days=91))
    assert tasks.send_customer_alerts() == 1
    assert tasks.forget_customer_alerts() == 1
