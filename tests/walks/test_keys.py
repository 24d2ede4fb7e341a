"""Keys over HTTP: made, seen, renewed and ended by people who signed in and may."""

import time
from datetime import timedelta
from typing import Any

import pytest

from accounts import management_tokens
from accounts.models import ApiKey, Member
from kernel import clock, ids
from tests.fakes.cast import customer, model
from tests.fakes.exchange import Told, ask
from tests.fakes.gateway import Gateway
from tests.fakes.minutes import within_one_minute
from tests.fakes.signed_in import SignedIn, signed_in

pytestmark = pytest.mark.usefixtures("committed")

Role = Member.Role


def desk(
    gateway: Gateway, who: SignedIn, method: str, path: str = "", body: object = None, root: str = "key"
) -> Told:
    return ask(method, f"{gateway.base_url}/user/{root}{path}", body, headers=who.bearer)


def create(gateway: Gateway, who: SignedIn, **wanted: Any) -> dict[str, Any]:
    told = desk(gateway, who, "POST", body=wanted)
    assert told.status == 200, told.body
    return dict(told.json)


def works(gateway: Gateway, secret: str) -> bool:
    return ask("GET", gateway.base_url + "/key", headers={"X-API-Key": secret}).status == 200


def test_a_new_key_is_shown_once_and_works(gateway: Gateway) -> None:
    place = customer()
    who = signed_in(place.workspace)
    made = create(gateway, who, name="ci", default_tag="nightly")
    assert {"id", "key", "key_prefix", "name", "plan_tier", "created_at"} <= set(made)
    assert ids.key_is_shaped(made["key"])
    assert (made["name"], made["key_prefix"]) == ("ci", made["key"][:9])
    assert made["plan_tier"] == place.workspace.plan_version.plan.name
    row = ApiKey.objects.get(pk=made["id"])
    assert (row.workspace, row.created_by, row.default_tag) == (place.workspace, who.user, "nightly")
    assert works(gateway, made["key"])
    (listed,) = [item for item in desk(gateway, who, "GET").json["data"] if item["id"] == made["id"]]
    assert "key" not in listed
    assert made["key"] not in desk(gateway, who, "GET").body.decode()


def test_a_key_needs_no_name_and_no_body(gateway: Gateway) -> None:
    who = signed_in(customer().workspace)
    assert create(gateway, who, name=None)["name"]
    told = ask("POST", gateway.base_url + "/user/keys", headers=who.bearer)
    assert told.status == 200, told.body


def test_a_key_tells_when_it_was_last_used(gateway: Gateway) -> None:
    who = signed_in(customer().workspace)
    made = create(gateway, who)

    def last_used() -> Any:
        (item,) = [item for item in desk(gateway, who, "GET").json["data"] if item["id"] == made["id"]]
        return item["last_used_at"]

    assert last_used() is None
    assert works(gateway, made["key"])
    gateway.eventually(lambda: last_used() is not None, within=2)


def test_a_key_keeps_to_its_models_and_its_day(gateway: Gateway, sandbox: str) -> None:
    place, name, other = customer(), model((sandbox, "words")), model((sandbox, "words"))
    gateway.knows(place.secret, name, other)
    who = signed_in(place.workspace)
    ends = clock.now() + timedelta(seconds=4)
    made = create(gateway, who, allowed_models=[name], expires_at=ends.isoformat())
    assert gateway.chat(made["key"], name).status == 200
    assert gateway.chat(made["key"], other).headers["x-error-code"] == "MODEL_NOT_ALLOWED"
    time.sleep(max(0.0, (ends - clock.now()).total_seconds()))
    gateway.eventually(lambda: not works(gateway, made["key"]), within=2.2)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": 5}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"allowed_models": ["\0"]}, "allowed_models.0"),
        ({"expires_at": 4102444800}, "expires_at"),
        ({"default_tag": "x" * 65}, "default_tag"),
        ({"allowed_models": []}, "allowed_models"),
        ({"allowed_models": ["route/none"]}, "allowed_models"),
        ({"budget": 5}, "budget"),
        ([], "body"),
    ],
    ids=str,
)
def test_a_wrong_wish_is_refused_by_the_name_of_its_field(
    gateway: Gateway, wanted: object, field: str
) -> None:
    place = customer()
    headers = {**signed_in(place.workspace).bearer, "Accept": "application/json"}
    told = ask("POST", gateway.base_url + "/user/key", wanted, headers=headers)
    assert told.refusal == (400, "VALIDATION_ERROR"), told.body
    assert told.json["error"]["param"] == field
    assert field in told.json["error"]["message"]
    assert ApiKey.objects.filter(workspace=place.workspace, person=None).count() == 1


