"""How secrets of providers are kept: encrypted with the newest key, readable with every key still listed."""

from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .models import Endpoint

__all__ = ["Unreadable", "decrypt", "encrypt", "hint", "store"]

_LEAST_FOR_HINT = 12  # of a shorter secret, four characters would be too much to show


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


def hint(secret: str) -> str:
    """Return what may be shown of a secret: its last four characters, or nothing of a short one."""
    return f"…{secret[-4:]}" if len(secret) >= _LEAST_FOR_HINT else ""


def store(endpoint: Endpoint, secret: str) -> None:
    """Put a secret on an endpoint, without saving it; an empty secret takes the credential away."""
    endpoint.credential = encrypt(secret) if secret else None
    endpoint.credential_hint = hint(secret)


@cache
def _seal(keys: tuple[bytes, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "TOLLWAY_CREDENTIAL_KEYS must be Fernet keys (32 bytes, URL-safe base64), parted by commas."
        ) from error
