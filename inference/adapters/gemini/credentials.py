"""How a call proves whose it is: an API key as it is, or a service account's signature, good for an hour."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from kernel import clock

__all__ = ["Credentials"]

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
RENEWED_BEFORE = timedelta(minutes=5)
MOST_KEPT = 1024


@dataclass(frozen=True, slots=True)
class Token:
    """A signed token and the moment it ends, in UTC."""

    text: str
    ends: datetime


class Credentials:
    """The tokens of this process: each service account signs one an hour, and no network is asked."""

    def __init__(self) -> None:
        self._tokens: dict[bytes, Token] = {}

    async def headers(self, secret: str | None) -> Mapping[str, str]:
        """Return the headers for a secret. Raises ValueError, without a word of it, for one that is no key at all."""
        if not secret:
            return {}
        if not secret.lstrip().startswith("{"):
            return {"x-goog-api-key": secret}
        place = hashlib.sha256(secret.encode()).digest()
        token = self._tokens.get(place)
        if token is None or token.ends - clock.now() < RENEWED_BEFORE:
            token = await asyncio.to_thread(_signed, secret)
            if len(self._tokens) >= MOST_KEPT:
                self._tokens.clear()
            self._tokens[place] = token
        return {"Authorization": f"Bearer {token.text}"}


def _signed(secret: str) -> Token:
    from google.oauth2 import service_account  # loaded by who has such an account

    try:
        account: dict[str, Any] = orjson.loads(secret)
        signer = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            account, scopes=[SCOPE]
        ).with_always_use_jwt_access(True)
        signer.refresh(None)  # signs by itself: with this setting nobody is asked
    except Exception:
        # Whatever was wrong, the message may quote the secret.
        raise ValueError("a service account that cannot sign") from None
    return Token(signer.token, signer.expiry.replace(tzinfo=UTC))
