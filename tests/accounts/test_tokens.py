"""What tokens say, and which are refused."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.conf import LazySettings, settings

from accounts import tokens

SIGN_IN = uuid4()


def access(**changes: Any) -> str:
    known = {"sign_in": SIGN_IN, "number": 3, "person_id": 7, "workspace_id": 9, "plan": "pro"}
    return tokens.access(**{**known, **changes})


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def forged(said: dict[str, Any], *, header: dict[str, Any] | None = None, key: bytes | None = None) -> str:
    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    genuine = hmac.new(settings.SECRET_KEY.encode(), b"tollway access token 1", hashlib.sha256).digest()
    body = part({"alg": "HS256", "typ": "JWT", **(header or {})}) + b"." + part(said)
    mac = hmac.new(genuine if key is None else key, body, hashlib.sha256).digest()
    return (body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def test_an_access_token_names_person_workspace_plan_and_its_end_in_fifteen_minutes() -> None:
    said = claims(access())
    assert set(said) == {"sub", "plan", "wsp", "iss", "aud", "exp", "nbf", "jti"}
    assert (said["sub"], said["plan"], said["wsp"]) == ("7", "pro", "9")
    assert abs(said["exp"] - time.time() - 900) < 5
    read = tokens.read_access(access())
    assert read is not None
    assert (read.sign_in, read.person_id, read.workspace_id) == (SIGN_IN, 7, 9)


def test_every_renewal_has_a_token_id_of_its_own() -> None:
    assert claims(access(number=1))["jti"] != claims(access(number=2))["jti"]


def test_a_person_without_a_workspace_has_none_in_the_token() -> None:
    read = tokens.read_access(access(workspace_id=None, plan=""))
    assert read is not None
    assert read.workspace_id is None


def test_no_kind_of_token_passes_for_another() -> None:
    refresh, _ = tokens.refresh(sign_in=SIGN_IN, number=0, person_id=7)
    challenge = tokens.challenge(sign_in=SIGN_IN, person_id=7, password_mark="0" * 16)
    kinds = {
        tokens.read_access: access(),
        tokens.read_refresh: refresh,
        tokens.read_challenge: challenge,
    }
    for read in kinds:
        assert [other for other, token in kinds.items() if read(token) is not None] == [read]


def test_a_forger_with_the_right_key_would_be_believed() -> None:
    assert tokens.read_access(forged(claims(access()))) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1},
        {"nbf": 2**33},
        {"aud": "tollway:refresh"},
        {"aud": None},
        {"iss": "another"},
        {"exp": None},
        {"sub": None},
        {"jti": None},
    ],
    ids=str,
)
def test_a_token_that_is_out_of_its_time_or_place_is_refused(change: dict[str, Any]) -> None:
    said = {name: value for name, value in (claims(access()) | change).items() if value is not None}
    assert tokens.read_access(forged(said)) is None


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS384"}, {"alg": "RS256"}, {"crit": ["x"], "x": 1}]
)
def test_one_algorithm_and_no_critical_extension_is_taken(header: dict[str, Any]) -> None:
    assert tokens.read_access(forged(claims(access()), header=header)) is None


def test_the_secret_itself_signs_nothing() -> None:
    assert tokens.read_access(forged(claims(access()), key=settings.SECRET_KEY.encode())) is None


@pytest.mark.parametrize(
    "text", ["", "eyJ", "eyJ..", "rk_" + "0" * 64, "eyJ" + "a" * 3000 + ".b.c", "eyJ.\x00.é"]
)
def test_what_has_no_shape_is_refused(text: str) -> None:
    assert tokens.read_access(text) is None


def test_a_new_secret_ends_every_token(settings: LazySettings) -> None:
    token = access()
    settings.SECRET_KEY = "another secret of at least so many characters"
    assert tokens.read_access(token) is None
