"""How long sessions last, and what ends them: time, a new password, new rights, and whoever ends them all."""

import time

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts import signins
from accounts.models import SignIn, TrailRow, User
from config import demo_people

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password-of-theirs"


def _signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _later(client: Client, *, idle: float = 0, begun: float = 0) -> None:
    session = client.session
    session["seen"] = time.time() - idle
    session["begun"] = time.time() - begun
    session.save()


def _stands(client: Client, page: str) -> bool:
    return client.get(page).status_code == 200


@pytest.mark.parametrize(
    ("idle", "begun", "stands"),
    [(29 * 60, 0, True), (31 * 60, 0, False), (0, 11.9 * 3600, True), (0, 12.1 * 3600, False)],
)
def test_an_operators_ends_when_idle_and_after_half_a_day(idle: float, begun: float, stands: bool) -> None:
    client = _signed_in(User.objects.get(email=demo_people.OPERATOR))
    _later(client, idle=idle, begun=max(idle, begun))
    assert _stands(client, reverse("admin:index")) is stands
    if not stands:
        assert "_auth_user_id" not in client.session


def test_an_operators_goes_on_while_it_is_used() -> None:
    client = _signed_in(User.objects.get(email=demo_people.OPERATOR))
    _later(client, idle=20 * 60, begun=3600)
    _stands(client, reverse("admin:index"))
    assert time.time() - client.session["seen"] < 60


@pytest.mark.parametrize(("days", "stands"), [(13.9, True), (14.1, False)])
def test_a_customers_ends_after_two_weeks_and_not_when_idle(days: float, stands: bool) -> None:
    client = _signed_in(User.objects.get(email=demo_people.CUSTOMER))
    _later(client, idle=days * 86_400, begun=days * 86_400)
    assert _stands(client, "/dashboard/") is stands


def test_signing_in_gives_the_session_a_new_name() -> None:
    User.objects.create_user("who@example.com", PASSWORD)
    client = Client()
    client.get(reverse("account_login"))
    session = client.session
    session["left"] = "by a stranger"
    session.save()
    client.cookies["sessionid"] = str(session.session_key)
    before = session.session_key
    client.post(reverse("account_login"), {"login": "who@example.com", "password": PASSWORD})
    assert client.session["_auth_user_id"]
    assert client.session.session_key != before


def test_a_new_password_ends_the_others() -> None:
    person = User.objects.get(email=demo_people.OPERATOR)
    first, second = _signed_in(person), _signed_in(person)
    new = {"usable_password": "true", "password1": "another-long-5", "password2": "another-long-5"}
    first.post(reverse("admin:auth_user_password_change", args=[person.pk]), new)
    assert _stands(first, reverse("admin:index"))
    assert not _stands(second, reverse("admin:index"))


def test_new_rights_and_a_deactivation_end_all_of_a_person(operator: Client) -> None:
    person = User.objects.create_user("who@example.com", PASSWORD, is_staff=True)
    page = reverse("admin:accounts_user_change", args=[person.pk])
    for change in ({"groups": Group.objects.get(name="Read-only").pk}, {}):
        browser = _signed_in(person)
        assert _stands(browser, reverse("admin:index"))
        sent = {"email": person.email, "name": "", "is_active": "on", "is_staff": "on", **change}
        assert operator.post(page, sent).status_code == 302
        assert not _stands(browser, reverse("admin:index"))
        person.refresh_from_db()


def test_a_change_of_the_name_ends_none(operator: Client) -> None:
    person = User.objects.get(email=demo_people.CUSTOMER)
    browser = _signed_in(person)
    sent = {"email": person.email, "name": "Renamed", "is_active": "on"}
    assert operator.post(reverse("admin:accounts_user_change", args=[person.pk]), sent).status_code == 302
    assert _stands(browser, "/dashboard/")


def test_an_operator_signs_somebody_out_everywhere(operator: Client) -> None:
    person = User.objects.get(email=demo_people.CUSTOMER)
    browsers = [_signed_in(person), _signed_in(person)]
    signins.begin(person)
    asked = {"_form_submitted": "on", "reason": "A stolen laptop."}
    operator.post(reverse("admin:accounts_user_sign_out", args=[person.pk]), asked)
    assert [_stands(browser, "/dashboard/") for browser in browsers] == [False, False]
    assert SignIn.objects.get(person=person).ended_at is not None
    row = TrailRow.objects.latest("no")
    assert (row.reason, row.changes["session_number"]) == ("A stolen laptop.", ["0", "1"])
    assert _stands(_signed_in(User.objects.get(pk=person.pk)), "/dashboard/")


def test_a_lost_session_is_of_no_use_once_it_was_signed_out() -> None:
    browser = _signed_in(User.objects.get(email=demo_people.OPERATOR))
    stolen = Client()
    stolen.cookies["sessionid"] = browser.cookies["sessionid"].value
    assert _stands(stolen, reverse("admin:index"))
    browser.post(reverse("account_logout"))
    assert not _stands(stolen, reverse("admin:index"))
