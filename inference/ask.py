"""What a caller asks for: the body read once, the fields the gateway acts on checked, everything else kept."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.snapshot import Hop

from . import marks, parts, reasoning, tokens, wishes
from .errors import Failure
from .wishes import Wishes

__all__ = [
    "STRIPPED",
    "ChatAsk",
    "chat_ask",
    "invalid",
    "read_chat",
    "read_object",
    "text_of",
]

GREATEST_N = 128
DEEPEST = 200
LEVELS_ADDED = 8
# Our own extensions and what could redirect a call: none of it is for an upstream.
STRIPPED = frozenset(
    ("models", "provider", "transforms", "api_base", "base_url", "api_key", "extra_headers", "proxy")
)
_ACTED_ON = (
    "model",
    "messages",
    "stream",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "stream_options",
    "tools",
)
_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class ChatAsk:
    """A chat completion that was asked for. Limits in tokens.

    `prompt_bound` is never less than the prompt has; `prompt_extra` is the part of it that is not text. `translated`
    tells that the chat was written here, and with what only some upstreams understand. `needs` are the
    parameters that a model must know to be asked at all.
    """

    body: Mapping[str, Any]
    model: str
    stream: bool
    include_usage: bool
    n: int
    limit: int | None
    prompt_bound: int
    prompt_extra: int
    prompt_images: int = 0
    images: int = 0
    translated: bool = False
    wishes: Wishes = wishes.NONE
    needs: frozenset[str] = frozenset()

    def prompt_text(self) -> str:
        """Return what goes in as one text, for counting; what images hold is left out."""
        parts = [text_of(message) for message in self.body["messages"]]
        if self.body.get("tools"):
            parts.append(orjson.dumps(self.body["tools"]).decode())
        return "\n".join(parts)

    @property
    def prompt_field(self) -> str:
        """The field that holds the prompt."""
        return "messages"

    @property
    def chat(self) -> "ChatAsk":
        """The chat that goes upstream: this one."""
        return self

    def outgoing(self, hop: Hop, *, max_tokens: int) -> dict[str, Any]:
        """Return the body that asks an upstream, with no limit above `max_tokens`; its dialect writes it."""
        body = {name: value for name, value in self.body.items() if name not in STRIPPED}
        body = marks.for_hop(body, hop, translated=self.translated)
        body = reasoning.written(body, hop.reasoning)
        body["model"] = hop.upstream_model
        if not hop.developer_role:
            body["messages"] = _without_developer(body["messages"])
        given = [name for name in _LIMITS if body.get(name) is not None]
        for name in given:
            body[name] = min(body[name], max_tokens)
        if not given:
            body["max_tokens"] = max_tokens
        if self.stream:
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        return body


def read_chat(raw: bytes) -> ChatAsk:
    """Read the body of a chat completion. Raises Failure naming the field that is wrong."""
    return chat_ask(read_object(raw, acted_on=_ACTED_ON), size=len(raw))


def chat_ask(body: dict[str, Any], *, size: int, translated: bool = False) -> ChatAsk:
    """Check a chat completion that came, or was translated from, `size` bytes of JSON. Raises Failure."""
    wished = wishes.read(body)
    model = body.get("model") or next(iter(wished.models), None)
    if not isinstance(model, str) or not model:
        raise invalid("model", "model must be a non-empty string.")
    messages = parts.checked(_messages(body.get("messages")))
    stream, options = body.get("stream"), body.get("stream_options")
    if stream is not None and not isinstance(stream, bool):
        raise invalid("stream", "stream must be true or false.")
    if options is not None and not isinstance(options, dict):
        raise invalid("stream_options", "stream_options must be an object.")
    tools = body.get("tools")
    if tools is not None and not (isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools)):
        raise invalid("tools", "tools must be a list of objects.")
    reasoning.asked(body)
    limits = [limit for name in _LIMITS if (limit := _whole(body, name, greatest=2**31 - 1)) is not None]
    images, image_bytes = _images(messages)
    extra = tokens.beside_text(messages=len(messages) + len(tools or ()), images=images)
    return ChatAsk(
        body={**body, "messages": messages},
        model=model,
        stream=bool(stream),
        include_usage=(options or {}).get("include_usage") is True,
        n=_whole(body, "n", greatest=GREATEST_N) or 1,
        limit=max(limits, default=None),
        # A byte-level tokenizer makes no token shorter than a byte.
        prompt_bound=extra + size - image_bytes,
        prompt_extra=extra,
        prompt_images=images,
        translated=translated,
        wishes=wished,
    )


def read_object(raw: bytes, *, acted_on: Iterable[str]) -> dict[str, Any]:
    """Read a body that is a JSON object. Raises Failure, also if a field that is acted on is given twice."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid(None, f"The body is not valid JSON: {error.msg}.") from error
    if not isinstance(body, dict):
        raise invalid(None, "The body must be a JSON object.")
    if raw.count(b"[") + raw.count(b"{") > DEEPEST:
        _refuse_depth(body)
    # Of a field given twice the last would count, here and upstream alike; it is refused all the same.
    if any(raw.count(b'"%b"' % name.encode()) > 1 for name in acted_on if name in body):
        _refuse_doubles(raw)
    return body


