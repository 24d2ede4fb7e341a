"""Which routes an inference key opens beside a management token, and what it is when both are sent."""

import pytest

from accounts import keys
from accounts.models import ApiKey, Workspace
from billing.managing import key_door
from tests.billing.managing.asking import Place, ask, furnished

pytestmark = pytest.mark.django_db

PATH = "/api/ai/credits"


@pytest.fixture
def place() -> Place:
    return furnished()


@pytest.fixture
def secret(place: Place) -> str:
    _, secret = keys.mint(place.workspace, name="asks")
    return secret


def test_a_key_and_a_token_are_told_the_same(place: Place, secret: str) -> None:
    told = ask("GET", PATH, place.secret).json()
    assert told["usage"] == 7e-9
    assert ask("GET", PATH, secret).json() == told
    assert ask("GET", PATH, None, **{"X-API-Key": secret}).json() == told
    assert ask("GET", PATH, secret, **{"X-API-Key": secret}).json() == told
    assert ask("GET", PATH, None, Authorization=f"bearer {secret}").json() == told


def test_two_credentials_that_differ_are_refused(place: Place, secret: str) -> None:
    _, other = keys.mint(place.workspace, name="other")
    for bearer in (other, place.secret):
        answer = ask("GET", PATH, bearer, **{"X-API-Key": secret})
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
        assert answer.json()["detail"].startswith("Authorization: ")
    basic = ask("GET", PATH, None, Authorization="Basic eDp5", **{"X-API-Key": secret})
    assert basic.status_code == 200


def test_a_key_that_is_not_good_is_refused(place: Place, secret: str) -> None:
    ApiKey.objects.filter(name="asks").delete()
    for sent in (secret, "rk_x"):
        answer = ask("GET", PATH, sent)
        assert (answer.status_code, answer.json()["detail"]) == (401, "The API key is not valid.")
    assert ask("GET", PATH, None).status_code == 401
    assert ask("GET", PATH, None, **{"X-API-Key": ""}).status_code == 401


def test_a_key_of_a_workspace_that_is_suspended_is_told_nothing(place: Place, secret: str) -> None:
    Workspace.objects.filter(pk=place.workspace.pk).update(status="suspended")
    answer = ask("GET", PATH, secret)
    assert (answer.status_code, answer.json()["code"]) == (403, "WORKSPACE_SUSPENDED")


def test_a_key_asks_so_often_a_minute(place: Place, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_door, "ASKED_A_MINUTE", 2)
    answers = [ask("GET", PATH, secret) for _ in range(5)]  # the minute may end in between
    assert answers[-1].json()["code"] == "RATE_LIMIT_ERROR"
