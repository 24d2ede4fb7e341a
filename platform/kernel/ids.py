"""Ids that sort by time, and the shape of keys: `rk_` for inference, `rkm_` for the management API."""

import hmac
import os
import re
import secrets
import time
import zlib
from datetime import datetime
from typing import Literal
from uuid import UUID

__all__ = [
    "KeyKind",
    "digest_key",
    "first_at",
    "key_is_shaped",
    "mint_key",
    "request_id",
    "revision_id",
]

KeyKind = Literal["rk", "rkm"]
_KEY = re.compile(r"(rkm?)_[0-9a-f]{64}\Z")
_REVISIONS = 256


def request_id() -> UUID:
    """Return a new UUIDv7 whose last byte is zero: room for the revisions of one request's usage event.

    48 bits of milliseconds, 12 bits of where in that millisecond (RFC 9562, 6.2, method 3), so that lists of
    requests hold to the order in which they came; 54 random bits from the operating system, so a forked process
    cannot repeat one.
    """
    return UUID(int=_uuid7(time.time_ns(), os.urandom(7)))


def first_at(moment: datetime) -> UUID:
    """Return the smallest id that can be made at a moment: ids begin with their milliseconds."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _uuid7(nanoseconds: int, random: bytes) -> int:
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    high = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | (rest * 4096 // 1_000_000) << 64
    return high | 0b10 << 62 | (int.from_bytes(random) & (2**54 - 1)) << 8


def revision_id(request: UUID, revision: int) -> UUID:
    """Return the id of one revision (0..255) of a request's usage event; revision 0 is the request id itself.

    Raises ValueError if the revision is out of range.
    """
    if not 0 <= revision < _REVISIONS:
        raise ValueError("a request has revisions 0 to 255")
    return UUID(int=request.int | revision)


def mint_key(kind: KeyKind = "rk") -> str:
    """Return a new key: its kind, `_` and 64 lower-case hex, the last 8 of them the CRC-32 of what precedes."""
    body = f"{kind}_" + secrets.token_hex(28)
    return body + f"{zlib.crc32(body.encode()):08x}"


def key_is_shaped(text: str, kind: KeyKind = "rk") -> bool:
    """Tell whether a text has the shape and the check digits of a key of that kind, without any query."""
    match = _KEY.match(text)
    return match is not None and match[1] == kind and text[-8:] == f"{zlib.crc32(text[:-8].encode()):08x}"


def digest_key(secret: str, *, pepper: bytes) -> bytes:
    """Return the HMAC-SHA-256 (32 bytes) under which a key is stored and found."""
    return hmac.digest(pepper, secret.encode(), "sha256")
