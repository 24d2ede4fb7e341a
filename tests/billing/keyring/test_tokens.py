"""The page Management tokens: who sees it, that a token is shown once, and that it ends."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts import management_tokens
from accounts.models import ManagementToken, Member
from tests.accounts.rows import person
from tests.billing.keyring.test_views import ONCE, as_role, place
from tests.billing.test_views import read

pytestmark = pytest.mark.django_db

FORM = {"name": "nightly-report", "scope": "read", "once": ONCE}


def shown(answer: Any) -> str:
    found = re.search(r'<code id="secret"[^>]*>(rkm_[0-9a-f]{64})</code>', answer.content.decode())
    assert found is not None
    return found[1]


def test_a_new_token_is_shown_once_and_works() -> None:
    workspace = place()
    client = as_role(workspace)
    secret = shown(client.post("/dashboard/tokens", {**FORM, "last_day": "2099-12-31"}))
    found = management_tokens.find(secret)
    assert found is not None
    assert (found[0].name, found[0].scope, found[1].workspace) == ("nightly-report", "read", workspace)
    assert f"{found[0].expires_at:%Y-%m-%d %H:%M}" == "2100-01-01 00:00"
    page = client.get("/dashboard/tokens")
    assert secret not in page.content.decode()
    for words in ("nightly-report", "Read only", "Never", "Active"):
        assert words in read(page)


def test_loading_the_answer_again_makes_no_second_token() -> None:
    workspace = place()
    client = as_role(workspace)
    client.post("/dashboard/tokens", FORM)
    again = client.post("/dashboard/tokens", FORM, follow=True)
    assert "was shown once and cannot be shown again" in read(again)
    assert ManagementToken.objects.filter(workspace=workspace).count() == 1


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "a\x07"}, {"scope": "all"}, {"last_day": "2020-01-01"}], ids=str
)
def test_a_wrong_wish_is_refused_beside_its_field(wrong: dict[str, str]) -> None:
    workspace = place()
    answer = as_role(workspace).post("/dashboard/tokens", {**FORM, **wrong})
    assert (answer.status_code, 'class="wrong"' in answer.content.decode()) == (400, True)
    assert not ManagementToken.objects.filter(workspace=workspace).exists()


def test_a_token_is_revoked_from_its_page() -> None:
    workspace = place()
    client = as_role(workspace)
    secret = shown(client.post("/dashboard/tokens", FORM))
    path = f"/dashboard/tokens/{ManagementToken.objects.get(workspace=workspace).pk}/revoke"
    assert "cannot be undone" in read(client.get(path))
    assert "nightly-report is revoked" in read(client.post(path, follow=True))
    assert management_tokens.find(secret) is None


@pytest.mark.parametrize("role", [Member.Role.BILLING, Member.Role.DEVELOPER, Member.Role.VIEWER])
def test_other_roles_see_no_tokens_and_no_way_there(role: str) -> None:
    client = as_role(place(), role)
    assert client.get("/dashboard/tokens").status_code == 403
    assert client.post("/dashboard/tokens", FORM).status_code == 403
    assert "/dashboard/tokens" not in client.get("/dashboard/keys").content.decode()


def test_admins_find_the_way_from_the_keys() -> None:
    page = as_role(place(), Member.Role.ADMIN).get("/dashboard/keys").content.decode()
    assert 'href="/dashboard/tokens"' in page


def test_a_token_of_another_workspace_is_not_there() -> None:
    workspace, other = place(), place()
    client = Client()
    client.force_login(person(workspace, role=Member.Role.OWNER))
    client.post("/dashboard/tokens", FORM)
    token = ManagementToken.objects.get(workspace=workspace)
    stranger = as_role(other)
    path = f"/dashboard/tokens/{token.pk}/revoke"
    assert [stranger.get(path).status_code, stranger.post(path).status_code] == [404, 404]
    token.refresh_from_db()
    assert token.revoked_at is None
    assert stranger.get(f"/dashboard/tokens/{2**70}/revoke").status_code == 404
