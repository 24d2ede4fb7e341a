"""S11: tokens that were made by other means than ours are refused, whatever their header asks for and whoever signed them."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from accounts import tokens
from tests.accounts.test_tokens import access, claims, forged

ATTACKERS = b"a key of the attacker's own, of at least 32 bytes"
JWK = {"kty": "oct", "k": base64.urlsafe_b64encode(ATTACKERS).decode().rstrip("=")}
HEADERS: list[dict[str, Any]] = [
    *(
        {"alg": name}
        for name in ("none", "None", "NONE", "nOnE", "", "HS512", "HS256 ", "hs256", "ES256", "PS256")
    ),
    *({"alg": None}, {"alg": ["HS256"]}, {"alg": {"HS256": 1}}, {"alg": 256}),
    *({"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False, "crit": "b64"}),
]
"""Signed with our own key: the header alone must be enough to refuse them."""
OTHERS: list[dict[str, Any]] = [
    *(
        {"jwk": JWK},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/x"},
        {"x5c": ["AAAA"]},
    ),
    *(
        {"kid": kid}
        for kid in ("../../../../dev/null", "/dev/null", "' OR 1=1 --", "0", "|id", "file:///etc/passwd")
    ),
    *({"typ": "at+jwt"}, {"cty": "JWT"}, {}),
]
"""Signed with the attacker's key, which the header points to."""


def named(header: dict[str, Any]) -> str:
    return json.dumps(header)[:40]


@pytest.mark.parametrize("header", HEADERS, ids=named)
def test_a_header_that_asks_for_another_check_is_refused(header: dict[str, Any]) -> None:
    assert tokens.read_access(forged(claims(access()), header=header)) is None


@pytest.mark.parametrize("header", OTHERS, ids=named)
@pytest.mark.parametrize("key", [ATTACKERS, b""], ids=["own key", "no key"])
def test_a_key_that_a_header_points_to_is_not_used(header: dict[str, Any], key: bytes) -> None:
    assert tokens.read_access(forged(claims(access()), header=header, key=key)) is None


@pytest.mark.parametrize("claim", ["aud", "exp", "iss", "jti", "nbf", "sub"])
def test_no_claim_may_be_missing(claim: str) -> None:
    said = claims(access())
    assert tokens.read_access(forged({name: said[name] for name in said if name != claim})) is None


WRONG: dict[str, Callable[[str], str]] = {
    "a part more": lambda token: token.replace(".", "..", 1),
    "a point more": lambda token: token + ".",
    "a point before": lambda token: "." + token,
    "without a signature": lambda token: token.rpartition(".")[0] + ".",
    "without its last part": lambda token: token.rpartition(".")[0],
    "a space before": lambda token: " " + token,
    "a line break after": lambda token: token + "\n",
    "cut short": lambda token: token[:-2],
    "in capitals": str.upper,
    "long": lambda token: "e" * 2**20,
    "long in three parts": lambda token: f"eyJ{'a' * 2**20}.e.s",
    "as JSON": lambda token: '{"payload": "e30", "signatures": []}',
}


@pytest.mark.parametrize("how", sorted(WRONG))
def test_what_is_shaped_otherwise_is_refused(how: str) -> None:
    assert tokens.read_access(WRONG[how](access())) is None
