"""What becomes of our keys at endpoints: entered, set aside when their provider refuses them, taken up again."""

from typing import Any

import psycopg

from kernel import postgres

from . import credentials
from .models import EndpointKey

__all__ = ["put_secret", "set_aside", "take_up"]

# Not again where it is aside already: the first to find out says why.
_SET_ASIDE = b"""
UPDATE catalog_endpointkey SET set_aside_at = now(), set_aside_reason = %(reason)s, failures = %(failures)s
WHERE id = %(id)s AND set_aside_at IS NULL RETURNING id"""


def put_secret(key: EndpointKey, secret: str) -> None:
    """Give a key its secret, without saving it; it is in use again then. Raises ValidationError for what is no key."""
    credentials.check_secret(secret)
    key.sealed, key.hint = credentials.encrypt(secret), credentials.hint(secret)
    _free(key)


def take_up(key: EndpointKey) -> bool:
    """Have a key sent again that was set aside, within about a second; tell whether it was."""
    was = key.set_aside_at is not None
    _free(key)
    key.save(update_fields=["set_aside_at", "set_aside_reason", "failures"])
    return was


async def set_aside(key_id: int, *, reason: str, failures: int) -> bool:
    """Have no process send a key any more until an operator takes it up again; tell whether this call did it.

    Raises psycopg.Error if the database is away.
    """
    asked: dict[str, Any] = {"id": key_id, "reason": reason, "failures": failures}
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as connection:
        return await (await connection.execute(_SET_ASIDE, asked)).fetchone() is not None


def _free(key: EndpointKey) -> None:
    key.set_aside_at, key.set_aside_reason, key.failures = None, "", 0
