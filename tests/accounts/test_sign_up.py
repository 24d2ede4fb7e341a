"""Signing up and in: a proven address first, the same answer to everybody, bounded tries, and what is told of it."""

import re
import secrets
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from accounts import inviting, signins
from accounts.models import Farewell, Member, SignIn, TrailRow, User
from tests.accounts.rows import PASSWORD, person, workspace
from tests.accounts.test_members import seated

pytestmark = pytest.mark.django_db

SIGN_UP, CODE, IN = "/accounts/signup/", "/accounts/confirm-email/", "/accounts/login/"
NEW = "a long road to drive"


def visitor() -> Client:
    """Return a browser at an address of its own: tries are counted by address."""
    return Client(REMOTE_ADDR=f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1")


def address() -> str:
    return f"{secrets.token_hex(6)}@example.com"


def code() -> str:
    found = re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found is not None, mail.outbox[-1].body
    return found[0]


def sign_in(client: Client, who: User) -> Any:
    return client.post(IN, {"login": who.email, "password": PASSWORD})


@pytest.fixture(autouse=True)
def opened(settings: LazySettings) -> None:
    settings.SIGN_UP = True


def test_signing_up_takes_the_code_of_the_mail_before_anything_opens() -> None:
    client, email = visitor(), address()
    answer = client.post(SIGN_UP, {"email": email, "password1": NEW}, follow=True)
    assert answer.redirect_chain[-1][0] == CODE
    assert client.get("/dashboard/").status_code == 302
    assert mail.outbox[-1].to == [email]
    assert "Tollway" in mail.outbox[-1].subject
    assert client.post(CODE, {"code": "AAAA-AAAA"}).status_code == 200
    answer = client.post(CODE, {"code": code()}, follow=True)
    assert answer.redirect_chain[-1][0] == "/dashboard/"
    assert "belong to no workspace" in answer.content.decode()
    assert EmailAddress.objects.get(email=email).verified
    assert TrailRow.objects.filter(actor=email, said="Made an account.").exists()


def test_signing_up_answers_alike_whether_the_address_is_known() -> None:
    known = person()
    EmailAddress.objects.create(user=known, email=known.email, verified=True, primary=True)
    pages = []
    for email in (known.email, address()):
        answer = visitor().post(SIGN_UP, {"email": email, "password1": NEW}, follow=True)
        pages.append((answer.redirect_chain, _plain(answer.content.decode(), email)))
    assert pages[0] == pages[1]
    assert [letter.subject for letter in mail.outbox] == [
        "You have an account at Tollway already",
        "Your code for Tollway",
    ]


def test_a_new_password_is_asked_for_alike_whether_the_address_is_known() -> None:
    known = person()
    pages = []
    for email in (known.email, address()):
        answer = visitor().post("/accounts/password/reset/", {"email": email}, follow=True)
        pages.append((answer.redirect_chain, _plain(answer.content.decode(), email)))
    assert pages[0] == pages[1]
    assert [letter.to for letter in mail.outbox] == [[known.email]]


def test_signing_up_is_closed_but_to_the_invited(settings: LazySettings) -> None:
    settings.SIGN_UP = False
    assert "Sign-up is closed" in visitor().get(SIGN_UP).content.decode()
    email, client = address(), visitor()
    invitation = inviting.invite(seated(workspace()), email, "developer")
    path = f"/invitations/{inviting.token(invitation)}"
    client.get(path)
    wrong = client.post(SIGN_UP, {"email": address(), "password1": NEW})
    assert "address that was invited" in wrong.content.decode()
    # The link proved the address: no code is asked for.
    answer = client.post(SIGN_UP, {"email": email, "password1": NEW, "next": path}, follow=True)
    assert answer.redirect_chain[-1][0] == path
    client.post(path)
    assert Member.objects.get(user__email=email).workspace_id == invitation.workspace_id


def test_signing_in_is_bounded_by_address_and_the_bound_is_told_alike() -> None:
    who = person()
    for email in (who.email, address()):
        client = visitor()
        texts = [client.post(IN, {"login": email, "password": "wrong"}).content.decode() for _ in range(6)]
        assert ["Too many failed tries" in text for text in texts] == [False] * 5 + [True]


def test_a_second_factor_is_asked_for_and_recovery_codes_work_once() -> None:
    who = person()
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(who, secret)
    spare = RecoveryCodes.activate(who).get_unused_codes()[0]
    client = visitor()
    assert sign_in(client, who)["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/dashboard/").status_code == 302
    assert client.post("/accounts/2fa/authenticate/", {"code": spare})["Location"] == "/dashboard/"
    again = visitor()
    sign_in(again, who)
    assert again.post("/accounts/2fa/authenticate/", {"code": spare}).status_code == 200
    assert secret not in str(Authenticator.objects.filter(user=who).values_list("data", flat=True))


def test_sessions_are_listed_and_ended_one_by_one_and_all_others() -> None:
    who = person()
    one, two, three = visitor(), visitor(), visitor()
    for client in (one, two, three):
        assert sign_in(client, who).status_code == 302
    tokens = signins.begin(who)
    assert one.get("/accounts/sessions/").content.decode().count('name="end" value="') == 4
    row = UserSession.objects.get(session_key=two.session.session_key)
    one.post("/accounts/sessions/", {"end": f"b{row.pk}"})
    assert _is_in(one, two, three) == [True, False, True]
    one.post("/accounts/sessions/", {"end": "others"})
    assert _is_in(one, two, three) == [True, False, False]
    with pytest.raises(signins.Refused):
        signins.renew(tokens.refresh)
    assert one.get("/accounts/sessions/").content.decode().count('name="end" value="') == 1


def test_sessions_of_others_cannot_be_ended() -> None:
    victim, thief = person(), person()
    theirs, mine = visitor(), visitor()
    sign_in(theirs, victim)
    sign_in(mine, thief)
    signins.begin(victim)
    session, token = UserSession.objects.get(user=victim), SignIn.objects.get(person=victim)
    for key in (f"b{session.pk}", f"t{token.pk}", "t", "b", "", "x"):
        mine.post("/accounts/sessions/", {"end": key})
    assert _is_in(theirs) == [True]
    assert SignIn.objects.get(pk=token.pk).ended_at is None


def test_a_person_changes_their_name_and_nothing_else_of_themselves() -> None:
    """T10: what else is sent changes nothing."""
    who = person()
    client = visitor()
    client.force_login(who)
    before = User.objects.values().get(pk=who.pk)
    client.post(
        "/accounts/profile/", {"name": "Ann", "is_staff": "1", "is_superuser": "1", "email": "x@example.com"}
    )
    after = User.objects.values().get(pk=who.pk)
    assert after == before | {"name": "Ann"}


def test_an_account_is_deleted_after_a_wait_unless_it_is_kept() -> None:
    who = person()
    client = visitor()
    client.force_login(who)
    assert client.post("/accounts/delete/", {"typed": who.email})["Location"].startswith("/accounts/reauth")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.post("/accounts/delete/", {"typed": "x"}).status_code == 400
    client.post("/accounts/delete/", {"typed": who.email})
    assert "Keep my account" in client.get("/accounts/profile/").content.decode()
    client.post("/accounts/keep/")
    assert Farewell.objects.get(person=who).ended_by == Farewell.End.UNDONE


def _is_in(*clients: Client) -> list[bool]:
    return [client.get("/accounts/profile/").status_code == 200 for client in clients]


def _plain(page: str, email: str) -> str:
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", page).replace(email, "")
