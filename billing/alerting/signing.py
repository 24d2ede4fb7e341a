"""How a webhook is signed: as Standard Webhooks has it, HMAC-SHA256 over id, moment and body."""

import base64
import binascii
import hashlib
import hmac

__all__ = ["PREFIX", "check_secret", "headers"]

PREFIX = "whsec_"
_LEAST, _MOST = 24, 64
"""Bytes of a secret."""


def check_secret(secret: str) -> None:
    """Raise ValueError, with what a secret looks like, for what is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise ValueError(f"A secret is {PREFIX} with {_LEAST} to {_MOST} bytes in base64 behind it.")


def headers(secret: str, *, message_id: str, at: int, body: str) -> dict[str, str]:
    """Return the headers that tell the receiver who sent a body; `at` is in Unix seconds."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    mac = hmac.new(key, f"{message_id}.{at}.{body}".encode(), hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(mac.digest()).decode()}",
    }
