"""What Gemini is sent for a chat, as the tests look at it."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson

from inference.adapters import Call
from inference.adapters.gemini import GEMINI
from inference.ask import read_chat
from tests.fakes.hops import ONE

HI = {"role": "user", "content": "Hi"}
NEW, OLD = "gemini-3-flash-preview", "gemini-2.5-flash"
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
TOOL = {
    "type": "function",
    "function": {"name": "f", "description": "does", "parameters": SCHEMA, "strict": True},
}
PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "fine"}
API = "https://generativelanguage.googleapis.com/v1beta"
VERTEX = "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google"


def calling(given: str = '{"a":1}', **fields: Any) -> dict[str, Any]:
    """An assistant's message that calls f, with arguments as text."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": given}}
    return {"role": "assistant", "content": None, "tool_calls": [{**call, **fields}]}


def call(
    *messages: dict[str, Any], model: str = NEW, base_url: str = API, secret: str | None = "k", **fields: Any
) -> Call:
    """The call that a chat becomes on its way through the gateway."""
    asked = read_chat(orjson.dumps({"model": "route/m", "messages": list(messages) or [HI], **fields}))
    hop = replace(ONE, dialect="gemini", reasoning="reasoning", base_url=base_url, upstream_model=model)
    body = asked.outgoing(hop, max_tokens=8192)
    return asyncio.run(GEMINI.call(hop, "/chat/completions", body, secret=secret, stream=asked.stream))


def sent(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of such a call."""
    body: dict[str, Any] = orjson.loads(call(*messages, **fields).body)
    return body


def contents(*messages: dict[str, Any], **fields: Any) -> Any:
    """The contents of such a body."""
    return sent(*messages, **fields)["contents"]


def config(*messages: dict[str, Any], **fields: Any) -> Any:
    """The generation config of such a body."""
    return sent(*messages, **fields)["generationConfig"]
