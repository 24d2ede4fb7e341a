"""How secrets of providers are kept: encrypted with the newest key, readable with every key still listed."""

import json
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError

from .models import Endpoint

__all__ = [
    "LONGEST_SECRET",
    "Unreadable",
    "check_secret",
    "decrypt",
    "encrypt",
    "hint",
    "reseal",
    "store",
    "stored",
]

LONGEST_SECRET = 10_000
_LEAST_FOR_HINT = 12  # of a shorter secret, four characters would be too much to show
_STORED = "default"


class Unreadable(Exception):
    """A stored credential was sealed with a key that TOLLWAY_CREDENTIAL_KEYS no longer lists."""


def encrypt(secret: str) -> bytes:
    """Seal a secret with the first of TOLLWAY_CREDENTIAL_KEYS."""
    return _seal(tuple(settings.CREDENTIAL_KEYS)).encrypt(secret.encode())


def decrypt(sealed: bytes) -> str:
    """Open a sealed secret. Raises Unreadable if no listed key fits."""
    try:
        return _seal(tuple(settings.CREDENTIAL_KEYS)).decrypt(sealed).decode()
    except InvalidToken:
        raise Unreadable(
            "A provider's credential was sealed with a key that TOLLWAY_CREDENTIAL_KEYS does not list; "
            "list that key again, or enter the credential anew."
        ) from None


def reseal(sealed: bytes) -> bytes | None:
    """Return a sealed secret sealed with the newest key, or None where it is already. Raises Unreadable."""
    newest = _seal((settings.CREDENTIAL_KEYS[0],))
    try:
        newest.decrypt(sealed)
    except InvalidToken:
        return encrypt(decrypt(sealed))
    return None


def hint(secret: str) -> str:
    """Return what may be shown of a secret: its last four characters, nothing of a short one, or of what kind it is."""
    if secret.startswith("{"):
        return "service account"
    return f"…{secret[-4:]}" if len(secret) >= _LEAST_FOR_HINT else ""


def check_secret(secret: str) -> None:
    """Raise ValidationError unless this can be a key: one line of visible ASCII, or a service account's JSON."""
    if len(secret) > LONGEST_SECRET:
        raise ValidationError(f"A key has at most {LONGEST_SECRET:,} characters.")
    if secret.startswith("{"):
        _check_service_account(secret)
    elif not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValidationError("A key is one line of visible ASCII characters, without spaces.")


def store(endpoint: Endpoint, secret: str) -> None:
    """Make a secret the endpoint's key of the name "default", in use at once; an empty one takes that key away."""
    if not secret:
        endpoint.keys.filter(name=_STORED).delete()
        return
    kept = {"sealed": encrypt(secret), "hint": hint(secret), "active": True}
    fresh = {"set_aside_at": None, "set_aside_reason": "", "failures": 0}
    endpoint.keys.update_or_create(name=_STORED, defaults={**kept, **fresh})


def stored(endpoint: Endpoint) -> str:
    """Return the secret that `store` put there, or nothing. Raises Unreadable."""
    kept = endpoint.keys.filter(name=_STORED).first()
    return decrypt(bytes(kept.sealed)) if kept is not None else ""


def _check_service_account(secret: str) -> None:
    try:
        said = json.loads(secret)
    except (ValueError, RecursionError):
        raise ValidationError("This begins as JSON and is none: paste the whole file.") from None
    wanted = ("client_email", "private_key")
    if said.get("type") != "service_account" or not all(isinstance(said.get(name), str) for name in wanted):
        raise ValidationError(
            'This JSON is no key of a service account: its type is "service_account", and it has client_email and'
            " private_key."
        )


@cache
def _seal(keys: tuple[bytes, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "TOLLWAY_CREDENTIAL_KEYS must be Fernet keys (32 bytes, URL-safe base64), parted by commas."
        ) from error
