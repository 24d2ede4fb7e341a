"""What operators show before the admin opens: a second factor, an address of theirs, and a fresh proof for what matters."""

import time
from ipaddress import ip_network
from typing import Any
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from billing.models import Account
from config import demo_people, env
from config.admin_guard import SENSITIVE, SENSITIVE_FORMS
from config.management.commands import up
from config.supervisor.state import UpError
from tests.operator.test_money import _move

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password-of-theirs"
PAGES = (
    "admin:index",
    "admin:accounts_workspace_changelist",
    "admin:billing_account_changelist",
    "admin:desk",
)


@pytest.fixture(autouse=True)
def asked_for(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture
def staff() -> User:
    return User.objects.create_superuser("staff@example.com", PASSWORD)


def _code(secret: str) -> str:
    present = next(totp.yield_hotp_counters_from_time())
    return str(totp.format_hotp_value(totp.hotp_value(secret, present)))


def _sign_in(client: Client, **more: Any) -> Any:
    sent = {"login": "staff@example.com", "password": PASSWORD, **more}
    return client.post(reverse("account_login"), sent)


def test_nobody_opens_a_page_before_a_second_factor_is_set_up(client: Client, staff: User) -> None:
    _sign_in(client)
    for page in PAGES:
        answer = client.get(reverse(page))
        assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_activate_totp"))


def test_one_is_set_up_and_the_way_is_open_until_it_is_taken_away(
    client: Client, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No test commits; what is to follow the commit follows at once, within its request as it does outside of tests.
    monkeypatch.setattr("django.db.transaction.on_commit", lambda call, **_: call())
    _sign_in(client)
    _enrol(client)
    assert Authenticator.objects.filter(user=staff, type="recovery_codes").exists()
    assert client.get(reverse("admin:index")).status_code == 200
    client.post(reverse("mfa_deactivate_totp"))
    assert client.get(reverse("admin:index"))["Location"] == reverse("mfa_activate_totp")


def _enrol(client: Client) -> None:
    shown = client.get(reverse("mfa_activate_totp"))
    if shown.status_code == 302:  # it asks for the password again
        client.post(shown["Location"], {"password": PASSWORD})
        shown = client.get(reverse("mfa_activate_totp"))
    secret: str = shown.context["form"].secret
    answer = client.post(reverse("mfa_activate_totp"), {"code": _code(secret)})
    assert answer.status_code == 302


def test_signing_in_asks_for_it_and_takes_a_recovery_code_once(client: Client, staff: User) -> None:
    _sign_in(client)
    _enrol(client)
    codes = Authenticator.objects.get(user=staff, type="recovery_codes").wrap().get_unused_codes()
    for place, opened in ((Client(), True), (Client(), False)):
        assert _sign_in(place)["Location"] == reverse("mfa_authenticate")
        assert place.get(reverse("admin:index"))["Location"].startswith("/admin/login/")
        place.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert (place.get(reverse("admin:index")).status_code == 200) is opened


def test_a_session_that_showed_none_is_led_to_show_it(client: Client, staff: User) -> None:
    Authenticator.objects.create(user=staff, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(staff)
    answer = client.get(reverse("admin:billing_account_changelist"))
    assert answer["Location"] == f"{reverse('mfa_reauthenticate')}?next=%2Fadmin%2Fbilling%2Faccount%2F"


def test_the_admins_own_sign_in_is_the_sites(client: Client) -> None:
    answer = client.get("/admin/login/?next=/admin/desk/")
    assert unquote(answer["Location"]) == "/accounts/login/?next=/admin/desk/"
    assert (
        client.post("/admin/login/", {"username": "staff@example.com", "password": PASSWORD}).status_code
        == 302
    )
    assert "_auth_user_id" not in client.session


def _shown(client: Client, person: User, *, seconds_ago: float) -> None:
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time() - seconds_ago}]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


@pytest.mark.parametrize(("seconds_ago", "moved"), [(14 * 60, True), (16 * 60, False)])
def test_money_moves_only_soon_after_a_proof(
    client: Client, staff: User, seconds_ago: float, moved: bool
) -> None:
    _shown(client, staff, seconds_ago=seconds_ago)
    workspace = Workspace.objects.get()
    page = reverse("admin:billing_account_change", args=[workspace.pk])
    told = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}
    answer = client.post(reverse("admin:billing_account_move", args=[workspace.pk]), _move(), headers=told)
    assert (Account.objects.get().posted > 100_000_000_000) is moved
    if not moved:
        assert unquote(answer["HX-Redirect"]) == f"{reverse('mfa_reauthenticate')}?next={page}"
        assert client.get(page).status_code == 200  # what is only read stays open


def test_rights_are_saved_only_soon_after_a_proof(client: Client, staff: User) -> None:
    _shown(client, staff, seconds_ago=3600)
    assert client.get(reverse("admin:auth_group_add")).status_code == 200
    assert "reauthenticate" in client.post(reverse("admin:auth_group_add"), {"name": "X"})["Location"]


def test_what_is_called_sensitive_exists() -> None:
    known = {pattern.name for page in admin.site._registry.values() for pattern in page.get_urls()}
    assert known >= SENSITIVE | SENSITIVE_FORMS


def test_the_admin_is_nowhere_for_addresses_that_are_not_the_operators(
    client: Client, staff: User, settings: Any
) -> None:
    settings.STAFF_NETWORKS = [ip_network("203.0.113.0/24"), ip_network("2001:db8::/32")]
    _shown(client, staff, seconds_ago=1)
    for address, status in (("203.0.113.9", 200), ("2001:db8::1", 200), ("198.51.100.1", 404), ("", 404)):
        assert client.get(reverse("admin:index"), REMOTE_ADDR=address).status_code == status
    assert client.get("/admin/login/", REMOTE_ADDR="198.51.100.1").status_code == 404


def test_it_is_let_go_on_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(env.SECOND_FACTOR, "no")
    assert env.second_factor(["localhost", "127.0.0.1", "[::1]"]) is False
    with pytest.raises(ImproperlyConfigured, match="example"):
        env.second_factor(["localhost", "tollway.example"])
    with pytest.raises(UpError):
        up._second_factor("0.0.0.0")
    monkeypatch.delenv(env.SECOND_FACTOR)
    assert env.second_factor(["tollway.example"]) is True
    assert up._second_factor("0.0.0.0") == "yes"


def test_a_demo_operator_needs_none(client: Client, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(User.objects.get(email=demo_people.OPERATOR))
    assert client.get(reverse("admin:index")).status_code == 200
