"""What a chat becomes on its way to Anthropic; its own client's types read all that is sent."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
from anthropic.types import (
    MessageParam,
    OutputConfigParam,
    TextBlockParam,
    ThinkingConfigParam,
    ToolChoiceParam,
    ToolParam,
)
from anthropic.types.message_create_params import MessageCreateParamsBase
from pydantic import TypeAdapter

from inference.adapters import Call
from inference.adapters.anthropic import ANTHROPIC
from inference.ask import ChatAsk, read_chat
from inference.marks import ANTHROPIC as FORM
from tests.fakes.hops import ONE

HI = {"role": "user", "content": "Hi"}
TOOL = {
    "type": "function",
    "function": {"name": "f", "description": "does", "parameters": {"properties": {}}, "strict": True},
}
CALL = {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
RESULT = {"role": "tool", "tool_call_id": "toolu_1", "content": "fine"}
OLD, NEW = "claude-sonnet-4-5", "claude-opus-4-8"
# Older models take these too; the client's types name only what the newest do.
SAMPLING = frozenset(("temperature", "top_p", "top_k", "stream"))
_TYPES: dict[str, Any] = {
    "system": list[TextBlockParam],
    "messages": list[MessageParam],
    "tools": list[ToolParam],
    "tool_choice": ToolChoiceParam,
    "thinking": ThinkingConfigParam,
    "output_config": OutputConfigParam,
}


def call(*messages: dict[str, Any], model: str = OLD, stream: bool = False, **fields: Any) -> Call:
    """Return the call that asks for a chat; one message if none is given."""
    body = {"model": "route/m", "messages": list(messages) or [HI], "stream": stream, **fields}
    return calling(read_chat(orjson.dumps(body)), model=model)


def calling(asked: ChatAsk, *, model: str = OLD) -> Call:
    """Return the call for a chat that was read."""
    hop = replace(ONE, dialect="anthropic", reasoning="thinking", upstream_model=model)
    body = asked.outgoing(hop, max_tokens=8192)
    return asyncio.run(ANTHROPIC.call(hop, "/chat/completions", body, secret="sk", stream=asked.stream))


def sent(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return what is sent, after Anthropic's own types have read it."""
    return checked(call(*messages, **fields))


def checked(made: Call) -> dict[str, Any]:
    """Return the body of a call, after Anthropic's own types have read it."""
    body: dict[str, Any] = orjson.loads(made.body)
    known = {name: value for name, value in body.items() if name not in SAMPLING}
    assert known.keys() <= MessageCreateParamsBase.__annotations__.keys()
    TypeAdapter(MessageCreateParamsBase).validate_python(known)
    for name, kind in _TYPES.items():
        if name in body:
            TypeAdapter(kind).validate_python(body[name])
    return body


def text(words: str, **more: Any) -> dict[str, Any]:
    """Return a part, or a block, of text."""
    return {"type": "text", "text": words, **more}


def thought(words: str, signature: str | None, place: int | None = None) -> dict[str, Any]:
    """Return an entry of reasoning."""
    signed = {"signature": signature} if signature else {}
    placed = {"id": f"block-{place}"} if place is not None else {}
    return {"type": "reasoning.text", "text": words, "format": FORM, **signed, **placed}
