"""Keys by the management API: what is asked for is what they are, and what is wrong is named."""

from typing import Any

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Member, TrailRow
from billing import budgets
from billing.keyring import changes as deeds
from kernel import ids
from tests.billing.managing.asking import Place, ask, furnished, token_of
from tests.billing.test_views import model

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return furnished()


def test_a_new_key_is_told_once_and_is_what_was_asked_for(place: Place) -> None:
    model("route/one")
    wanted = {
        "name": "nightly",
        "expires_at": "2099-12-31T00:00:00Z",
        "default_tag": "batch",
        "allowed_models": ["route/one"],
        "limit": "12.50",
        "limit_reset": "weekly",
    }
    answer = ask("POST", "/api/keys", place.secret, wanted)
    assert answer.status_code == 201
    told = answer.json()
    assert ids.key_is_shaped(told.pop("key"))
    assert {name: told[name] for name in wanted} == {**wanted, "limit": "12.500000000"}
    assert (told["limit_remaining"], told["created_by"]) == ("12.500000000", place.owner.user.email)
    again = ask("GET", f"/api/keys/{told['id']}", place.secret)
    assert again.json() == told
    key = ApiKey.objects.get(pk=told["id"])
    assert (key.workspace, key.created_by) == (place.workspace, place.owner.user)
    row = TrailRow.objects.filter(model="accounts.apikey", object_id=told["id"]).get()
    assert (row.actor, str(row.address)) == (place.owner.user.email, "127.0.0.1")


def test_a_change_leaves_what_it_does_not_name(place: Place) -> None:
    path = f"/api/keys/{place.key.pk}"
    ask("PATCH", path, place.secret, {"default_tag": "a", "limit": "5", "limit_reset": "monthly"})
    told = ask("PATCH", path, place.secret, {"name": "renamed"}).json()
    facts = (told["name"], told["default_tag"], told["limit"], told["limit_reset"])
    assert facts == ("renamed", "a", "5.000000000", "monthly")
    told = ask("PATCH", path, place.secret, {"limit_reset": "daily"}).json()
    assert (told["limit"], told["limit_reset"]) == ("5.000000000", "daily")
    told = ask("PATCH", path, place.secret, {"limit": None}).json()
    assert (told["limit"], told["limit_reset"]) == (None, None)
    assert budgets.of_key(place.workspace.pk, place.key.pk) is None


def test_a_rotation_lets_the_secret_before_work_on(place: Place) -> None:
    path = f"/api/keys/{place.key.pk}/rotate"
    told = ask("POST", path, place.secret, {"grace_seconds": 3600}).json()
    assert ids.key_is_shaped(told["key"])
    assert told["previous_key_valid_until"] is not None
    assert ask("POST", path, place.secret, {}).json()["previous_key_valid_until"] is None


def test_a_revoked_key_stays_listed_and_takes_no_change(place: Place) -> None:
    path = f"/api/keys/{place.key.pk}"
    assert ask("DELETE", path, place.secret).json()["state"] == "revoked"
    assert ask("DELETE", path, place.secret).status_code == 200
    for method, more, body in (("PATCH", "", {"name": "x"}), ("POST", "/rotate", {})):
        assert ask(method, path + more, place.secret, body).status_code == 404
    assert ask("GET", path, place.secret).json()["state"] == "revoked"


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("name", {}),
        ("name", {"name": ""}),
        ("name", {"name": 5}),
        ("name", {"name": "a\u0000b"}),
        ("name", {"name": "a\tb"}),
        ("name", {"name": "x" * 101}),
        ("limit", {"name": "x", "limit": 5}),
        ("limit", {"name": "x", "limit": "-1"}),
        ("limit", {"name": "x", "limit": "0.0000000001"}),
        ("limit_reset", {"name": "x", "limit_reset": "daily"}),
        ("limit_reset", {"name": "x", "limit": "1", "limit_reset": "hourly"}),
        ("expires_at", {"name": "x", "expires_at": "2001-01-01T00:00:00Z"}),
        ("expires_at", {"name": "x", "expires_at": "tomorrow"}),
        ("expires_at", {"name": "x", "expires_at": "2099-01-01T00:00:00"}),
        ("expires_at", {"name": "x", "expires_at": 4102444800}),
        ("allowed_models", {"name": "x", "allowed_models": ["route/none"]}),
        ("allowed_models", {"name": "x", "allowed_models": []}),
        ("allowed_models", {"name": "x", "allowed_models": [7]}),
        ("workspace", {"name": "x", "workspace": "other"}),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(place: Place, field: str, body: dict[str, Any]) -> None:
    answer = ask("POST", "/api/keys", place.secret, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["detail"].startswith(f"{field}: ")
    assert ApiKey.objects.filter(workspace=place.workspace).count() == 1


@pytest.mark.parametrize("grace", [-1, keys.LONGEST_GRACE + 1, "60", True, 1.5, None])
def test_a_grace_that_cannot_be_is_refused(place: Place, grace: object) -> None:
    answer = ask("POST", f"/api/keys/{place.key.pk}/rotate", place.secret, {"grace_seconds": grace})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("grace_seconds: ")


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 5000, '"x"'])
def test_what_is_no_object_is_refused(place: Place, body: str) -> None:
    answer = Client().generic(
        "POST",
        "/api/keys",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {place.secret}"},
    )
    assert (answer.status_code, answer["X-Error-Code"]) == (400, "VALIDATION_ERROR")


def test_lists_go_on_where_they_stopped(place: Place) -> None:
    for number in range(4):
        keys.mint(place.workspace, name=f"k{number}")
    seen: list[str] = []
    before = ""
    for _ in range(3):
        page = ask("GET", f"/api/keys?limit=2{before}", place.secret).json()
        seen += [key["name"] for key in page["data"]]
        before = f"&before={page['next']}"
    assert seen == ["k3", "k2", "k1", "k0", place.key.name]
    assert page["next"] is None


def test_a_number_that_no_row_has_yet_begins_at_the_newest(place: Place) -> None:
    page = ask("GET", f"/api/keys?before={'9' * 18}", place.secret).json()
    assert [key["name"] for key in page["data"]] == [place.key.name]


@pytest.mark.parametrize(
    "asked",
    ["limit=0", "limit=101", "limit=x", "before=x", "before=-1", "limit=", f"before={'9' * 19}"],
)
def test_a_page_that_cannot_be_is_refused(place: Place, asked: str) -> None:
    answer = ask("GET", f"/api/keys?{asked}", place.secret)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{asked.partition('=')[0]}: ")


def test_a_developer_sees_and_ends_their_own_alone(place: Place) -> None:
    secret = token_of(place, Member.Role.DEVELOPER)
    own = ask("POST", "/api/keys", secret, {"name": "mine"}).json()
    assert [key["name"] for key in ask("GET", "/api/keys", secret).json()["data"]] == ["mine"]
    assert ask("DELETE", f"/api/keys/{place.key.pk}", secret).status_code == 404
    assert ask("DELETE", f"/api/keys/{own['id']}", secret).status_code == 200


def test_so_many_keys_are_made_a_minute(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deeds, "CREATIONS_A_MINUTE", 1)
    answers = [ask("POST", "/api/keys", place.secret, {"name": "x"}) for _ in range(3)]  # the minute may end
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "RATE_LIMIT_ERROR")


def test_too_many_keys_are_a_conflict(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 1)
    answer = ask("POST", "/api/keys", place.secret, {"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
