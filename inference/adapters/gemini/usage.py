"""Gemini's count of tokens as OpenAI's usage object."""

from collections.abc import Mapping
from typing import Any

__all__ = ["prompt_usage", "usage"]

_KINDS = {"AUDIO": "audio_tokens", "IMAGE": "image_tokens"}


def usage(told: Any) -> dict[str, Any] | None:
    """Return OpenAI's usage object, or None where no prompt was counted.

    What tools of Google's put into the prompt is part of it; thoughts are part of the completion. Images and sound
    that came from the cache are counted as cached alone, so that no token is in two classes.
    """
    # There is no prompt of no tokens: a count without one is no count.
    if not isinstance(told, dict) or not (prompt := _count(told, "promptTokenCount")):
        return None
    prompt += _count(told, "toolUsePromptTokenCount")
    thoughts = _count(told, "thoughtsTokenCount")
    completion = _count(told, "candidatesTokenCount") + thoughts
    taken = _kinds(told, "promptTokensDetails")
    kept = _kinds(told, "cacheTokensDetails")
    given = _kinds(told, "candidatesTokensDetails")
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "cached_tokens": _count(told, "cachedContentTokenCount"),
            **{name: max(0, number - kept.get(name, 0)) for name, number in taken.items()},
        },
        "completion_tokens_details": {"reasoning_tokens": thoughts, **given},
    }


def prompt_usage(told: Any) -> dict[str, Any] | None:
    """Return the part of a usage object that is known before the answer is: what went in."""
    counted = usage(told)
    return counted and {name: counted[name] for name in ("prompt_tokens", "prompt_tokens_details")}


def _kinds(told: Mapping[str, Any], group: str) -> dict[str, int]:
    found: dict[str, int] = {}
    entries = told.get(group)
    for entry in entries if isinstance(entries, list) else ():
        kind = entry.get("modality") if isinstance(entry, dict) else None
        name = _KINDS.get(kind) if isinstance(kind, str) else None
        if name and (number := _count(entry, "tokenCount")):
            found[name] = found.get(name, 0) + number
    return found


def _count(told: Mapping[str, Any], name: str) -> int:
    # A count of nothing is left out, as all zeros are in this protocol.
    value = told.get(name)
    return value if type(value) is int and value > 0 else 0
