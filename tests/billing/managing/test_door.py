"""Who is let in by a management token: by its scope, its maker's role and the workspace, and in which words not."""

import pytest

from accounts import management_tokens
from accounts.models import Member, Workspace
from tests.billing.managing.asking import Place, ask, furnished, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return furnished()


def refused(method: str, path: str, secret: str | None, **headers: str) -> tuple[int, str, str]:
    answer = ask(method, path, secret, {"name": "x"} if method == "POST" else None, **headers)
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


def test_a_token_that_may_only_read_changes_nothing(place: Place) -> None:
    _, secret = management_tokens.make(place.owner, name="reads", scope="read", expires_at=None)
    assert ask("GET", "/api/keys", secret).status_code == 200
    status, code, says = refused("POST", "/api/keys", secret)
    assert (status, code) == (403, "AUTHORIZATION_ERROR")
    assert says == "This token may only read: make one that may change too."
    assert ask("POST", "/api/keys", place.secret, {"name": "x"}).status_code == 201


def test_a_token_may_what_the_role_of_its_maker_may(place: Place) -> None:
    secret = token_of(place, Member.Role.DEVELOPER)
    assert ask("GET", "/api/keys", secret).status_code == 200
    status, code, says = refused("GET", "/api/ledger", secret)
    assert (status, code) == (403, "AUTHORIZATION_ERROR")
    assert says.startswith("The role developer does not let you ")


def test_a_workspace_that_is_suspended_is_told_nothing(place: Place) -> None:
    Workspace.objects.filter(pk=place.workspace.pk).update(status="suspended")
    assert refused("GET", "/api/workspace", place.secret) == (
        403,
        "WORKSPACE_SUSPENDED",
        "This workspace is suspended.",
    )


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer  ", "Basic rkm_x", "Bearer rkm_x", "rkm_x"])
def test_without_a_token_that_is_good_nobody_is_let_in(place: Place, sent: str) -> None:
    status, code, says = refused("GET", "/api/workspace", None, Authorization=sent)
    assert (status, code) == (401, "AUTHENTICATION_ERROR")
    assert "token" in says


def test_a_token_is_named_in_any_letters(place: Place) -> None:
    answer = ask("GET", "/api/workspace", None, Authorization=f"bEARER {place.secret}")
    assert answer.json()["slug"] == place.workspace.slug


def test_a_method_and_a_parameter_that_there_are_not_are_refused(place: Place) -> None:
    assert refused("DELETE", "/api/workspace", place.secret)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert refused("GET", "/api/workspace?modle=x", place.secret)[:2] == (400, "VALIDATION_ERROR")
    assert ask("HEAD", "/api/workspace", place.secret).status_code == 200
