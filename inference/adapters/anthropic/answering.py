"""How a message is told as the answer to a chat: its text, reasoning and calls, why it ended, what it used."""

import time
from collections.abc import Mapping
from typing import Any

import orjson

from ... import marks

__all__ = ["choice_end", "detail_of", "opening", "usage_of", "whole"]

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def whole(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole message as a chat completion. Raises ValueError if it is none."""
    content = said.get("content")
    if said.get("type") != "message" or not isinstance(content, list):
        raise ValueError("no message")
    found = [block for block in content if isinstance(block, dict)]
    usage = said.get("usage")
    return {
        **opening(said, "chat.completion"),
        "choices": [{"index": 0, "message": _message(found), **choice_end(said)}],
        **({"usage": usage_of(usage)} if isinstance(usage, dict) else {}),
    }


def opening(said: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return what an answer, or each piece of one, begins with."""
    names = {name: value for name in ("id", "model") if isinstance(value := said.get(name), str)}
    return {
        "id": names.get("id", ""),
        "object": kind,
        "created": int(time.time()),
        "model": names.get("model", ""),
    }


def choice_end(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return why an answer ended, in OpenAI's word and in Anthropic's, and the stop sequence that ended it."""
    reason, sequence = said.get("stop_reason"), said.get("stop_sequence")
    known = reason if isinstance(reason, str) and reason in _REASONS else "end_turn"
    told = {"finish_reason": _REASONS[known], "native_finish_reason": known}
    return {**told, "stop_reason": sequence} if isinstance(sequence, str) and sequence else told


def detail_of(block: Mapping[str, Any], *, place: int, index: int) -> dict[str, Any]:
    """Return a block of thinking as an entry of reasoning: the one at `index` of an answer, its block at `place`."""
    about = {"format": marks.ANTHROPIC, "id": marks.place_id(place), "index": index}
    if block.get("type") == "redacted_thinking":
        return {"type": "reasoning.encrypted", "data": _string(block, "data"), **about}
    signature = _string(block, "signature")
    return {
        "type": "reasoning.text",
        "text": _string(block, "thinking"),
        **({"signature": signature} if signature else {}),
        **about,
    }


def usage_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was used as OpenAI tells it: what a cache gave and took in is part of the prompt.

    Without a figure for the output there is none in it either: the answer was not told to its end.
    """
    fresh, read, taken = (_figure(told, name) for name in _PROMPT)
    split = told.get("cache_creation")
    hour = min(_figure(split, "ephemeral_1h_input_tokens"), taken) if isinstance(split, dict) else 0
    prompt = fresh + read + taken
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "prompt_tokens_details": {
            "cached_tokens": read,
            "cache_write_tokens": taken - hour,
            "cache_write_1h_tokens": hour,
        },
    }
    if told.get("output_tokens") is None:
        return usage
    output, details = _figure(told, "output_tokens"), told.get("output_tokens_details")
    thought = _figure(details, "thinking_tokens") if isinstance(details, dict) else 0
    return {
        **usage,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "completion_tokens_details": {"reasoning_tokens": min(thought, output)},
    }


_PROMPT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def _message(content: list[dict[str, Any]]) -> dict[str, Any]:
    texts = [_string(block, "text") for block in content if block.get("type") == "text"]
    calls = [_call(block) for block in content if block.get("type") == "tool_use"]
    thoughts = [_string(block, "thinking") for block in content if block.get("type") == "thinking"]
    places = [n for n, block in enumerate(content) if block.get("type") in ("thinking", "redacted_thinking")]
    details = [detail_of(content[place], place=place, index=index) for index, place in enumerate(places)]
    return {
        "role": "assistant",
        "content": "".join(texts) if texts or not calls else None,
        **({"reasoning_content": "".join(thoughts)} if any(thoughts) else {}),
        **({"reasoning_details": details} if details else {}),
        **({"tool_calls": calls} if calls else {}),
    }


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    given = block.get("input")
    arguments = orjson.dumps(given if isinstance(given, dict) else {}).decode()
    return {
        "id": _string(block, "id"),
        "type": "function",
        "function": {"name": _string(block, "name"), "arguments": arguments},
    }


def _string(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _figure(holder: Mapping[str, Any], name: str) -> int:
    """Return a figure; what is none or below zero counts as 0, and the sum is judged where all sums are."""
    value = holder.get(name)
    return value if type(value) is int and value > 0 else 0
