"""How the body of a Messages request becomes the chat that upstreams are asked for; pure."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ... import tokens
from ...ask import ChatAsk, chat_ask, invalid, read_object
from . import checks, tools, turns
from .checks import wrong

__all__ = ["EFFORTS", "LEFT_OUT", "REFUSED", "chat_body", "prompt_tokens", "read", "read_for_counting"]

# Anthropic's figure for a picture of the greatest size it does not shrink.
IMAGE_TOKENS = 1_600
# OpenAI takes no longer name for a user; a SHA-256 in hex is as long as that.
USER_LENGTH = 64

# What says something to Anthropic alone. Every other field that is not here goes upstream as it came.
REFUSED: Mapping[str, str] = {
    "container": "there are no containers here",
    "mcp_servers": "servers are not called from here: call them yourself and offer their tools as tools",
    "inference_geo": "where a provider computes cannot be chosen here",
    "workspace_id": "the key alone says which workspace pays",
    "n": "one message answers one request",
    "stop": "not a field of Messages: use stop_sequences",
    "max_completion_tokens": "not a field of Messages: use max_tokens",
}
LEFT_OUT: Mapping[str, str] = {
    "service_tier": "there is one tier, and the answer names it",
    "speed": "there is one speed",
    "context_management": "advice on saving tokens: the whole history goes upstream instead",
    "diagnostics": "asks for notes on Anthropic's cache",
    "user_profile_id": "names a profile kept at Anthropic",
    "anthropic_version": "the header's twin, for clouds that sign requests",
    "anthropic_beta": "the header's twin, for clouds that sign requests",
    "stream_options": "the usage of a stream is always told",
}
EFFORTS = ("low", "medium", "high", "xhigh", "max")


def read(raw: bytes) -> ChatAsk:
    """Read a request for a message. Raises Failure naming the field that is wrong."""
    return _asked(raw, required=("max_tokens",))


def read_for_counting(raw: bytes) -> ChatAsk:
    """Read a request that wants its prompt counted only. Raises Failure naming the field that is wrong."""
    return _asked(raw, required=())


def prompt_tokens(ask: ChatAsk) -> int:
    """Return how many tokens go in, by our own count; an upstream may count otherwise, and it is the one paid by."""
    lists = [content for message in ask.body["messages"] if isinstance(content := message["content"], list)]
    images = sum(1 for content in lists for part in content if part["type"] == "image_url")
    return tokens.count([ask.prompt_text()])[0] + IMAGE_TOKENS * images


def _asked(raw: bytes, *, required: tuple[str, ...]) -> ChatAsk:
    # A field given twice cannot mean one thing here and another upstream: the body is written anew.
    body = read_object(raw, acted_on=())
    for name in required:
        checks.whole(body, name)
    try:
        chat = chat_body(body)
        size = len(orjson.dumps(chat))
    except orjson.JSONEncodeError as error:
        raise invalid(None, "The body is nested too deeply.") from error
    return chat_ask(chat, size=size, translated=True)


def chat_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chat completion that asks for the same. Raises Failure naming the field that is wrong."""
    given = {name: value for name, value in body.items() if value is not None and name not in LEFT_OUT}
    for name, reason in REFUSED.items():
        if given.get(name):
            raise wrong(name, reason)
    checks.flag(given, "stream")
    if "max_tokens" in given:
        checks.whole(given, "max_tokens")
    chat = {name: value for name, value in given.items() if name not in _TRANSLATED and name not in REFUSED}
    chat["model"] = checks.text(given, "model")
    chat["messages"] = turns.chat_messages(given.get("system"), given.get("messages", []))
    chat.update(tools.chat_tools(given))
    for name, translate in _FIELDS.items():
        if name in given:
            chat.update(translate(given[name]))
    if chat.get("thinking") == {"type": "disabled"}:
        chat.pop("reasoning_effort", None)  # an effort without thinking is no contradiction to Anthropic
    return chat


def _stop_sequences(given: Any) -> dict[str, Any]:
    if not isinstance(given, list) or not all(isinstance(each, str) and each for each in given):
        raise wrong("stop_sequences", "Input should be a list of non-empty strings")
    return {"stop": given} if given else {}


def _metadata(given: Any) -> dict[str, Any]:
    user = _object(given, "metadata").get("user_id")
    if user is None:
        return {}
    name = checks.text(given, "user_id", at="metadata")
    return {"user": name if len(name) <= USER_LENGTH else hashlib.sha256(name.encode()).hexdigest()}


def _thinking(given: Any) -> dict[str, Any]:
    kind = checks.text(_object(given, "thinking"), "type", at="thinking")
    if kind == "enabled":
        budget = checks.whole(given, "budget_tokens", at="thinking")
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    if kind in ("adaptive", "between_tools"):
        return {"thinking": {"type": "enabled"}}  # how much and when is for the model to decide
    if kind == "disabled":
        return {"thinking": {"type": "disabled"}}
    raise wrong("thinking.type", "Input should be 'enabled', 'disabled' or 'adaptive'")


def _output_config(given: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    effort = _object(given, "output_config").get("effort")
    if effort is not None:
        if effort not in EFFORTS:
            raise wrong("output_config.effort", f"Input should be one of {', '.join(EFFORTS)}")
        fields["reasoning_effort"] = effort
    if given.get("format") is not None:
        fields |= _format(given["format"], at="output_config.format")
    return fields


def _format(given: Any, *, at: str = "output_format") -> dict[str, Any]:
    if checks.text(_object(given, at), "type", at=at) != "json_schema":
        raise wrong(f"{at}.type", "Input should be 'json_schema'")
    schema = _object(given.get("schema"), f"{at}.schema")
    wanted = {"name": "answer", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


def _object(given: Any, at: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise wrong(at, "Field required" if given is None else "Input should be an object")
    return given


_FIELDS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "stop_sequences": _stop_sequences,
    "metadata": _metadata,
    "thinking": _thinking,
    "output_config": _output_config,
    "output_format": _format,
}
_TRANSLATED = {"model", "messages", "system", "tools", "tool_choice", *_FIELDS}
