"""Tokens: had for a password, good wherever a key is, and ended everywhere within two seconds."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp

from accounts import signins
from accounts.models import ApiKey, Member, SignIn, User
from tests.accounts.rows import PASSWORD, person
from tests.fakes.cast import Customer, customer, model
from tests.fakes.exchange import Told, ask
from tests.fakes.gateway import Gateway
from tests.fakes.minutes import within_one_minute
from tests.fakes.signed_in import SignedIn, from_afar, signed_in

pytestmark = pytest.mark.usefixtures("committed")

BODY: dict[str, Any] = {"messages": [{"role": "user", "content": "What is a limit?"}]}


def auth(gateway: Gateway, route: str, body: object = None, **headers: str) -> Told:
    sent = {"Content-Type": "application/json", **from_afar(), **headers}
    url = gateway.base_url.removesuffix("/v1") + f"/auth/{route}"
    return ask("POST", url, {} if body is None else body, headers=sent)


def login(gateway: Gateway, user: User, password: str = PASSWORD) -> Told:
    return auth(gateway, "login", {"email": user.email, "password": password})


def chat(gateway: Gateway, who: SignedIn, name: str, **headers: str) -> Told:
    return ask(
        "POST",
        gateway.base_url + "/chat/completions",
        {**BODY, "model": name},
        headers={**who.bearer, **headers},
    )


def money(gateway: Gateway, headers: dict[str, str]) -> Told:
    return ask("GET", gateway.base_url + "/credits", headers=headers)


def test_are_had_for_an_address_and_its_password(gateway: Gateway) -> None:
    who = customer()
    told = login(gateway, person(who.workspace))
    assert told.status == 200, told.body
    assert set(told.json) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (told.json["token_type"], told.json["expires_in"]) == ("bearer", 900)
    assert told.headers["cache-control"] == "no-store"
    assert told.headers["x-request-id"]
    bearer = {"Authorization": f"Bearer {told.json['access_token']}"}
    assert money(gateway, bearer).status == 200


def test_a_wrong_password_and_an_unknown_address_hear_the_same(gateway: Gateway) -> None:
    wrong = login(gateway, person(), "not the password")
    unknown = auth(gateway, "login", {"email": "nobody@example.com", "password": PASSWORD})
    assert wrong.refusal == unknown.refusal == (401, "AUTHENTICATION_ERROR")
    assert wrong.json == unknown.json
    assert wrong.json["code"] == "AUTHENTICATION_ERROR"
    assert wrong.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "email: "),
        ({"email": "a@example.com"}, "password: "),
        ({"email": ["a"], "password": "x"}, "email: "),
        ([], ""),
        ({"email": "a\x00@example.com", "password": "x"}, "email: "),
        ({"challenge": "x"}, "code: "),
    ],
    ids=str,
)
def test_a_login_that_lacks_something_is_told_what(gateway: Gateway, body: object, said: str) -> None:
    told = auth(gateway, "login", body)
    assert told.refusal == (400, "VALIDATION_ERROR")
    assert told.json["detail"].startswith(said)


def test_a_wrong_method_and_a_body_that_is_no_json_are_refused_with_a_code(gateway: Gateway) -> None:
    url = gateway.base_url.removesuffix("/v1") + "/auth/login"
    for method in ("GET", "PUT", "OPTIONS"):
        assert ask(method, url).refusal == (405, "METHOD_NOT_ALLOWED")
    form = {**from_afar(), "Content-Type": "application/x-www-form-urlencoded"}
    assert ask("POST", url, {}, headers=form).refusal == (400, "VALIDATION_ERROR")


def test_a_body_that_is_deep_or_long_beyond_sense_is_refused(gateway: Gateway) -> None:
    deep: object = 1
    for _ in range(900):
        deep = [deep]
    assert auth(gateway, "refresh", {"refresh_token": deep}).refusal == (400, "VALIDATION_ERROR")
    assert auth(gateway, "refresh", {"refresh_token": "x" * 70_000}).refusal == (413, "PAYLOAD_TOO_LARGE")


def test_ten_logins_a_minute_are_taken_from_one_address(gateway: Gateway) -> None:
    body = {"email": "nobody@example.com", "password": "x"}

    def tries() -> list[Told]:
        place = from_afar()
        return [auth(gateway, "login", body, **place) for _ in range(11)]

    *taken, told = within_one_minute(tries)
    assert [one.status for one in taken] == [401] * 10
    assert told.refusal == (429, "RATE_LIMIT_ERROR")
    assert 1 <= int(told.headers["retry-after"]) <= 60
    assert auth(gateway, "login", body).status == 401


def test_a_second_factor_is_asked_for_with_a_challenge(gateway: Gateway) -> None:
    user, secret = person(customer().workspace), totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    told = login(gateway, user)
    assert told.refusal == (401, "MFA_REQUIRED")
    challenge = told.json["challenge"]
    assert auth(gateway, "login", {"challenge": challenge, "code": "000000x"}).status == 401
    code = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    done = auth(gateway, "login", {"challenge": challenge, "code": code})
    assert done.status == 200, done.body
    assert money(gateway, {"Authorization": f"Bearer {done.json['access_token']}"}).status == 200
    again = login(gateway, user).json["challenge"]
    assert auth(gateway, "login", {"challenge": again, "code": code}).status == 401, "a code is good once"


def test_a_recovery_code_is_good_once_and_so_is_a_challenge(gateway: Gateway) -> None:
    user = person(customer().workspace)
    totp.TOTP.activate(user, totp.generate_totp_secret())
    codes = RecoveryCodes.activate(user).generate_codes()
    challenge = login(gateway, user).json["challenge"]
    assert auth(gateway, "login", {"challenge": challenge, "code": codes[0]}).status == 200
    assert auth(gateway, "login", {"challenge": challenge, "code": codes[1]}).status == 401
    other = login(gateway, user).json["challenge"]
    assert auth(gateway, "login", {"challenge": other, "code": codes[0]}).status == 401


def test_a_challenge_of_a_changed_password_is_worth_nothing(gateway: Gateway) -> None:
    user = person(customer().workspace)
    totp.TOTP.activate(user, totp.generate_totp_secret())
    (code, *_) = RecoveryCodes.activate(user).generate_codes()
    challenge = login(gateway, user).json["challenge"]
    user.set_password("another password")
    user.save()
    assert auth(gateway, "login", {"challenge": challenge, "code": code}).status == 401


def test_secrets_of_second_factors_are_sealed_in_their_rows() -> None:
    secret = totp.generate_totp_secret()
    row = totp.TOTP.activate(person(), secret).instance
    row.refresh_from_db()
    assert secret not in str(row.data)


def test_a_refresh_token_is_good_once_and_reuse_ends_the_sign_in(gateway: Gateway) -> None:
    who = signed_in(customer().workspace)
    first = auth(gateway, "refresh", {"refresh_token": who.refresh})
    assert first.status == 200, first.body
    bearer = {"Authorization": f"Bearer {first.json['access_token']}"}
    assert money(gateway, bearer).status == 200
    assert auth(gateway, "refresh", {"refresh_token": who.refresh}).refusal == (401, "AUTHENTICATION_ERROR")
    assert auth(gateway, "refresh", {"refresh_token": first.json["refresh_token"]}).status == 401
    gateway.eventually(lambda: money(gateway, bearer).status == 401, within=2.2)


def test_buy_what_a_key_buys_and_are_charged_to_the_workspace(gateway: Gateway, sandbox: str) -> None:
    place, name = customer(), model((sandbox, "words"))
    who = signed_in(place.workspace, role=Member.Role.DEVELOPER)
    gateway.knows(place.secret, name)
    told = chat(gateway, who, name)
    assert told.status == 200, told.body
    event = place.event(told.headers["x-request-id"])
    assert event["cost"] > 0
    row = ApiKey.objects.get(pk=event["api_key_id"])
    assert (row.workspace, row.person, row.name) == (
        place.workspace,
        who.user,
        f"{who.user.email} (signed in)",
    )
    assert chat(gateway, who, name).status == 200
    assert len({event["api_key_id"] for event in place.events()}) == 1, "one row for each person"
    shown = ask("GET", gateway.base_url + "/user/key", headers=who.bearer)
    assert shown.json == {"data": []}, "the row is no key"


def test_list_the_models_of_the_plan_of_today(gateway: Gateway, sandbox: str) -> None:
    place, name = customer(tiers=["free"]), model((sandbox, "words"), tier="max")
    who = signed_in(place.workspace)
    richer = customer()
    gateway.knows(richer.secret, name)

    def listed() -> set[str]:
        told = ask("GET", gateway.base_url + "/models", headers=who.bearer)
        return {item["id"] for item in told.json["data"]}

    assert name not in listed()
    place.workspace.plan_version = richer.workspace.plan_version
    place.workspace.save()
    gateway.eventually(lambda: name in listed(), within=4)


def test_reach_other_workspaces_of_the_person_and_no_others(gateway: Gateway) -> None:
    first, second, foreign = customer(credit_usd="1"), customer(credit_usd="2"), customer(credit_usd="3")
    who = signed_in(first.workspace, second.workspace)

    def balance(**headers: str) -> float:
        return float(money(gateway, {**who.bearer, **headers}).json["data"]["total_credits"])

    assert balance() == 1
    assert balance(**{"X-Workspace": second.workspace.slug}) == 2
    assert balance(**{"X-Workspace": str(second.workspace.pk)}) == 2
    for name in (foreign.workspace.slug, str(foreign.workspace.pk), "none", "x" * 200):
        assert money(gateway, {**who.bearer, "X-Workspace": name}).refusal == (404, "NOT_FOUND"), name


def test_a_key_stays_in_its_workspace(gateway: Gateway) -> None:
    who = customer()
    headers = {"X-API-Key": who.secret, "X-Workspace": who.workspace.slug}
    assert money(gateway, headers).refusal == (400, "VALIDATION_ERROR")


def test_a_viewer_looks_and_does_not_spend(gateway: Gateway, sandbox: str) -> None:
    place, name = customer(), model((sandbox, "words"))
    who = signed_in(place.workspace, role=Member.Role.VIEWER)
    gateway.knows(place.secret, name)
    assert money(gateway, who.bearer).status == 200
    assert ask("GET", gateway.base_url + "/models", headers=who.bearer).status == 200
    assert chat(gateway, who, name).refusal == (403, "AUTHORIZATION_ERROR")
    assert place.events() == []


def test_two_identities_in_one_request_are_refused(gateway: Gateway) -> None:
    place = customer()
    both = {**signed_in(place.workspace).bearer, "X-API-Key": place.secret}
    assert money(gateway, both).refusal == (400, "VALIDATION_ERROR")


def test_are_no_keys_and_keys_are_no_tokens(gateway: Gateway) -> None:
    who = signed_in(customer().workspace)
    assert money(gateway, {"X-API-Key": who.access}).refusal == (401, "AUTHENTICATION_ERROR")
    assert money(gateway, {"Authorization": f"Bearer {who.refresh}"}).refusal == (
        401,
        "AUTHENTICATION_ERROR",
    )
    assert money(gateway, {"Cookie": f"access_token={who.access}"}).refusal == (401, "AUTHENTICATION_ERROR")


def log_out(gateway: Gateway, place: Customer, who: SignedIn) -> None:
    told = auth(gateway, "logout", Authorization=f"Bearer {who.access}")
    assert (told.status, told.json) == (200, {"message": "Signed out"})


def log_out_by_refresh(gateway: Gateway, place: Customer, who: SignedIn) -> None:
    assert auth(gateway, "logout", {"refresh_token": who.refresh}).status == 200


def change_password(gateway: Gateway, place: Customer, who: SignedIn) -> None:
    who.user.set_password("another password")
    who.user.save()


def deactivate(gateway: Gateway, place: Customer, who: SignedIn) -> None:
    who.user.is_active = False
    who.user.save()


def leave(gateway: Gateway, place: Customer, who: SignedIn) -> None:
    Member.objects.filter(user=who.user, workspace=place.workspace).delete()


@pytest.mark.parametrize("act", [log_out, log_out_by_refresh, change_password, deactivate, leave])
def test_end_within_two_seconds(gateway: Gateway, act: Callable[[Gateway, Customer, SignedIn], None]) -> None:
    place = customer()
    who = signed_in(place.workspace)
    assert money(gateway, who.bearer).status == 200
    act(gateway, place, who)
    gateway.eventually(
        lambda: money(gateway, who.bearer).refusal == (401, "AUTHENTICATION_ERROR"), within=2.2
    )


def test_end_with_their_workspaces_suspension(gateway: Gateway) -> None:
    place = customer()
    who = signed_in(place.workspace)
    assert money(gateway, who.bearer).status == 200
    place.workspace.status = "suspended"
    place.workspace.save()
    gateway.eventually(lambda: money(gateway, who.bearer).refusal == (403, "WORKSPACE_SUSPENDED"), within=2.2)


def test_another_sign_in_outlives_a_logout(gateway: Gateway) -> None:
    place = customer()
    who = signed_in(place.workspace)
    other = {"Authorization": f"Bearer {signins.begin(who.user).access}"}
    log_out(gateway, place, who)
    gateway.eventually(lambda: money(gateway, who.bearer).status == 401, within=2.2)
    assert money(gateway, other).status == 200
    assert SignIn.objects.filter(person=who.user, ended_at=None).count() == 1


def test_nobody_is_signed_out_by_a_token_that_is_none(gateway: Gateway) -> None:
    assert auth(gateway, "logout").refusal == (401, "AUTHENTICATION_ERROR")
    assert auth(gateway, "logout", Authorization="Bearer eyJ.x.y").refusal == (401, "AUTHENTICATION_ERROR")
    assert auth(gateway, "refresh", {"refresh_token": "eyJ.x.y"}).refusal == (401, "AUTHENTICATION_ERROR")
