"""Which headers an operator may have sent to a provider with every call; pure, apart from how a refusal is told."""

import re
from typing import Any

from django.core.exceptions import ValidationError

__all__ = ["check_headers"]

MOST = 20
LONGEST = 1000
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
# Keys are kept sealed and apart; the others are the transport's or our own to say.
_SECRET = {
    *("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-goog-api-key"),
    *("x-auth-token", "x-access-token"),
}  # fmt: skip
_OURS = {
    *("host", "content-length", "content-type", "content-encoding", "transfer-encoding", "te", "trailer"),
    *("connection", "keep-alive", "proxy-connection", "upgrade", "expect", "accept", "accept-encoding"),
    *("user-agent", "x-request-id", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded"),
}


def check_headers(headers: Any) -> None:
    """Raise ValidationError, on the field headers, unless these are names and values that may be sent."""
    if not isinstance(headers, dict) or len(headers) > MOST:
        raise _refusal(
            f'Headers are an object of at most {MOST} names and values, such as {{"X-Title": "T"}}.'
        )
    seen: set[str] = set()
    for name, value in headers.items():
        _check(name, value)
        if name.lower() in seen:
            raise _refusal(f"{name} is there twice; letter case makes no difference.")
        seen.add(name.lower())


def _check(name: str, value: Any) -> None:
    if not _NAME.fullmatch(name):
        raise _refusal(f"{name[:64]!r} is no name of a header.")
    if name.lower() in _SECRET:
        raise _refusal(f"{name} holds a secret: enter it as a key of the endpoint, where it is kept sealed.")
    if name.lower() in _OURS:
        raise _refusal(f"{name} is set for each call and cannot be given here.")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or len(value) > LONGEST:
        raise _refusal(f"{name} needs one line of printable ASCII, at most {LONGEST} characters.")


def _refusal(message: str) -> ValidationError:
    return ValidationError({"headers": message})