def _refuse_depth(body: dict[str, Any]) -> None:
    # What is read may be deeper than what can be written, and a translation may add some levels of its own;
    # that must not come out after the request was let in.
    nested: Any = body
    for _ in range(LEVELS_ADDED):
        nested = [nested]
    try:
        orjson.dumps(nested)
    except orjson.JSONEncodeError as error:
        raise invalid(None, "The body is nested too deeply.") from error


def _refuse_doubles(raw: bytes) -> None:
    try:
        json.loads(raw, object_pairs_hook=_without_doubles)
    except RecursionError as error:
        raise invalid(None, "The body is nested too deeply.") from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise invalid(double[:64], f"{double[:64]} is given twice.")
    return members


def _messages(messages: Any) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "messages must be a non-empty list.")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str) or not message["role"]:
            raise invalid(f"messages[{number}]", f"messages[{number}] must be an object with a role.")
        call_id = message.get("tool_call_id")
        if message["role"] == "tool" and not (isinstance(call_id, str) and call_id):
            raise invalid(
                f"messages[{number}].tool_call_id",
                f"messages[{number}].tool_call_id is required for role tool: a non-empty string.",
            )
    return messages


def _without_developer(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if all(message["role"] != "developer" for message in messages):
        return messages
    return [
        {**message, "role": "system"} if message["role"] == "developer" else message for message in messages
    ]


def _whole(body: Mapping[str, Any], name: str, *, greatest: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= greatest:
        raise invalid(name, f"{name} must be a whole number from 1 to {greatest}.")
    return value


def _images(messages: list[dict[str, Any]]) -> tuple[int, int]:
    """Return how many images the messages hold, and how many bytes of them stand in the body as base64."""
    number = size = 0
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and "image" in str(part.get("type")):
                number += 1
                source = part.get("image_url")
                url = source.get("url") if isinstance(source, dict) else source
                size += len(url) if isinstance(url, str) and url.startswith("data:") and url.isascii() else 0
    return number, size


def text_of(message: Mapping[str, Any]) -> str:
    """Return what a message holds as text: its parts of text and its calls of tools."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    texts += [
        text for name in ("reasoning_content", "reasoning") if isinstance(text := message.get(name), str)
    ]
    if message.get("tool_calls"):
        texts.append(orjson.dumps(message["tool_calls"]).decode())
    return "\n".join(texts)


def invalid(param: str | None, message: str) -> Failure:
    """Return the failure of a field that is wrong."""
    return Failure("VALIDATION_ERROR", message, param=param)
