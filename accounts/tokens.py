"""What the tokens of a sign-in say and how they are signed: access, refresh and the challenge of a second factor.

All are JWTs, HS256. Each kind has a key of its own, HMAC-SHA-256 of its purpose under settings.SECRET_KEY, and an
audience of its own, so that none passes for another and no other use of SECRET_KEY can forge one. A new SECRET_KEY
ends every sign-in.
"""

import hashlib
import hmac
import time
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from uuid import UUID

import jwt
from django.conf import settings

__all__ = [
    "ACCESS_SECONDS",
    "REFRESH_SECONDS",
    "Access",
    "Challenge",
    "Refresh",
    "access",
    "challenge",
    "is_shaped",
    "password_mark",
    "read_access",
    "read_challenge",
    "read_refresh",
    "refresh",
]

ACCESS_SECONDS = 15 * 60
REFRESH_SECONDS = 30 * 24 * 3600
CHALLENGE_SECONDS = 5 * 60
ISSUER = "tollway"
_SKEW_SECONDS = 5  # the clocks of two machines may differ by this much
_LONGEST = 2048
_NEEDED = ["sub", "iss", "aud", "exp", "nbf", "jti"]

Purpose = Literal["access", "refresh", "challenge"]


@dataclass(frozen=True, slots=True)
class Access:
    """A genuine access token that has not expired: whether its sign-in still stands is for the rows to say.

    `expires_at` is a Unix time in seconds. The plan it names is what was true then, and decides nothing.
    """

    sign_in: UUID
    person_id: int
    workspace_id: int | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class Refresh:
    """A genuine refresh token that has not expired; `digest` tells whether it is the one in force."""

    sign_in: UUID
    digest: bytes


@dataclass(frozen=True, slots=True)
class Challenge:
    """Proof that a password was right: `sign_in` is the id that the sign-in it opens will have."""

    sign_in: UUID
    person_id: int
    password_mark: str


def access(*, sign_in: UUID, number: int, person_id: int, workspace_id: int | None, plan: str) -> str:
    """Return an access token, good for ACCESS_SECONDS; `number` tells apart those of one sign-in."""
    claims = {"wsp": "" if workspace_id is None else str(workspace_id), "plan": plan}
    return _sign("access", ACCESS_SECONDS, person_id, f"{sign_in.hex}.{number}", claims)


def refresh(*, sign_in: UUID, number: int, person_id: int) -> tuple[str, bytes]:
    """Return a refresh token, good for REFRESH_SECONDS, and the digest under which it is in force."""
    token = _sign("refresh", REFRESH_SECONDS, person_id, f"{sign_in.hex}.{number}", {})
    return token, _digest(token)


def challenge(*, sign_in: UUID, person_id: int, password_mark: str) -> str:
    """Return what a second factor has to be sent with, good for five minutes."""
    return _sign("challenge", CHALLENGE_SECONDS, person_id, sign_in.hex, {"pwd": password_mark})


def read_access(token: str) -> Access | None:
    """Return what an access token says, or None if it is forged, expired, or of another kind."""
    claims = _read("access", token)
    if claims is None:
        return None
    sign_in, _, _ = claims["jti"].partition(".")
    workspace = int(claims["wsp"]) if claims["wsp"] else None
    return Access(UUID(sign_in), int(claims["sub"]), workspace, float(claims["exp"]))


def read_refresh(token: str) -> Refresh | None:
    """Return what a refresh token says, or None if it is forged, expired, or of another kind."""
    claims = _read("refresh", token)
    if claims is None:
        return None
    return Refresh(UUID(claims["jti"].partition(".")[0]), _digest(token))


def read_challenge(token: str) -> Challenge | None:
    """Return what a challenge says, or None if it is forged, expired, or of another kind."""
    claims = _read("challenge", token)
    if claims is None:
        return None
    return Challenge(UUID(claims["jti"]), int(claims["sub"]), claims["pwd"])


def is_shaped(text: str) -> bool:
    """Tell whether a text has the shape of a JWT of bearable length."""
    return len(text) <= _LONGEST and text.startswith("eyJ") and text.count(".") == 2


def password_mark(password_hash: str) -> str:
    """Return the short digest by which a sign-in notices that its password changed; SQL makes the same one."""
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


def _sign(purpose: Purpose, seconds: int, person_id: int, token_id: str, claims: dict[str, str]) -> str:
    now = int(time.time())
    standing = {
        "sub": str(person_id),
        "iss": ISSUER,
        "aud": _audience(purpose),
        "exp": now + seconds,
        "nbf": now - _SKEW_SECONDS,
        "jti": token_id,
    }
    return jwt.encode(standing | claims, _key(purpose, settings.SECRET_KEY), algorithm="HS256")


def _read(purpose: Purpose, token: str) -> dict[str, Any] | None:
    if not is_shaped(token):
        return None
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(purpose, settings.SECRET_KEY),
            algorithms=["HS256"],
            audience=_audience(purpose),
            issuer=ISSUER,
            options={"require": _NEEDED},
        )
    except jwt.InvalidTokenError:
        return None
    return claims


def _audience(purpose: Purpose) -> str:
    return f"tollway:{purpose}"


@cache
def _key(purpose: Purpose, secret: str) -> bytes:
    return hmac.new(secret.encode(), f"tollway {purpose} token 1".encode(), hashlib.sha256).digest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
