"""What a caller of Responses asks for, as the chat that means the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ...ask import chat_ask, invalid, read_object
from ..translated import Translated
from .history import messages_of
from .tools import Toolbox

__all__ = ["ENCRYPTED", "GREATEST_LOGPROBS", "OF_CHATS", "STATEFUL", "ResponsesAsk", "read"]

ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
GREATEST_LOGPROBS = 20

_ACTED_ON = ("model", "input", "instructions", "stream", "max_output_tokens", "tools", "tool_choice")
STATEFUL = {
    "background": "background must be false: an answer that nobody waits for would have to be stored.",
    "previous_response_id": "previous_response_id is refused: this API is stateless and stores no responses;"
    " send the earlier items in input.",
    "conversation": "conversation is refused: this API is stateless and keeps none; send its items in input.",
    "prompt": "prompt is refused: no templates are kept here; send instructions and input.",
    "context_management": "context_management is refused: histories are not compacted here;"
    ' truncation "auto" drops the oldest turns.',
}
# Fields of a chat that Responses has under another name: taken silently they would undo the other.
OF_CHATS = {
    "messages": "input",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "verbosity": "text.verbosity",
    "functions": "tools",
    "function_call": "tool_choice",
    "logprobs": "top_logprobs",
    "n": None,
}
# Ours to translate or to note; everything else goes upstream as it came.
_OWN = frozenset(
    (
        *(
            "input",
            "instructions",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "max_output_tokens",
            "text",
        ),
        *("reasoning", "truncation", "include", "top_logprobs", "stream_options"),
        # Nothing is stored; OpenAI's chats take metadata only with what is stored.
        *("store", "metadata"),
        # It bounds tools that run on the server, of which there are none.
        "max_tool_calls",
        # What a client writes to itself.
        "client_metadata",
        *STATEFUL,
    )
)
_ECHOED = (
    *("instructions", "max_output_tokens", "max_tool_calls", "metadata", "prompt_cache_key"),
    *("prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "temperature", "text"),
    *("tool_choice", "top_logprobs", "top_p", "truncation", "user"),
)
# Fields of a response for what is not done here.
_ABSENT = (
    *("access_programs", "conversation", "image", "input_transformations", "moderation"),
    *("previous_response_id", "prompt", "prompt_cache_diagnostics", "prompt_cache_options", "tool_usage"),
)
_FALLBACKS: Mapping[str, Any] = {
    "metadata": {},
    "reasoning": {"effort": None, "summary": None},
    "tool_choice": "auto",
    "top_logprobs": 0,
    "truncation": "disabled",
}


@dataclass(frozen=True, slots=True)
class ResponsesAsk(Translated):
    """A chat with what its answer needs to be a response: the caller's tools, and the fields that are echoed."""

    prompt_field = "input"

    toolbox: Toolbox
    echo: Mapping[str, Any]
    sealing: bool


def read(raw: bytes) -> ResponsesAsk:
    """Read the body of a response that is to be created. Raises Failure naming the field that is wrong."""
    body = read_object(raw, acted_on=_ACTED_ON)
    _refuse(body)
    include = _include(body.get("include"))
    toolbox = Toolbox.read(body.get("tools"))
    instructions = _typed(body, "instructions", str)
    chat: dict[str, Any] = {name: value for name, value in body.items() if name not in _OWN}
    chat["messages"] = messages_of(instructions, body.get("input"), toolbox)
    chat |= _tools(body, toolbox) | _limits(body, include) | _manner(body)
    try:
        size = len(orjson.dumps(chat))
    except orjson.JSONEncodeError as error:
        raise invalid(None, "The body is nested too deeply.") from error
    return ResponsesAsk(
        chat_ask(chat, size=size), toolbox, _echo(body, toolbox), sealing=ENCRYPTED in include
    )


def _refuse(body: Mapping[str, Any]) -> None:
    _typed(body, "store", bool)
    for name, message in STATEFUL.items():
        if body.get(name):
            raise invalid(name, message)
    for name, instead in OF_CHATS.items():
        if name in body:
            hint = f"; use {instead}" if instead else ""
            raise invalid(name, f"{name} is not a field of responses{hint}.")


def _tools(body: Mapping[str, Any], toolbox: Toolbox) -> dict[str, Any]:
    tools, choice = toolbox.chosen(body.get("tool_choice"))
    parallel = _typed(body, "parallel_tool_calls", bool)
    if not tools:
        return {}  # upstreams refuse both fields without tools
    chosen = {"tool_choice": choice, "parallel_tool_calls": parallel}
    return {"tools": tools, **{name: value for name, value in chosen.items() if value is not None}}


def _limits(body: Mapping[str, Any], include: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if (most := _number(body, "max_output_tokens", least=1, greatest=2**31 - 1)) is not None:
        fields["max_tokens"] = most
    top = _number(body, "top_logprobs", least=0, greatest=GREATEST_LOGPROBS)
    if top or LOGPROBS in include:
        fields["logprobs"] = True
    if top:
        fields["top_logprobs"] = top
    truncation = body.get("truncation")
    if truncation not in (None, "auto", "disabled"):
        raise invalid("truncation", "truncation must be auto or disabled.")
    if truncation is not None:
        fields["transforms"] = ["truncate"] if truncation == "auto" else []
    return fields


def _manner(body: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    reasoning, text = _typed(body, "reasoning", dict) or {}, _typed(body, "text", dict) or {}
    if reasoning.get("effort") is not None:
        fields["reasoning"] = {"effort": reasoning["effort"]}
    if text.get("verbosity") is not None:
        fields["verbosity"] = text["verbosity"]
    form = _typed(text, "format", dict, within="text.") or {"type": "text"}
    if form.get("type") == "json_object":
        fields["response_format"] = {"type": "json_object"}
    elif form.get("type") == "json_schema":
        names = ("name", "description", "schema", "strict")
        schema = {name: form[name] for name in names if form.get(name) is not None}
        if not isinstance(form.get("schema"), dict) or not isinstance(form.get("name"), str):
            raise invalid("text.format", "text.format must have a name and a schema.")
        fields["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif form.get("type") != "text":
        raise invalid("text.format.type", "text.format.type must be text, json_object or json_schema.")
    return fields


def _echo(body: Mapping[str, Any], toolbox: Toolbox) -> dict[str, Any]:
    echo = {name: body.get(name) for name in _ECHOED}
    echo |= {name: value for name, value in _FALLBACKS.items() if echo[name] is None}
    parallel = body.get("parallel_tool_calls")
    return {
        **dict.fromkeys(_ABSENT),
        **echo,
        "background": False,
        "parallel_tool_calls": True if parallel is None else parallel,
        "store": False,
        "text": {"format": {"type": "text"}, **(body.get("text") or {})},
        "tools": toolbox.offered,
    }


def _include(include: Any) -> list[str]:
    if include is None:
        return []
    if not isinstance(include, list) or not all(isinstance(each, str) for each in include):
        raise invalid("include", "include must be a list of strings.")
    return include


def _typed(body: Mapping[str, Any], name: str, kind: type, *, within: str = "") -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        wanted = {str: "a string", bool: "true or false", dict: "an object"}[kind]
        raise invalid(within + name, f"{within}{name} must be {wanted}.")
    return value


def _number(body: Mapping[str, Any], name: str, *, least: int, greatest: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= greatest:
        raise invalid(name, f"{name} must be a whole number from {least} to {greatest}.")
    return value
