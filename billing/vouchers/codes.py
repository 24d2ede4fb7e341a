"""How a voucher's code is written: letters that nobody mixes up, and one that tells a slip; kept only as a digest."""

import hashlib
import hmac
import secrets

from django.conf import settings

__all__ = ["ALPHABET", "EXAMPLE", "digest", "mint", "prefix", "tidy"]

# Without 0 and O, 1, I and L, 2 and U. Their number is a prime, so that the check finds every single wrong letter and
# every two that changed places.
ALPHABET = "3456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 12
_HEAD = "TW"
_MOST_TYPED = 40


def mint() -> str:
    """Return a new code, TW-XXXX-XXXX-XXXX: 53 random bits and a check letter at the end."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH - 1))
    return _written(body + _check(body))


def tidy(typed: str) -> str | None:
    """Return a code as it is written, however it was typed; None for what can be no code."""
    if len(typed) > _MOST_TYPED:
        return None
    letters = "".join(each for each in typed.upper() if each.isalnum())
    body = letters.removeprefix(_HEAD) if len(letters) > _LENGTH else letters
    if len(body) != _LENGTH or not set(body) <= set(ALPHABET) or _check(body[:-1]) != body[-1]:
        return None
    return _written(body)


def digest(code: str) -> bytes:
    """Return the HMAC-SHA-256 (32 bytes) under which a code, as it is written, is kept and found."""
    return hmac.new(settings.KEY_PEPPER, b"voucher:" + code.encode(), hashlib.sha256).digest()


def prefix(code: str) -> str:
    """Return the part of a code that may be shown."""
    return code[:7]


def _written(body: str) -> str:
    return "-".join((_HEAD, body[:4], body[4:8], body[8:]))


def _check(body: str) -> str:
    weighed = sum(place * ALPHABET.index(each) for place, each in enumerate(body, start=2))
    return ALPHABET[-weighed % len(ALPHABET)]


EXAMPLE = _written("7K3M9QXT4HV" + _check("7K3M9QXT4HV"))
"""A code as it looks, of no voucher."""
