"""How the answer to a chat is told as a message: its content blocks, why it stopped, and what it used."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import orjson

from catalog.pricing import Counts
from kernel import money

from ... import marks
from .. import Told
from . import signing
from .calls import Call

__all__ = ["ending", "message", "opening", "text_of", "thought_of", "usage"]

# Anthropic's own words for an end that OpenAI has no word for.
_NATIVE = frozenset(("model_context_window_exceeded", "refusal"))
_REASONS = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


def message(answer: Mapping[str, Any], told: Told, *, stops: Collection[str]) -> dict[str, Any]:
    """Return a whole answer as a message; `stops` are the stop sequences that were asked for."""
    choice = answer["choices"][0]
    body = choice.get("message")
    content = _blocks(body if isinstance(body, dict) else {}, request_id=told.request_id)
    calls = any(block["type"] == "tool_use" for block in content)
    reason, sequence = ending(choice, calls=calls, stops=stops)
    return {
        **opening(told.request_id, told.model, usage(told.reading.counts)),
        "content": content,
        "stop_reason": reason,
        "stop_sequence": sequence,
        "credits_charged": told.cost / money.NANO_PER_USD,
    }


def opening(request_id: UUID, model: str, used: dict[str, Any]) -> dict[str, Any]:
    """Return a message that has not begun."""
    return {
        "id": f"msg_{request_id.hex}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": used,
    }


def ending(choice: Mapping[str, Any], *, calls: bool, stops: Collection[str]) -> tuple[str, str | None]:
    """Return why a message stopped, and the stop sequence if the upstream told which one it was."""
    for name in ("stop_reason", "matched_stop"):
        told = choice.get(name)
        if isinstance(told, str) and told in stops:
            return "stop_sequence", told
    native = _string(choice, "native_finish_reason")
    if native in _NATIVE:
        return native, None
    reason = _REASONS.get(_string(choice, "finish_reason"), "end_turn")
    # Clients run tools only where this says so, and some upstreams end with a plain stop after a call.
    if reason in ("end_turn", "tool_use"):
        reason = "tool_use" if calls else "end_turn"
    return reason, None


def usage(counts: Counts) -> dict[str, Any]:
    """Return counts as Anthropic's usage: input without what a cache took in or gave."""
    written = counts.cache_write + counts.cache_write_1h
    return {
        "input_tokens": counts.prompt_tokens - counts.cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": counts.cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts.cache_write,
            "ephemeral_1h_input_tokens": counts.cache_write_1h,
        },
        "output_tokens": counts.completion_tokens,
        "output_tokens_details": {"thinking_tokens": counts.reasoning},
        "server_tool_use": {"web_search_requests": counts.web_search} if counts.web_search else None,
        "service_tier": "standard",
    }


def thought_of(body: Mapping[str, Any]) -> str:
    """Return what a message or a delta holds of thinking; upstreams that name it twice mean it once."""
    return _string(body, "reasoning_content") or _string(body, "reasoning")


def text_of(body: Mapping[str, Any]) -> str:
    """Return what a message or a delta holds of text, the words of a refusal included."""
    return _string(body, "content") + _string(body, "refusal")


def _blocks(body: Mapping[str, Any], *, request_id: UUID) -> list[dict[str, Any]]:
    rest: list[dict[str, Any]] = []
    if text := text_of(body):
        rest.append({"type": "text", "text": text})
    listed = body.get("tool_calls")
    for number, given in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(given, dict):
            call = Call()
            call.add(given)
            if call.name:
                # The input goes out as it came, so that no number is rounded on the way.
                rest.append(call.block(orjson.Fragment(call.input()), request_id=request_id, number=number))
    return marks.woven(_thoughts(body), rest)


def _thoughts(body: Mapping[str, Any]) -> list[tuple[int | None, dict[str, Any]]]:
    """Return the blocks of thinking, each with its place in the answer if that is known."""
    found: list[tuple[int | None, dict[str, Any]]] = []
    details = marks.details_in(body)
    own = [detail for detail in details if signing.is_own(detail)]
    if not own and (thought := thought_of(body)):
        found.append((None, signing.block(thought, "")))
    for detail in details:
        place = marks.place_of(detail)
        if data := signing.redacted(detail):
            found.append((place, {"type": "redacted_thinking", "data": data}))
        elif detail in own:
            found.append((place, signing.block(_string(detail, "text"), signing.signature_of(detail))))
    return found


def _string(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
