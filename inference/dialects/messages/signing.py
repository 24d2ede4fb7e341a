"""How signatures of reasoning travel in blocks of thinking, to the caller and back; pure.

Anthropic's own go as they are. What other makers' models sign goes as redacted thinking, with a mark of ours by which
it is known again. Thinking that nobody signed has one signature for all, as clients give back none without.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

from ...marks import ANTHROPIC, place_id

__all__ = ["UNSIGNED", "block", "details", "is_own", "redacted", "signature_of"]

UNSIGNED = "dG9sbHdheQ=="
_MARK = "tollway.1."


def block(thought: str, signature: str) -> dict[str, Any]:
    """Return a block of thinking."""
    return {"type": "thinking", "thinking": thought, "signature": signature or UNSIGNED}


def is_own(detail: Mapping[str, Any]) -> bool:
    """Tell whether an entry of reasoning is thinking in Anthropic's form; a piece without a form goes on with one."""
    return detail.get("type") == "reasoning.text" and detail.get("format", ANTHROPIC) == ANTHROPIC


def signature_of(detail: Mapping[str, Any]) -> str:
    """Return the signature in such an entry, or in a piece of one; nothing where there is none."""
    signature = detail.get("signature")
    return signature if is_own(detail) and isinstance(signature, str) else ""


def redacted(detail: Mapping[str, Any]) -> str:
    """Return the data of the block of redacted thinking that an entry of reasoning becomes, nothing if it is none."""
    data, form = detail.get("data"), detail.get("format")
    if isinstance(data, str) and data and form == ANTHROPIC:
        return data
    signed = any(isinstance(value := detail.get(name), str) and value for name in ("data", "signature"))
    if not signed or not isinstance(form, str) or form == ANTHROPIC:
        return ""
    kept = {name: value for name, value in detail.items() if name != "index"}
    return _MARK + base64.urlsafe_b64encode(orjson.dumps(kept)).decode()


def details(block: Mapping[str, Any], *, place: int) -> list[dict[str, Any]]:
    """Return a block of thinking that came back, at its place in the turn, as entries of reasoning; unsigned is none."""
    about = {"format": ANTHROPIC, "id": place_id(place)}
    if block["type"] == "redacted_thinking":
        own = _opened(block["data"])
        return [own or {"type": "reasoning.encrypted", "data": block["data"], **about}]
    signature = block.get("signature")
    if not isinstance(signature, str) or signature in ("", UNSIGNED):
        return []
    return [{"type": "reasoning.text", "text": block["thinking"], "signature": signature, **about}]


def _opened(data: str) -> dict[str, Any] | None:
    if not data.startswith(_MARK):
        return None
    try:
        found = orjson.loads(base64.b64decode(data.removeprefix(_MARK), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return None
    return found if isinstance(found, dict) else None
