"""Calls of Gemini's dialect, and how they prove whose they are."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from inference.adapters.gemini.credentials import Credentials
from kernel import clock

EMAIL = "caller@project.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def account() -> dict[str, Any]:
    """A service account's file, with a key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": "project",
        "private_key_id": "kid",
        "private_key": pem.decode(),
        "client_email": EMAIL,
        "token_uri": "https://nowhere.invalid/token",
    }


def headers(held: Credentials, secret: str | None) -> Mapping[str, str]:
    return asyncio.run(held.headers(secret))


def test_send_a_key_as_it_is() -> None:
    assert headers(Credentials(), "AIza-1") == {"x-goog-api-key": "AIza-1"}
    assert headers(Credentials(), None) == {}


def test_send_a_service_accounts_signature_without_asking_anybody(account: dict[str, Any]) -> None:
    sent = headers(Credentials(), json.dumps(account))
    token = sent["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, verify=False)  # type: ignore[no-untyped-call]
    assert set(sent) == {"Authorization"}
    assert (claims["iss"], claims["sub"]) == (EMAIL, EMAIL)
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert claims["exp"] - claims["iat"] == 3600


def test_sign_anew_five_minutes_before_the_end(account: dict[str, Any]) -> None:
    held, secret, begun = Credentials(), json.dumps(account), clock.now()
    first = headers(held, secret)
    with patch.object(clock, "now", return_value=begun + timedelta(minutes=54)):
        assert headers(held, secret) is not first
        assert headers(held, secret) == first
    sign = "inference.adapters.gemini.credentials._signed"
    with (
        patch.object(clock, "now", return_value=begun + timedelta(minutes=56)),
        patch(sign, side_effect=ValueError("signed anew")),
        pytest.raises(ValueError, match="signed anew"),
    ):
        headers(held, secret)


def test_keep_the_token_of_each_account_to_itself(account: dict[str, Any]) -> None:
    held, other = Credentials(), {**account, "client_email": "other@project.iam.gserviceaccount.com"}
    assert headers(held, json.dumps(account)) != headers(held, json.dumps(other))


@pytest.mark.parametrize(
    "change",
    [
        {"private_key": "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----"},
        {"client_email": None},
        {"token_uri": None},
    ],
)
def test_never_quote_a_secret_that_cannot_sign(account: dict[str, Any], change: dict[str, Any]) -> None:
    broken = {name: value for name, value in {**account, **change}.items() if value is not None}
    with pytest.raises(ValueError, match="cannot sign") as refused:
        headers(Credentials(), json.dumps(broken))
    assert refused.value.__suppress_context__
    with pytest.raises(ValueError, match="cannot sign"):
        headers(Credentials(), "{secret")
