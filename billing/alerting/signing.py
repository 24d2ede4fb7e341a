"""How a webhook is signed: as Standard Webhooks has it, HMAC-SHA256 over id, moment and body."""

import base64
import binascii
import hashlib
import hmac
import secrets as random

__all__ = ["PREFIX", "check_secret", "headers", "make_secret"]

PREFIX = "whsec_"
_LEAST, _MADE, _MOST = 24, 32, 64
"""Bytes of a secret: at least, of one that is made here, at most."""


def check_secret(secret: str) -> None:
    """Raise ValueError, with what a secret looks like, for what is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise ValueError(f"A secret is {PREFIX} with {_LEAST} to {_MOST} bytes in base64 behind it.")


def headers(*secrets: str, message_id: str, at: int, body: str) -> dict[str, str]:
    """Return the headers that tell the receiver who sent a body, signed with each secret; `at` is in Unix seconds."""
    signed = f"{message_id}.{at}.{body}".encode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def make_secret() -> str:
    """Return a new secret."""
    return PREFIX + base64.b64encode(random.token_bytes(_MADE)).decode()


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"
