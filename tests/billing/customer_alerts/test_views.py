"""The page Alerts: what members see, what some may change, a secret that is shown once, and nothing of another workspace."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Member, TrailRow, Workspace
from billing.customer_alerts import endpoints, rules
from billing.models import CustomerAlert, CustomerDelivery, CustomerEndpoint
from catalog import credentials
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.customer_alerts.watched import USD, alert, endpoint, key, look, place
from tests.billing.statements.used import minute_of
from tests.billing.test_views import read

pytestmark = pytest.mark.django_db

ONCE = "7f1e9a52-9d0c-4b0e-9f6a-3d1f5a1c2b3d"
PAGE = "/dashboard/alerts"


def as_role(workspace: Workspace, role: str = Member.Role.OWNER) -> Client:
    client = Client()
    client.force_login(person(workspace, role=role))
    return client


def secret_in(answer: Any) -> str:
    found = re.search(r'<code id="secret"[^>]*>(whsec_[A-Za-z0-9+/=]+)</code>', answer.content.decode())
    assert found is not None
    return found[1]


def told(workspace: Workspace) -> CustomerDelivery:
    endpoint(workspace, "https://hooks.example/token-in-path")
    alert(workspace, "balance", amount=5 * USD, by_mail=False)
    look(clock.now())
    return CustomerDelivery.objects.get(workspace=workspace)


@pytest.mark.parametrize(
    ("kind", "entered", "words"),
    [
        ("spend", {"amount": "49.5", "by_mail": "on"}, "Spend of the month reaches $49.50"),
        ("forecast", {"amount": "100"}, "Forecast of the month passes $100.00"),
        ("key", {"percent": "80"}, "Any key has used 80 % of its limit"),
        ("errors", {"percent": "10"}, "10 % of requests fail"),
        ("balance", {"amount": "0.000000001"}, "Balance falls below $0.000000001"),
    ],
    ids=["spend", "forecast", "key", "errors", "balance"],
)
def test_each_kind_is_added_with_what_was_entered(kind: str, entered: dict[str, str], words: str) -> None:
    workspace = place()
    client = as_role(workspace)
    asked = client.get(f"{PAGE}?kind={kind}")
    assert f'name="{"amount" if "amount" in entered else "percent"}"' in asked.content.decode()
    page = client.post(f"{PAGE}/new", {"kind": kind, **entered}, follow=True)
    assert f"“{words}” is on" in read(page)
    made = CustomerAlert.objects.get(workspace=workspace)
    assert (made.kind, made.by_mail, rules.words(made)) == (kind, "by_mail" in entered, words)


@pytest.mark.parametrize(
    ("spent", "kind", "first"),
    [
        (0, "spend", 'value="50.00"'),
        (0, "balance", 'value="5.00"'),
        (4 * USD, "spend", 'value="200.00"'),
        (4 * USD, "balance", 'value="20.00"'),
        (4 * USD, "key", 'value="80"'),
    ],
    ids=["unknown spend", "unknown balance", "spend", "balance", "key"],
)
def test_a_new_alert_suggests_what_fits_the_workspace(
    monkeypatch: pytest.MonkeyPatch, spent: int, kind: str, first: str
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 16, 12, tzinfo=UTC))
    workspace = place()
    for back in range(1, 15):
        rows.settle(workspace.pk, cost=spent, minute_no=minute_of(date(2026, 11, 16) - timedelta(days=back)))
    page = as_role(workspace).get(f"{PAGE}?kind={kind}").content.decode()
    assert first in page


def test_the_empty_page_says_what_to_do() -> None:
    workspace = place()
    assert "Add the first one below" in read(as_role(workspace).get(PAGE))
    assert "Owners, admins and billing add alerts" in read(as_role(workspace, "viewer").get(PAGE))


def test_an_alert_of_a_key_names_it() -> None:
    workspace, client = place(), None
    client = as_role(workspace)
    used = key(workspace)
    client.post(f"{PAGE}/new", {"kind": "key", "percent": "90", "key": str(used.pk)})
    assert CustomerAlert.objects.get(workspace=workspace).api_key == used
    assert "Key backend-prod has used 90 % of its limit" in read(client.get(PAGE))
    foreign = key(place(), "theirs")
    answer = client.post(f"{PAGE}/new", {"kind": "key", "percent": "90", "key": str(foreign.pk)})
    assert (answer.status_code, "theirs" in answer.content.decode()) == (400, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "spend", "amount": ""},
        {"kind": "spend", "amount": "0"},
        {"kind": "spend", "amount": "1.0000000001"},
        {"kind": "spend", "amount": "NaN"},
        {"kind": "errors", "percent": "101"},
        {"kind": "errors", "percent": "0"},
        {"kind": "errors", "percent": "ten"},
    ],
    ids=str,
)
def test_a_wrong_wish_is_refused_beside_its_field(wrong: dict[str, str]) -> None:
    workspace = place()
    answer = as_role(workspace).post(f"{PAGE}/new", wrong)
    assert (answer.status_code, 'class="wrong"' in answer.content.decode()) == (400, True)
    assert not CustomerAlert.objects.filter(workspace=workspace).exists()


def test_the_same_alert_twice_and_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = place()
    client = as_role(workspace)
    client.post(f"{PAGE}/new", {"kind": "spend", "amount": "5"})
    again = client.post(f"{PAGE}/new", {"kind": "spend", "amount": "5.00"})
    assert (again.status_code, "has this alert already" in again.content.decode()) == (400, True)
    for number in range(rules.MOST - 1):
        alert(workspace, "balance", amount=number + 1)
    more = client.post(f"{PAGE}/new", {"kind": "spend", "amount": "6"})
    assert (more.status_code, "Delete one first" in more.content.decode()) == (400, True)
    assert rules.known(workspace.pk).count() == rules.MOST


def test_an_alert_is_switched_and_taken_away_and_its_history_stays() -> None:
    workspace = place()
    client = as_role(workspace)
    made = told(workspace).firing
    assert made is not None
    path = f"{PAGE}/{made.alert_id}"
    assert "is off" in read(client.post(f"{path}/switch", follow=True))
    assert look(clock.now()) == 0
    assert "is on" in read(client.post(f"{path}/switch", follow=True))
    assert look(clock.now()) == 1  # nobody watched meanwhile: it is told anew
    asked = read(client.get(f"{path}/delete"))
    assert "Delete “Balance falls below $5.00”?" in asked
    assert "To pause it, switch it off." in asked
    assert rules.known(workspace.pk).count() == 1  # to ask is not to do
    assert "is gone" in read(client.post(f"{path}/delete", follow=True))
    page = read(client.get(PAGE))
    assert "No alert yet" in page
    assert "The balance is below $5.00" in page
    said = [row.said for row in TrailRow.objects.filter(workspace_id=workspace.pk).order_by("no")]
    assert [each.split()[0] for each in said] == ["Switched", "Switched", "Took"]
    assert "Balance falls below $5.00" in read(client.get("/dashboard/team/changes"))


def test_a_secret_is_shown_once_kept_sealed_and_renewed() -> None:
    workspace = place()
    client = as_role(workspace)
    wish = {"address": "https://hooks.example/x", "once": ONCE}
    secret = secret_in(client.post(f"{PAGE}/endpoints", wish))
    made = CustomerEndpoint.objects.get(workspace=workspace)
    assert credentials.decrypt(bytes(made.sealed)) == secret
    assert secret.encode() not in bytes(made.sealed)
    assert "was shown once" in read(client.post(f"{PAGE}/endpoints", wish, follow=True))
    another = secret_in(client.post(f"{PAGE}/endpoints/{made.pk}/renew", {"once": ONCE[:-1] + "e"}))
    assert another != secret
    page = client.get(PAGE).content.decode()
    trail = "".join(f"{row.said}{row.changes}" for row in TrailRow.objects.filter(workspace_id=workspace.pk))
    assert not [each for each in (secret, another) if each in page + trail]
    assert "The secret before signs as well" in page


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://hooks.example/x", "begins with https://"),
        ("https://10.0.0.1/x", "10.0.0.1 is a private address."),
        ("https://169.254.169.254/x", "credentials of its machines"),
        ("https://localhost/x", "within a private network."),
        ("https://a:b@hooks.example/", "no user and no password"),
        ("", "required"),
    ],
    ids=["http", "private", "metadata", "localhost", "password", "empty"],
)
def test_an_address_that_must_not_be_called_is_refused(address: str, why: str) -> None:
    workspace = place()
    answer = as_role(workspace).post(f"{PAGE}/endpoints", {"address": address, "once": ONCE})
    assert (answer.status_code, why in answer.content.decode()) == (400, True)
    assert "say so on its provider" not in answer.content.decode()
    assert not CustomerEndpoint.objects.filter(workspace=workspace).exists()


def test_endpoints_are_few_and_each_once() -> None:
    workspace = place()
    client = as_role(workspace)
    for number in range(endpoints.MOST - 1):
        endpoint(workspace, f"https://hooks.example/{number}")
    again = client.post(f"{PAGE}/endpoints", {"address": "https://hooks.example/0", "once": ONCE})
    assert "has this endpoint already" in again.content.decode()
    endpoint(workspace, "https://hooks.example/last")
    more = client.post(f"{PAGE}/endpoints", {"address": "https://hooks.example/more", "once": ONCE})
    assert (more.status_code, endpoints.known(workspace.pk).count()) == (400, endpoints.MOST)


def test_a_test_is_sent_and_its_log_can_be_read_and_repeated() -> None:
    workspace = place()
    client = as_role(workspace)
    made = endpoint(workspace, "https://hooks.example/x")
    page = client.post(f"{PAGE}/endpoints/{made.pk}/test", follow=True)
    assert "Not tried yet" in read(page)
    row = CustomerDelivery.objects.get(workspace=workspace)
    CustomerDelivery.objects.update(
        status="failed", tries=1, log=[{"at": "2026-11-20T12:00:00+00:00", "said": "answered 500", "ms": 12}]
    )
    shown = client.get(f"{PAGE}/messages/{row.pk}")
    assert "answered 500" in read(shown)
    assert "alert.test" in read(shown)
    assert "A test" in read(client.get(f"{PAGE}/messages"))
    assert "same id" in read(client.post(f"{PAGE}/messages/{row.pk}/again", follow=True))
    row.refresh_from_db()
    assert row.status == "waiting"
    assert "waits to be sent already" in read(client.post(f"{PAGE}/messages/{row.pk}/again", follow=True))


def test_who_deletes_a_webhook_is_asked_first() -> None:
    workspace = place()
    client, row = as_role(workspace), told(workspace)
    assert row.endpoint is not None
    path = f"{PAGE}/endpoints/{row.endpoint_id}/delete"
    asked = read(client.get(path))
    assert f"Delete the webhook at {row.endpoint.host}?" in asked
    assert endpoints.known(workspace.pk).filter(pk=row.endpoint.pk).exists()
    assert "Nothing more is posted there" in read(client.post(path, follow=True))
    assert not endpoints.known(workspace.pk).filter(pk=row.endpoint.pk).exists()


@pytest.mark.parametrize("role", ["viewer", "developer"])
def test_other_roles_see_what_was_told_and_no_whole_address(role: str) -> None:
    workspace = place()
    row = told(workspace)
    client = as_role(workspace, role)
    page = client.get(PAGE)
    assert "The balance is below $5.00" in read(page)
    assert "token-in-path" not in page.content.decode()
    assert '<form method="post" action="/dashboard/alerts' not in page.content.decode()
    assert client.get(f"{PAGE}/messages/{row.pk}").status_code == 403
    assert client.post(f"{PAGE}/new", {"kind": "spend", "amount": "5"}).status_code == 403


@pytest.mark.parametrize("role", ["owner", "admin", "billing"])
def test_these_roles_may_change_alerts(role: str) -> None:
    workspace = place()
    assert as_role(workspace, role).post(f"{PAGE}/new", {"kind": "spend", "amount": "5"}).status_code == 302


def test_nothing_of_another_workspace_is_there() -> None:
    workspace, stranger = place(), as_role(place())
    row = told(workspace)
    assert row.firing is not None
    assert row.endpoint is not None
    owned, place_ = f"{PAGE}/{row.firing.alert_id}", f"{PAGE}/endpoints/{row.endpoint_id}"
    posts = [f"{owned}/switch", f"{owned}/delete", f"{PAGE}/messages/{row.pk}/again"]
    posts += [f"{place_}/{what}" for what in ("test", "renew", "switch", "delete")]
    posts += [f"{PAGE}/{2**70}/switch", f"{PAGE}/endpoints/{2**70}/delete"]
    answers = {path: stranger.post(path, {"once": ONCE}).status_code for path in posts}
    assert set(answers.values()) == {404}
    assert stranger.get(f"{PAGE}/messages/{row.pk}").status_code == 404
    for page in (PAGE, f"{PAGE}/messages"):
        assert "hooks.example" not in stranger.get(page).content.decode()
        assert "below $5.00" not in stranger.get(page).content.decode()
    made = CustomerEndpoint.objects.get(pk=row.endpoint.pk)
    assert (made.removed_at, made.renewed_at, made.active) == (None, None, True)


def test_what_changes_takes_posts_only() -> None:
    workspace = place()
    row = told(workspace)
    client = as_role(workspace)
    assert row.firing is not None
    for path in (
        f"{PAGE}/new",
        f"{PAGE}/{row.firing.alert_id}/switch",
        f"{PAGE}/endpoints/{row.endpoint_id}/test",
    ):
        assert client.get(path).status_code == 405


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/messages"], ids=["page", "messages"])
def test_pages_take_as_many_queries_for_many_as_for_one(path: str) -> None:
    workspace = place()
    client = as_role(workspace)
    told(workspace)
    client.get(path)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    for number in range(4):
        alert(workspace, "balance", amount=6 * USD + number)
        endpoint(workspace, f"https://hooks.example/{number}")
    look(clock.now())
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(one)
