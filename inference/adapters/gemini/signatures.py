"""Thought signatures: where Gemini's parts carry them, and where a chat carries them to the caller and back.

A call of a tool carries its own in Google's field, `extra_content.google.thought_signature`; all stand in
`reasoning_details` as well, in OpenRouter's form: those of calls with the id of the call, those of pictures with their
number, that of the text without an id.
"""

from collections.abc import Mapping
from typing import Any

from ...marks import GEMINI, details_of

__all__ = ["Kept", "detail", "extra", "image_id", "kept"]

_WAY = ("extra_content", "google", "thought_signature")


class Kept:
    """The signatures that one message of the assistant brought back."""

    def __init__(self, named: Mapping[str, str], loose: str | None) -> None:
        self._named = named
        self.loose = loose

    def of_call(self, call: Mapping[str, Any]) -> str | None:
        """Return the signature of a call of a tool."""
        return _in_extra(call) or self._named.get(str(call.get("id")))

    def of_image(self, number: int) -> str | None:
        """Return the signature of a picture, by its place among the message's."""
        return self._named.get(image_id(number))


def kept(message: Mapping[str, Any]) -> Kept:
    """Return the signatures of a message; those that other makers' models wrote are left out."""
    named: dict[str, str] = {}
    loose = _in_extra(message)
    for entry in details_of(message, GEMINI):
        data = entry.get("data") or entry.get("signature")
        if not isinstance(data, str) or not data:
            continue
        if isinstance(entry.get("id"), str):
            named[entry["id"]] = data
        else:
            loose = loose or data
    return Kept(named, loose)


def extra(signature: str) -> dict[str, Any]:
    """Return Google's own field for a signature."""
    return {"google": {"thought_signature": signature}}


def image_id(number: int) -> str:
    """Return what stands for the id of a picture."""
    return f"image-{number}"


def detail(signature: str, *, index: int, name: str | None = None) -> dict[str, Any]:
    """Return the entry of `reasoning_details` for a signature; `name` is the id of a call or a picture."""
    of_call = {"id": name} if name else {}
    return {"type": "reasoning.encrypted", "data": signature, "format": GEMINI, "index": index, **of_call}


def _in_extra(holder: Mapping[str, Any]) -> str | None:
    place: Any = holder
    for name in _WAY:
        place = place.get(name) if isinstance(place, dict) else None
    return place if isinstance(place, str) and place else None
