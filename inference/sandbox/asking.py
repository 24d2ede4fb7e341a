"""What a request asks of the sandbox: a JSON body read into an `Ask`, or refused naming the field."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from inference.sandbox import words

__all__ = ["Ask", "Invalid", "Tool", "chat", "completion", "inputs", "model_of", "number", "seed_of"]

IMAGE_TOKENS = 85
FILE_TOKENS = 100
MESSAGE_TOKENS = 3
GREATEST_N = 128
GREATEST_CHOICES = 1_000
GREATEST_MAX_TOKENS = 10_000_000


class Invalid(Exception):
    """A body the sandbox cannot answer: `param` is the field, `message` what to do about it."""

    def __init__(self, param: str | None, message: str) -> None:
        super().__init__(message)
        self.param = param
        self.message = message


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the caller offers: its name and the JSON schema of its parameters."""

    name: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A chat or text completion that was asked for; `limit` in tokens, None when the caller set none."""

    model: str
    seed: int
    prompt_tokens: int
    last_text: str
    limit: int | None
    n: int
    stop: tuple[str, ...]
    stream: bool
    include_usage: bool
    tools: tuple[Tool, ...] = ()
    tool_required: bool = False
    parallel: bool = True
    schema: dict[str, Any] | None = None


def model_of(body: object) -> str:
    """The model a body names. Raises Invalid when it is no object or names none."""
    if not isinstance(body, dict):
        raise Invalid(None, "The body must be a JSON object.")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Invalid("model", "model must be a non-empty string.")
    return model


def chat(body: dict[str, Any]) -> Ask:
    """Read a body of /v1/chat/completions. Raises Invalid."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Invalid("messages", "messages must be a non-empty list.")
    if not all(isinstance(message, dict) and message.get("role") for message in messages):
        raise Invalid("messages", "each of messages must be an object with a role.")
    tools, required = _tools(body, messages)
    schema = _schema(body.get("response_format"))
    offered = [body[key] for key in ("tools", "response_format") if body.get(key)]
    return Ask(
        **_shared(body, messages),
        prompt_tokens=sum(map(_message_tokens, messages))
        + sum(words.count(_written(each).decode()) for each in offered),
        last_text=next((_text(m) for m in reversed(messages) if m["role"] == "user"), ""),
        limit=number(body, "max_completion_tokens", GREATEST_MAX_TOKENS)
        or number(body, "max_tokens", GREATEST_MAX_TOKENS),
        tools=tools,
        tool_required=required,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=schema,
    )


def completion(body: dict[str, Any]) -> Ask:
    """Read a body of /v1/completions, its prompt a string, strings, tokens or lists of tokens. Raises Invalid."""
    texts = inputs(body, "prompt")
    shared = _shared(body, texts)
    shared["n"] *= len(texts)
    if shared["n"] > GREATEST_CHOICES:
        raise Invalid("prompt", f"prompt times n may ask for at most {GREATEST_CHOICES} choices.")
    return Ask(
        **shared,
        prompt_tokens=sum(tokens for _, tokens in texts),
        last_text=texts[-1][0],
        limit=number(body, "max_tokens", GREATEST_MAX_TOKENS),
    )


def inputs(body: dict[str, Any], param: str) -> list[tuple[str, int]]:
    """The texts of a field that may be a string, strings, token numbers or lists of them, with their tokens.

    Raises Invalid when it is none of these, or empty.
    """
    value = body.get(param)
    if isinstance(value, str):
        return [(value, words.count(value))]
    if not isinstance(value, list) or not value:
        raise Invalid(param, f"{param} must be a string or a non-empty list.")
    if all(type(item) is int for item in value):
        return [(" ".join(map(str, value)), len(value))]
    if all(isinstance(item, str) for item in value):
        return [(item, words.count(item)) for item in value]
    if all(isinstance(item, list) and all(type(token) is int for token in item) for item in value):
        return [(" ".join(map(str, item)), len(item)) for item in value]
    raise Invalid(param, f"{param} must hold only strings or only token numbers.")


def _shared(body: dict[str, Any], prompt: object) -> dict[str, Any]:
    options = body.get("stream_options") or {}
    if not isinstance(options, dict):
        raise Invalid("stream_options", "stream_options must be an object.")
    stop = body.get("stop") or []
    stop = (stop,) if isinstance(stop, str) else tuple(stop) if isinstance(stop, list) else None
    if stop is None or not all(isinstance(text, str) and text for text in stop):
        raise Invalid("stop", "stop must be a string or a list of strings.")
    model = model_of(body)
    return {
        "model": model,
        "seed": seed_of(model, prompt),
        "n": number(body, "n", GREATEST_N) or 1,
        "stop": stop,
        "stream": body.get("stream") is True,
        "include_usage": options.get("include_usage") is True,
    }


def seed_of(model: str, prompt: object) -> int:
    """A number of 64 bits that depends on the model and the prompt, on the order of no object's keys. Raises Invalid."""
    return int.from_bytes(hashlib.blake2b(_written([model, prompt]), digest_size=8).digest(), "big")


def _written(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        # What came as JSON fails for this alone: it is read deeper than it is written.
        raise Invalid(None, "The body is nested too deeply.") from error


def number(body: dict[str, Any], param: str, greatest: int) -> int | None:
    """A field that is a whole number from 1 to `greatest`; None when it is absent or null. Raises Invalid."""
    value = body.get(param)
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= greatest:
        raise Invalid(param, f"{param} must be a whole number from 1 to {greatest}.")
    return value


def _parts(message: dict[str, Any]) -> Iterable[dict[str, Any]]:
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _text(message: dict[str, Any]) -> str:
    return "\n".join(text for part in _parts(message) if isinstance(text := part.get("text"), str))


def _message_tokens(message: dict[str, Any]) -> int:
    tokens = MESSAGE_TOKENS
    for part in _parts(message):
        if isinstance(text := part.get("text"), str):
            tokens += words.count(text)
        else:
            tokens += IMAGE_TOKENS if "image" in str(part.get("type")) else FILE_TOKENS
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            tokens += words.count(f"{function.get('name')} {function.get('arguments')}")
    return tokens


def _tools(body: dict[str, Any], messages: list[dict[str, Any]]) -> tuple[tuple[Tool, ...], bool]:
    """The functions that may be called now, and whether one must be.

    None after a tool's result: a caller that loops until there are no more calls must come to an end.
    """
    offered = body.get("tools") or []
    if not isinstance(offered, list) or not all(isinstance(tool, dict) for tool in offered):
        raise Invalid("tools", "tools must be a list of objects.")
    functions = [tool["function"] for tool in offered if isinstance(tool.get("function"), dict)]
    if not all(isinstance(each.get("parameters") or {}, dict) for each in functions):
        raise Invalid("tools", "the parameters of each of tools must be a JSON schema.")
    tools = tuple(Tool(str(each.get("name")), each.get("parameters") or {}) for each in functions)
    choice = body.get("tool_choice")
    if choice == "none" or messages[-1]["role"] == "tool":
        return (), False
    if isinstance(choice, dict) and isinstance(named := choice.get("function"), dict):
        chosen = tuple(tool for tool in tools if tool.name == named.get("name"))
        if not chosen:
            raise Invalid("tool_choice", "tool_choice names a function that tools does not have.")
        return chosen, True
    return tools, choice == "required"


def _schema(response_format: object) -> dict[str, Any] | None:
    if not isinstance(response_format, dict):
        return None
    if response_format.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    holder = response_format.get("json_schema")
    schema = holder.get("schema") if isinstance(holder, dict) else None
    return schema if isinstance(schema, dict) else None
