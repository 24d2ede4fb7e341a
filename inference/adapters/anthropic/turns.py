"""How the messages of a chat become a system prompt and turns of a user and an assistant."""

import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from ... import marks
from .. import Unsupported
from .blocks import Block, blocks, marked

__all__ = ["signed_before_calls", "turns_of"]

_SYSTEM = ("system", "developer")
_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_-]")


def turns_of(messages: Iterable[dict[str, Any]]) -> tuple[list[Block], list[dict[str, Any]]]:
    """Return the blocks of the system prompt, and the turns, no two of one role in a row. Raises Unsupported."""
    system: list[Block] = []
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = message["role"]
        if role in _SYSTEM:
            system += blocks(message.get("content"))
        elif role == "user":
            _add(turns, "user", blocks(message.get("content")))
        elif role == "tool":
            _add(turns, "user", [_result(message)])
        elif role == "assistant":
            _add(turns, "assistant", _said(message))
        else:
            raise Unsupported("messages", f"Anthropic's models know no role {role[:64]!r}.")
    if not turns:
        raise Unsupported("messages", "Anthropic's models want a message besides the system prompt.")
    for turn in turns:
        # Results come right behind the calls that they are of.
        turn["content"].sort(key=lambda block: block["type"] != "tool_result")
    _trim(turns[-1])
    return system, turns


def signed_before_calls(turns: list[dict[str, Any]]) -> bool:
    """Tell whether the calls whose results come last begin with reasoning, or there are no such calls."""
    if turns[-1]["role"] != "user" or turns[-1]["content"][0]["type"] != "tool_result":
        return True
    before = turns[-2]["content"] if len(turns) > 1 else []
    return bool(before) and before[0]["type"] in ("thinking", "redacted_thinking")


def _add(turns: list[dict[str, Any]], role: str, content: list[Block]) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += content
    elif content:
        turns.append({"role": role, "content": content})


def _trim(last: dict[str, Any]) -> None:
    # A turn of the assistant's that is to be continued may not end in white space.
    block = last["content"][-1]
    if last["role"] == "assistant" and block["type"] == "text":
        block["text"] = block["text"].rstrip() or block["text"]


def _result(message: Mapping[str, Any]) -> Block:
    content, failed = message.get("content"), message.get("is_error") is True
    if isinstance(content, str):
        told: Any = content.removeprefix(marks.ERROR_PREFIX) if failed else content
    else:
        told = blocks(content)
    block = {"type": "tool_result", "tool_use_id": _call_id(message["tool_call_id"])}
    return marked(
        {**block, **({"content": told} if told else {}), **({"is_error": True} if failed else {})}, message
    )


def _said(message: Mapping[str, Any]) -> list[Block]:
    """Return what the assistant said: its signed reasoning where it stood, text, calls."""
    content = message.get("content")
    rest = blocks(content) + blocks(message.get("refusal"))
    rest += [_call(call) for call in message.get("tool_calls") or ()]
    if not rest:
        return []  # a turn of nothing but reasoning is refused
    placed = [
        (marks.place_of(detail), block)
        for detail in marks.details_of(message, marks.ANTHROPIC)
        if (block := _thought(detail)) is not None
    ]
    return marks.woven(placed, rest, behind=1)  # a turn may not end with reasoning


def _thought(detail: Mapping[str, Any]) -> Block | None:
    text, signature, data = (detail.get(name) for name in ("text", "signature", "data"))
    if detail.get("type") == "reasoning.encrypted" and isinstance(data, str) and data:
        return {"type": "redacted_thinking", "data": data}
    if detail.get("type") == "reasoning.text" and isinstance(signature, str) and signature:
        return {
            "type": "thinking",
            "thinking": text if isinstance(text, str) else "",
            "signature": signature,
        }
    return None  # without a signature it would be refused


def _call(call: Mapping[str, Any]) -> Block:
    function, name = call.get("function"), call.get("id")
    if not isinstance(function, dict) or not isinstance(name, str) or not name:
        raise Unsupported("messages", "Anthropic's models know only calls of functions that have an id.")
    block = {"type": "tool_use", "id": _call_id(name), "name": function["name"]}
    return marked({**block, "input": _input(function.get("arguments"))}, call)


def _input(arguments: Any) -> Any:
    text = arguments if isinstance(arguments, str) else ""
    try:
        if not text.strip():
            return {}
        if isinstance(orjson.loads(text), dict):
            return orjson.Fragment(text)  # as it was written: no number is rounded
    except orjson.JSONDecodeError:
        pass
    return {marks.UNPARSED: text}


def _call_id(name: str) -> str:
    """Return an id that Anthropic takes; those of other providers may hold signs that it does not."""
    plain = _FORBIDDEN.sub("_", name)
    return plain if plain == name else f"{plain}_{zlib.crc32(name.encode()):08x}"
