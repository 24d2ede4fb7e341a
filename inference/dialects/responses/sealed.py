"""How reasoning travels to the caller and back inside `encrypted_content`; pure.

Nothing is secret in it: the caller is shown the same text. What the upstream signed goes along, so that it is given
back to it. The mark tells ours from that of other services.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["Opened", "opened", "sealed"]

_TEXT = "tollway.1."
_SIGNED = "tollway.2."


@dataclass(frozen=True, slots=True)
class Opened:
    """Reasoning that came back: its text, and the entries that an upstream signed."""

    text: str = ""
    details: list[dict[str, Any]] = field(default_factory=list)


def sealed(text: str, details: Sequence[dict[str, Any]] = ()) -> str:
    """Return reasoning as a token for `encrypted_content`."""
    if not details:
        return _TEXT + base64.urlsafe_b64encode(text.encode()).decode()
    both = orjson.dumps({"text": text, "details": list(details)})
    return _SIGNED + base64.urlsafe_b64encode(both).decode()


def opened(token: str) -> Opened:
    """Return the reasoning of a token that we wrote; in any other nothing can be read."""
    mark = next((mark for mark in (_TEXT, _SIGNED) if token.startswith(mark)), None)
    if mark is None:
        return Opened()
    try:
        raw = base64.b64decode(token.removeprefix(mark), altchars=b"-_", validate=True)
        return Opened(raw.decode()) if mark == _TEXT else _both(orjson.loads(raw))
    except (binascii.Error, ValueError):
        return Opened()


def _both(found: Any) -> Opened:
    text, details = (
        (found.get(name) for name in ("text", "details")) if isinstance(found, dict) else (None, None)
    )
    listed = details if isinstance(details, list) else []
    return Opened(text if isinstance(text, str) else "", [each for each in listed if isinstance(each, dict)])
