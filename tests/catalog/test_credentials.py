"""Secrets of providers: what can be one, how it is sealed, and sealed anew."""

import json

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ValidationError
from pytest_django import Settings

from catalog import credentials

ACCOUNT = json.dumps({"type": "service_account", "client_email": "a@b.example", "private_key": "-----BEGIN"})


@pytest.mark.parametrize("secret", ["sk-0123456789", "x", "a/b+c=.:~", ACCOUNT])
def test_can_be_a_key(secret: str) -> None:
    credentials.check_secret(secret)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "one line"),
        ("sk 1", "one line"),
        ("sk-1\nHost: x", "one line"),
        ("sk-ü", "one line"),
        ("sk-\x00", "one line"),
        ("s" * 10_001, "at most"),
        ("{", "begins as JSON"),
        ("{" * 5000, "begins as JSON"),
        ('{"type": "authorized_user"}', "service account"),
        ('{"type": "service_account", "client_email": 1, "private_key": "x"}', "service account"),
    ],
)
def test_cannot_be_a_key(secret: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        credentials.check_secret(secret)


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("sk-0123456789", "…6789"), ("sk-01234567", ""), (ACCOUNT, "service account")],
)
def test_are_shown_by_their_ends_only_where_enough_is_left(secret: str, shown: str) -> None:
    assert credentials.hint(secret) == shown


def test_are_sealed_anew_with_the_newest_key_only_where_that_is_needed(settings: Settings) -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    settings.CREDENTIAL_KEYS = [old]
    sealed = credentials.encrypt("sk-1")
    assert credentials.reseal(sealed) is None
    settings.CREDENTIAL_KEYS = [new, old]
    anew = credentials.reseal(sealed)
    assert anew is not None
    assert credentials.reseal(anew) is None
    settings.CREDENTIAL_KEYS = [new]
    assert credentials.decrypt(anew) == "sk-1"
    with pytest.raises(credentials.Unreadable, match="TOLLWAY_CREDENTIAL_KEYS"):
        credentials.reseal(sealed)
