"""How the answer to a chat is told as a message: its content blocks, why it stopped, and what it used."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from catalog.pricing import Counts
from kernel import money

from .. import Told

__all__ = ["SIGNATURE", "UNPARSED", "Call", "ending", "message", "opening", "text_of", "thought_of", "usage"]

# The key that holds a call's arguments as they came where they are no JSON object.
UNPARSED = "unparsed_arguments"
# Clients give back no thinking without a signature. Upstreams here sign nothing, and ours is never checked.
SIGNATURE = "dG9sbHdheQ=="

_REASONS = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


@dataclass(slots=True)
class Call:
    """A call of a tool as far as it came; the arguments are JSON text."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    @property
    def complete(self) -> bool:
        """Whether the arguments are a whole JSON object."""
        try:
            return isinstance(orjson.loads(self.arguments), dict)
        except orjson.JSONDecodeError:
            return False

    def add(self, given: Mapping[str, Any]) -> None:
        """Take in a piece of the call, or all of it."""
        self.id = self.id or _string(given, "id")
        function = given.get("function")
        if not isinstance(function, dict):
            return
        name, arguments = function.get("name"), function.get("arguments")
        # Once there are arguments the name is whole; some upstreams repeat it with each piece of them.
        if isinstance(name, str) and not self.arguments:
            self.name += name
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        if isinstance(arguments, str):
            self.arguments += arguments

    def input(self) -> str:
        """Return the input as the text of a JSON object."""
        if not self.arguments.strip():
            return "{}"
        return self.arguments if self.complete else orjson.dumps({UNPARSED: self.arguments}).decode()

    def block(self, content: Any, *, request_id: UUID, number: int) -> dict[str, Any]:
        """Return the call as a content block with this input; where the upstream gave no id it gets one of ours."""
        name = self.id or f"toolu_{request_id.hex}_{number}"
        return {"type": "tool_use", "id": name, "name": self.name, "input": content}


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
        "server_tool_use": None,
        "service_tier": "standard",
    }


def thought_of(body: Mapping[str, Any]) -> str:
    """Return what a message or a delta holds of thinking; upstreams that name it twice mean it once."""
    return _string(body, "reasoning_content") or _string(body, "reasoning")


def text_of(body: Mapping[str, Any]) -> str:
    """Return what a message or a delta holds of text, the words of a refusal included."""
    return _string(body, "content") + _string(body, "refusal")


def _blocks(body: Mapping[str, Any], *, request_id: UUID) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    if thought := thought_of(body):
        content.append({"type": "thinking", "thinking": thought, "signature": SIGNATURE})
    if text := text_of(body):
        content.append({"type": "text", "text": text})
    listed = body.get("tool_calls")
    for number, given in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(given, dict):
            call = Call()
            call.add(given)
            if call.name:
                # The input goes out as it came, so that no number is rounded on the way.
                content.append(
                    call.block(orjson.Fragment(call.input()), request_id=request_id, number=number)
                )
    return content


def _string(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
