"""Passes: what a page's script calls /v1 with, for as long as the person is signed in to the site."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from accounts import passes, tokens
from accounts.models import Member, SignIn
from kernel import clock
from tests.accounts.rows import person, workspace

pytestmark = pytest.mark.django_db


def test_a_pass_is_an_access_token_for_that_workspace_and_a_quarter_of_an_hour() -> None:
    mine, other = workspace(), workspace()
    who = person(mine, other)
    said = tokens.read_access(passes.issue(SessionStore(), who, other))
    assert said is not None
    assert (said.person_id, said.workspace_id) == (who.pk, other.pk)
    row = SignIn.objects.get(pk=said.sign_in)
    assert timedelta(minutes=14) < row.expires_at - clock.now() <= timedelta(minutes=15)


def test_a_session_has_one_pass_that_goes_on() -> None:
    mine = workspace()
    who, session = person(mine), SessionStore()
    first, second = (passes.issue(session, who, mine) for _ in range(2))
    assert first != second
    assert SignIn.objects.filter(person=who, ended_at=None).count() == 1


@pytest.mark.parametrize("change", ["workspace", "password", "time"])
def test_another_workspace_another_password_or_its_end_make_a_new_pass(change: str) -> None:
    mine, other = workspace(), workspace()
    who, session = person(mine, other), SessionStore()
    passes.issue(session, who, mine)
    if change == "password":
        who.set_password("another long road")
        who.save()
    if change == "time":
        SignIn.objects.filter(person=who).update(expires_at=clock.now() - timedelta(seconds=1))
    passes.issue(session, who, other if change == "workspace" else mine)
    assert SignIn.objects.filter(person=who).count() == 2
    assert SignIn.objects.filter(person=who, ended_at=None).count() == 1


def test_signing_out_ends_the_pass() -> None:
    mine = workspace()
    who, client = person(mine, role=Member.Role.DEVELOPER), Client()
    client.force_login(who)
    token = client.post("/dashboard/playground/pass").json()["token"]
    said = tokens.read_access(token)
    assert said is not None
    assert SignIn.objects.get(pk=said.sign_in).ended_at is None
    client.post("/accounts/logout/")
    assert SignIn.objects.get(pk=said.sign_in).ended_at is not None
