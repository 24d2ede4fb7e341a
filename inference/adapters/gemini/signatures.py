"""Thought signatures: where Gemini's parts carry them, and where a chat carries them to the caller and back.

A call of a tool carries its own in Google's field, `extra_content.google.thought_signature`; all stand in
`reasoning_details` as well, in OpenRouter's form, those of calls with the id of the call.
"""

from collections.abc import Mapping
from typing import Any

from ...marks import GEMINI, details_of

__all__ = ["Kept", "detail", "extra", "kept"]

_WAY = ("extra_content", "google", "thought_signature")


class Kept:
    """The signatures that one message of the assistant brought back."""

    def __init__(self, of_calls: Mapping[str, str], loose: str | None) -> None:
        self._of_calls = of_calls
        self.loose = loose

    def of_call(self, call: Mapping[str, Any]) -> str | None:
        """Return the signature of a call of a tool."""
        return _in_extra(call) or self._of_calls.get(str(call.get("id")))


def kept(message: Mapping[str, Any]) -> Kept:
    """Return the signatures of a message; those that other makers' models wrote are left out."""
    of_calls: dict[str, str] = {}
    loose = _in_extra(message)
    for entry in details_of(message, GEMINI):
        data = entry.get("data") or entry.get("signature")
        if not isinstance(data, str) or not data:
            continue
        if isinstance(entry.get("id"), str):
            of_calls[entry["id"]] = data
        else:
            loose = loose or data
    return Kept(of_calls, loose)


def extra(signature: str) -> dict[str, Any]:
    """Return Google's own field for a signature."""
    return {"google": {"thought_signature": signature}}


def detail(signature: str, *, index: int, call_id: str | None = None) -> dict[str, Any]:
    """Return the entry of `reasoning_details` for a signature."""
    of_call = {"id": call_id} if call_id else {}
    return {"type": "reasoning.encrypted", "data": signature, "format": GEMINI, "index": index, **of_call}


def _in_extra(holder: Mapping[str, Any]) -> str | None:
    place: Any = holder
    for name in _WAY:
        place = place.get(name) if isinstance(place, dict) else None
    return place if isinstance(place, str) and place else None
