"""How the body of a hub's chat becomes the chat that upstreams are asked for; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from ...ask import ChatAsk, chat_ask, invalid, read_object
from ...wishes import AUTO
from ..messages import checks, tools, turns
from ..messages.checks import wrong
from .talk import Message

__all__ = ["LONGEST_SESSION", "read", "session"]

LONGEST_SESSION = 128
_GREATEST_TEMPERATURE = 2
_TOOLS = frozenset(("tools",))
_READ = ("model", "messages", "stream", "temperature", "max_tokens", "session_id", "tools", "tool_choice")
_REFUSED = {
    "n": "one answer is given to one request",
    "functions": "not a field of the hub: offer tools",
    "system": "not a field of the hub: send a message of the role system",
}


def read(raw: bytes, *, with_tools: bool, earlier: Sequence[Message] = ()) -> ChatAsk:
    """Read a chat, with or without tools; `earlier` are the messages of its session. Raises Failure."""
    body = read_object(raw, acted_on=_READ)
    try:
        chat = _chat(body, with_tools=with_tools, earlier=earlier)
        size = len(orjson.dumps(chat))
    except orjson.JSONEncodeError as error:
        raise invalid(None, "The body is nested too deeply.") from error
    asked = chat_ask(chat, size=size, translated=True)
    return replace(asked, needs=_TOOLS) if with_tools else asked


def session(raw: bytes) -> tuple[str, list[Message]]:
    """Return the session that a body names, nothing without one, and its messages. Raises Failure."""
    body = read_object(raw, acted_on=("session_id",))
    name = body.get("session_id")
    if name is None:
        return "", []
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_SESSION or not name.isprintable():
        raise wrong("session_id", f"Input should be 1 to {LONGEST_SESSION} characters that can be seen")
    return name, checks.listed(body.get("messages"), at="messages")


def _chat(body: Mapping[str, Any], *, with_tools: bool, earlier: Sequence[Message]) -> dict[str, Any]:
    given = {name: value for name, value in body.items() if value is not None}
    for name, reason in _REFUSED.items():
        if name in given:
            raise wrong(name, reason)
    chat = {name: value for name, value in given.items() if name not in _READ}
    chat["model"] = checks.text(given, "model") if "model" in given else AUTO
    chat["stream"] = checks.flag(given, "stream") if "stream" in given else True
    if "temperature" in given:
        chat["temperature"] = _temperature(given["temperature"])
    if "max_tokens" in given:
        chat["max_tokens"] = checks.whole(given, "max_tokens")
    chat |= _tools(given, offered=with_tools)
    return chat | {"messages": _messages(given.get("messages"), earlier, with_tools=with_tools)}


def _tools(given: Mapping[str, Any], *, offered: bool) -> dict[str, Any]:
    if not offered and given.get("tools"):
        raise wrong("tools", "tools are offered on /code")
    return tools.chat_tools(given) if offered else {}


def _messages(given: Any, earlier: Sequence[Message], *, with_tools: bool) -> list[Message]:
    asked = checks.listed(given, at="messages")
    written = [_turn(turn, number, with_tools=with_tools) for number, turn in enumerate(asked)]
    chat = turns.chat_messages(None, written)
    before = [_turn(turn, number, with_tools=True) for number, turn in enumerate(earlier)]
    said = turns.chat_messages(None, before) if before else []
    # What the request tells the model stands before what was said earlier, as in any chat.
    orders = [message for message in chat if message["role"] == "system"]
    return [*orders, *said, *(message for message in chat if message["role"] != "system")]


def _turn(turn: Message, number: int, *, with_tools: bool) -> Message:
    """Return a message as Messages has it: a tool's result is there a block of the user's."""
    at = f"messages.{number}"
    role = checks.text(turn, "role", at=at)
    if role not in ("system", "user", "assistant", "tool") or (role == "tool" and not with_tools):
        known = "'system', 'user', 'assistant' or 'tool'" if with_tools else "'system', 'user' or 'assistant'"
        raise wrong(f"{at}.role", f"Input should be {known}")
    if role != "tool":
        return turn
    call = checks.text(turn, "tool_use_id", at=at)
    result = {"type": "tool_result", "tool_use_id": call, "content": turn.get("content")}
    return {"role": "user", "content": [result]}


def _temperature(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise wrong("temperature", "Input should be a number")
    if not 0 <= given <= _GREATEST_TEMPERATURE:
        raise wrong("temperature", f"Input should be from 0 to {_GREATEST_TEMPERATURE}")
    return given