def test_five_keys_a_minute_are_made_by_one_person(gateway: Gateway) -> None:
    place = customer()

    def tries() -> list[Told]:
        who = signed_in(place.workspace)
        return [desk(gateway, who, "POST") for _ in range(6)]

    *made, told = within_one_minute(tries)
    assert [one.status for one in made] == [200] * 5
    assert told.refusal == (429, "RATE_LIMIT_ERROR")
    assert 1 <= int(told.headers["retry-after"]) <= 60
    assert told.headers["x-should-retry"] == "false"
    create(gateway, signed_in(place.workspace))


def test_a_key_manages_no_keys_and_nobody_does(gateway: Gateway) -> None:
    who = customer()
    for method, path in (("GET", ""), ("POST", ""), ("POST", "/revoke-all"), ("DELETE", f"/{who.key.pk}")):
        url = f"{gateway.base_url}/user/key{path}"
        assert ask(method, url, headers={"X-API-Key": who.secret}).refusal == (403, "AUTHORIZATION_ERROR")
        assert ask(method, url).refusal == (401, "AUTHENTICATION_ERROR")
    who.key.refresh_from_db()
    assert who.key.revoked_at is None


def test_a_credential_is_looked_at_before_the_body(gateway: Gateway) -> None:
    url = gateway.base_url + "/user/key"
    assert ask("POST", url, {"name": 5}).refusal == (401, "AUTHENTICATION_ERROR")


def test_viewers_and_bookkeepers_manage_no_keys(gateway: Gateway) -> None:
    place = customer()
    for role in (Role.VIEWER, Role.BILLING):
        who = signed_in(place.workspace, role=role)
        for method in ("GET", "POST"):
            assert desk(gateway, who, method).refusal == (403, "AUTHORIZATION_ERROR"), (role, method)


def test_developers_see_and_end_their_own_keys_and_owners_all(gateway: Gateway) -> None:
    place = customer()
    owner, developer = signed_in(place.workspace), signed_in(place.workspace, role=Role.DEVELOPER)
    own = create(gateway, developer)["id"]
    theirs = create(gateway, owner)["id"]

    def seen(who: SignedIn) -> set[str]:
        return {item["id"] for item in desk(gateway, who, "GET").json["data"]}

    assert seen(developer) == {own}
    assert seen(owner) == {own, theirs, str(place.key.pk)}
    assert desk(gateway, developer, "DELETE", f"/{theirs}").refusal == (404, "NOT_FOUND")
    assert desk(gateway, developer, "POST", f"/{theirs}/rotate").refusal == (404, "NOT_FOUND")
    assert desk(gateway, developer, "POST", "/revoke-all").json == {"message": "Revoked 1 API key(s)"}
    assert seen(owner) == {theirs, str(place.key.pk)}
    assert desk(gateway, owner, "POST", "/revoke-all", root="keys").json == {
        "message": "Revoked 2 API key(s)"
    }
    assert seen(owner) == set()


def test_a_revoked_key_stops_within_two_seconds(gateway: Gateway) -> None:
    who = signed_in(customer().workspace)
    made = create(gateway, who)
    assert works(gateway, made["key"])
    told = desk(gateway, who, "DELETE", f"/{made['id']}")
    assert (told.status, told.json) == (200, {"message": "API key revoked"})
    gateway.eventually(lambda: not works(gateway, made["key"]), within=2.2)
    assert desk(gateway, who, "DELETE", f"/{made['id']}").refusal == (404, "NOT_FOUND")


def test_foreign_missing_and_senseless_ids_are_the_same_404(gateway: Gateway) -> None:
    who, foreign = signed_in(customer().workspace), customer()
    answers = []
    for name in (str(foreign.key.pk), "999999999999", "9" * 30, "x", "-1", "٣"):
        for method, path in (("DELETE", ""), ("POST", "/rotate")):
            told = ask(
                method,
                f"{gateway.base_url}/user/key/{name.encode().hex() if not name.isascii() else name}{path}",
                headers=who.bearer,
            )
            answers.append((*told.refusal, told.body))
    assert len(set(answers)) == 1
    assert answers[0][:2] == (404, "NOT_FOUND")
    assert works(gateway, foreign.secret)


def test_a_rotated_key_has_a_new_secret_and_the_old_one_ends_at_once(gateway: Gateway) -> None:
    who = signed_in(customer().workspace)
    made = create(gateway, who, name="ci")
    assert works(gateway, made["key"])
    told = desk(gateway, who, "POST", f"/{made['id']}/rotate")
    assert told.status == 200, told.body
    assert (told.json["id"], told.json["name"]) == (made["id"], "ci")
    assert told.json["previous_key_valid_until"] is None
    assert works(gateway, told.json["key"])
    gateway.eventually(lambda: not works(gateway, made["key"]), within=2.2)


