"""How the system prompt and the turns of Messages become the messages of a chat."""

import re
from typing import Any

import orjson

from ...marks import ERROR_PREFIX, UNPARSED
from . import blocks, checks, signing
from .blocks import Part
from .checks import wrong

__all__ = ["chat_messages"]

# Claude Code puts a line that differs in every request at the head of its prompt. It tells a model nothing,
# and with it there no provider would find the rest of the prompt in its cache.
_ATTRIBUTION = re.compile(r"\Ax-anthropic-billing-header:[^\n]*\n?")
_ELSEWHERE = {"type": "text", "text": "[attached to the next message]"}


def chat_messages(system: Any, messages: Any) -> list[dict[str, Any]]:
    """Return the messages of a chat, the system prompt first. Raises Failure naming the field that is wrong."""
    chat = [] if system is None else _system(system, at="system")
    turns = checks.listed(messages, at="messages")
    if not turns:
        raise wrong("messages", "At least one message is required")
    for number, turn in enumerate(turns):
        role, path = checks.text(turn, "role", at=f"messages.{number}"), f"messages.{number}.content"
        if turn.get("content") is None:
            raise wrong(path, "Field required")
        if role == "user":
            chat += _user(turn["content"], at=path)
        elif role == "assistant":
            chat.append(_assistant(turn["content"], at=path))
        elif role == "system":
            chat += _system(turn["content"], at=path)
        else:
            raise wrong(f"messages.{number}.role", "Input should be 'user', 'assistant' or 'system'")
    return chat


def _system(system: Any, *, at: str) -> list[dict[str, Any]]:
    listed = [{"type": "text", "text": system}] if isinstance(system, str) else checks.listed(system, at=at)
    for number, block in enumerate(listed):
        if block.get("type") != "text":
            raise wrong(f"{at}.{number}.type", "Input should be 'text'")
    found = [
        blocks.marked({"type": "text", "text": text}, block)
        for number, block in enumerate(listed)
        if (text := _ATTRIBUTION.sub("", checks.string(block, "text", at=f"{at}.{number}")))
    ]
    return [{"role": "system", "content": blocks.content(found)}] if found else []


def _user(content: Any, *, at: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results: list[dict[str, Any]] = []
    own: list[Part] = []
    for number, block in enumerate(checks.listed(content, at=at)):
        path = f"{at}.{number}"
        if block.get("type") == "tool_result":
            result, attached = _tool_result(block, at=path)
            results.append(result)
            own += attached
        else:
            own += blocks.parts(block, at=path)
    if not results and not own:
        raise wrong(at, "At least one content block is required")
    # Results stand first: a chat wants them right behind the calls.
    return [*results, {"role": "user", "content": blocks.content(own)}] if own else results


def _tool_result(block: dict[str, Any], *, at: str) -> tuple[dict[str, Any], list[Part]]:
    """Return the message of a result, and what it holds besides text: that has to go into a user's message."""
    content = block.get("content")
    found = [] if content is None else _parts(content, at=f"{at}.content")
    attached = [part for part in found if not blocks.is_text(part)]
    text = "\n".join((part if blocks.is_text(part) else _ELSEWHERE)["text"] for part in found)
    failed = {}
    if checks.flag(block, "is_error", at=at):
        text, failed = f"{ERROR_PREFIX}{text}", {"is_error": True}
    call_id = checks.text(block, "tool_use_id", at=at)
    return blocks.marked(
        {"role": "tool", "tool_call_id": call_id, "content": text, **failed}, block
    ), attached


def _assistant(content: Any, *, at: str) -> dict[str, Any]:
    if isinstance(content, str):
        return {"role": "assistant", "content": content}
    said: list[Part] = []
    thoughts: list[str] = []
    details: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for number, block in enumerate(checks.listed(content, at=at)):
        path = f"{at}.{number}"
        match block.get("type"):
            case "thinking":
                thoughts.append(checks.string(block, "thinking", at=path))
                details += signing.details(block, place=number)
            case "redacted_thinking":
                checks.text(block, "data", at=path)
                details += signing.details(block, place=number)
            case "tool_use":
                calls.append(_call(block, at=path))
            case "text":
                words = checks.string(block, "text", at=path)
                said.append(blocks.marked({"type": "text", "text": words}, block))
            case kind:
                raise wrong(f"{path}.type", f"Blocks of type {str(kind)[:64]!r} are not available here")
    message: dict[str, Any] = {
        "role": "assistant",
        "content": blocks.content(said, between="") if said or not calls else None,
    }
    if any(thoughts):
        message["reasoning_content"] = "".join(thoughts)
    if details:
        message["reasoning_details"] = [{**detail, "index": index} for index, detail in enumerate(details)]
    return {**message, "tool_calls": calls} if calls else message


def _call(block: dict[str, Any], *, at: str) -> dict[str, Any]:
    given = block.get("input")
    if not isinstance(given, dict):
        raise wrong(f"{at}.input", "Field required" if given is None else "Input should be an object")
    unparsed = given.get(UNPARSED)
    function = {
        "name": checks.text(block, "name", at=at),
        "arguments": unparsed if isinstance(unparsed, str) else orjson.dumps(given).decode(),
    }
    call = {"id": checks.text(block, "id", at=at), "type": "function", "function": function}
    return blocks.marked(call, block)


def _parts(content: Any, *, at: str) -> list[Part]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    listed = checks.listed(content, at=at)
    return [part for number, block in enumerate(listed) for part in blocks.parts(block, at=f"{at}.{number}")]
