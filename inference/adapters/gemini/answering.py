"""A whole answer of Gemini's as a chat completion, and which prompts it blocked."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

import orjson

from .candidates import Candidate, objects
from .usage import usage

__all__ = ["answer", "blocked", "index_of", "nonce_of"]

GREATEST_INDEX = 1024
_SILENT: Mapping[str, Any] = {"role": "assistant", "content": None}


def answer(said: dict[str, Any]) -> dict[str, Any]:
    """Return the chat completion that an answer is. Raises ValueError for one without a candidate or a reason."""
    told = objects(said.get("candidates"))
    if not told and not blocked(said):
        raise ValueError("an answer without candidates")
    nonce = nonce_of(said)
    try:
        choices = [_choice(each, index_of(each, n), nonce) for n, each in enumerate(told)]
    except orjson.JSONEncodeError as error:
        raise ValueError("arguments nested deeper than can be written") from error
    completion = {
        "id": nonce,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": str(said.get("modelVersion", "")),
        "choices": choices or [{"index": 0, "message": dict(_SILENT), "finish_reason": "content_filter"}],
    }
    counted = usage(said.get("usageMetadata"))
    return {**completion, "usage": counted} if counted else completion


def blocked(said: Mapping[str, Any]) -> bool:
    """Tell whether the prompt was refused, so that no candidate comes."""
    feedback = said.get("promptFeedback")
    return isinstance(feedback, dict) and bool(feedback.get("blockReason"))


def nonce_of(said: Mapping[str, Any]) -> str:
    """Return the answer's own id, or one made for an answer that has none."""
    given = said.get("responseId")
    return given if isinstance(given, str) and given else secrets.token_hex(12)


def index_of(candidate: Mapping[str, Any], place: int) -> int:
    """Return a candidate's number: zero is left out, as everywhere in this protocol, so its place stands in."""
    index = candidate.get("index", place)
    return index if type(index) is int and 0 <= index < GREATEST_INDEX else place


def _choice(told: Mapping[str, Any], index: int, nonce: str) -> dict[str, Any]:
    candidate = Candidate(index, nonce=nonce)
    gained = candidate.gains(told)
    for call in gained.get("tool_calls", ()):
        del call["index"]
    choice = candidate.choice(told, "message", {**_SILENT, **gained})
    choice["finish_reason"] = choice["finish_reason"] or "stop"
    return choice