def test_a_rotated_keys_old_secret_lives_out_its_grace_and_no_second_rotation(gateway: Gateway) -> None:
    who = signed_in(customer().workspace)
    made = create(gateway, who)
    first = desk(gateway, who, "POST", f"/{made['id']}/rotate", {"grace_seconds": 3})
    ends = time.monotonic() + 3
    assert works(gateway, made["key"])
    assert works(gateway, first.json["key"])
    gateway.eventually(lambda: not works(gateway, made["key"]), within=ends - time.monotonic() + 2.2)
    second = desk(gateway, who, "POST", f"/{made['id']}/rotate", {"grace_seconds": 600})
    desk(gateway, who, "POST", f"/{made['id']}/rotate", {"grace_seconds": 600})
    gateway.eventually(lambda: not works(gateway, first.json["key"]), within=2.2)
    assert works(gateway, second.json["key"])


@pytest.mark.parametrize("grace", [-1, 7 * 24 * 3600 + 1, "3", 1.5, None])
def test_a_grace_is_of_seven_days_at_most(gateway: Gateway, grace: object) -> None:
    place = customer()
    who = signed_in(place.workspace)
    told = desk(gateway, who, "POST", f"/{place.key.pk}/rotate", {"grace_seconds": grace})
    assert told.refusal == (400, "VALIDATION_ERROR")
    assert "grace_seconds" in told.body.decode()
    assert works(gateway, place.secret)


def limits(told: dict[str, Any]) -> tuple[Any, Any, Any]:
    return told["limit"], told["limit_remaining"], told["limit_reset"]


def test_a_key_can_be_made_with_a_limit_and_says_what_is_left(gateway: Gateway, sandbox: str) -> None:
    place, name = customer(), model((sandbox, "words"))
    who = signed_in(place.workspace)
    made = create(gateway, who, limit=2.5, limit_reset="monthly")
    assert limits(made) == (2.5, 2.5, "monthly")
    gateway.knows(made["key"], name)
    heard = gateway.chat(made["key"], name)
    assert heard.status == 200, heard.raw
    (event,) = place.events()
    own = ask("GET", gateway.base_url + "/key", headers={"X-API-Key": made["key"]}).json["data"]
    assert limits(own) == (2.5, (2_500_000_000 - event["cost"]) / 10**9, "monthly")
    (listed,) = [item for item in desk(gateway, who, "GET").json["data"] if item["id"] == made["id"]]
    assert limits(listed) == limits(own)


def test_a_limit_is_changed_and_taken_away(gateway: Gateway) -> None:
    who = signed_in(customer().workspace)
    made = create(gateway, who)
    assert limits(made) == (None, None, None)
    path = f"/{made['id']}/limit"
    for wanted, told in (
        ({"limit": "0.000000001", "limit_reset": "daily"}, (1e-9, 1e-9, "daily")),
        ({"limit": 7}, (7, 7, None)),
        ({"limit": None}, (None, None, None)),
    ):
        assert limits(desk(gateway, who, "PUT", path, wanted).json) == told


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"limit": -1}, "limit"),
        ({"limit": "0.0000000001"}, "limit"),
        ({"limit": 1e30}, "limit"),
        ({"limit": "a lot"}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": "NaN"}, "limit"),
        ({}, "limit"),
        ({"limit": None, "limit_reset": "daily"}, "limit_reset"),
        ({"limit": 1, "limit_reset": "hourly"}, "limit_reset"),
        ({"limit": 1, "reset": "daily"}, "reset"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_by_name(gateway: Gateway, wanted: object, field: str) -> None:
    place = customer()
    who = signed_in(place.workspace)
    told = desk(gateway, who, "PUT", f"/{place.key.pk}/limit", wanted)
    assert told.refusal == (400, "VALIDATION_ERROR"), told.body
    assert told.body.decode().split(":")[0].endswith(field)


def test_a_reset_alone_makes_no_key(gateway: Gateway) -> None:
    place = customer()
    who = signed_in(place.workspace)
    told = desk(gateway, who, "POST", body={"limit_reset": "daily"})
    assert told.refusal == (400, "VALIDATION_ERROR")
    assert list(ApiKey.objects.filter(workspace=place.workspace, person=None)) == [place.key]


def test_nobody_limits_the_keys_of_others(gateway: Gateway) -> None:
    who, other = signed_in(customer().workspace), customer()
    assert desk(gateway, who, "PUT", f"/{other.key.pk}/limit", {"limit": 0}).refusal == (404, "NOT_FOUND")


def test_a_management_token_opens_nothing_here_and_is_told_what_would(gateway: Gateway) -> None:
    place = customer().workspace
    owner = Member.objects.select_related("user").get(user=signed_in(place).user)
    _, secret = management_tokens.make(owner, name="script", scope="write", expires_at=None)
    for path in ("/key", "/models", "/user/key"):
        for headers in ({"X-API-Key": secret}, {"Authorization": f"Bearer {secret}"}):
            told = ask("GET", gateway.base_url + path, headers=headers)
            assert told.refusal == (401, "AUTHENTICATION_ERROR")
            assert "rk_" in told.body.decode()
