"""The input items of a request as the messages of a chat.

A chat holds what a model said at once in one message: reasoning, content and calls. The results of calls come
right after it, whatever stood between them among the items, and pictures among results go in a user's message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from ...ask import invalid
from . import parts, sealed
from .tools import INPUT, Toolbox, upstream_name

__all__ = ["messages_of"]

_INSTRUCTING = ("system", "developer")
_ROLES = ("user", *_INSTRUCTING, "assistant")
_TEXT = ("input_text", "output_text", "text", "refusal")
# What another service did while it answered; what came of it stands in its message.
_LEFT_OUT = ("web_search_call",)
_CALLS = {"shell_call": "shell", "local_shell_call": "local_shell", "apply_patch_call": "apply_patch"}


@dataclass(slots=True)
class _Turn:
    """A message with the results of its calls; `waiting` has the place of each call without a result."""

    message: dict[str, Any]
    results: list[dict[str, Any]] = field(default_factory=list)
    shown: parts.Parts = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether what the model says next belongs to this message."""
        return self.message["role"] == "assistant" and not self.results

    def messages(self) -> list[dict[str, Any]]:
        """Return the message with what belongs after it."""
        shown = [{"role": "user", "content": self.shown}] if self.shown else []
        return [self.message, *self.results, *shown]


def messages_of(instructions: str | None, given: Any, toolbox: Toolbox) -> list[dict[str, Any]]:
    """Return the messages; tools that items bring go into the toolbox. Raises Failure naming the item."""
    history = _History(toolbox)
    if instructions:
        history.say("system", instructions)
    if isinstance(given, str):
        history.say("user", given)
    elif isinstance(given, list) and given:
        for number, item in enumerate(given):
            history.add(item, f"input[{number}]")
    else:
        raise invalid("input", "input must be a string or a non-empty list of items.")
    return _merged(history.messages())


class _History:
    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox
        self._turns: list[_Turn] = []
        self._called: dict[str, _Turn] = {}
        self._thoughts: list[str] = []
        self._signed: list[dict[str, Any]] = []
        self._readers: Mapping[str, Callable[[Mapping[str, Any], str], None]] = {
            "message": self._message,
            "reasoning": self._reasoning,
            "function_call": self._function_call,
            "custom_tool_call": self._custom_call,
            "tool_search_call": self._tool_search_call,
            "tool_search_output": self._tool_search_output,
            "function_call_output": self._output,
            "custom_tool_call_output": self._output,
            "local_shell_call_output": self._output,
            "shell_call_output": self._shell_output,
            "apply_patch_call_output": self._patch_output,
            "additional_tools": self._more_tools,
            **dict.fromkeys(_CALLS, self._built_in_call),
        }

    def say(self, role: str, content: Any) -> _Turn:
        """Begin a message."""
        turn = _Turn({"role": role, "content": content})
        self._turns.append(turn)
        return turn

    def add(self, item: Any, place: str) -> None:
        """Read one item. Raises Failure."""
        if not isinstance(item, dict):
            raise invalid(place, f"{place} must be an object.")
        kind = item.get("type", "message" if "role" in item else None)
        if kind in _LEFT_OUT:
            return
        reader = self._readers.get(kind) if isinstance(kind, str) else None
        if reader is None:
            raise invalid(
                f"{place}.type",
                f"{place}.type {str(kind)[:64]!r} is not understood: items are not kept here, and what only"
                " OpenAI's servers run has no meaning for other models.",
            )
        reader(item, place)

    def messages(self) -> list[dict[str, Any]]:
        """Return all messages. Raises Failure if a call has no result."""
        for turn in self._turns:
            for call_id, place in turn.waiting.items():
                raise invalid(place, f"{place} calls a tool, but no output has its call_id {call_id[:128]}.")
        return [message for turn in self._turns for message in turn.messages()]

    def _message(self, item: Mapping[str, Any], place: str) -> None:
        role = item.get("role")
        if role not in _ROLES:
            raise invalid(f"{place}.role", f"{place}.role must be one of {', '.join(_ROLES)}.")
        content = parts.read(item.get("content"), f"{place}.content", only=() if role == "user" else _TEXT)
        if role == "assistant":
            self._answer(parts.text_of(content, between=""))
            return
        self._thoughts.clear()
        self._signed.clear()
        # Several upstreams take content only as a string.
        self.say(role, parts.text_of(content, between="\n") if parts.only_text(content) else content)

    def _answer(self, text: str) -> None:
        turn = self._speaking(continues=lambda message: not message["content"] or "tool_calls" in message)
        said = turn.message["content"]
        turn.message["content"] = f"{said}\n{text}" if said else text

    def _speaking(self, *, continues: Callable[[Mapping[str, Any]], bool] = lambda message: True) -> _Turn:
        """Return the model's message that goes on, or a new one, with the reasoning that led to it."""
        turn = self._turns[-1] if self._turns else None
        if turn is None or not turn.open or not continues(turn.message):
            turn = self.say("assistant", None)
        if self._thoughts:
            before = [turn.message["reasoning_content"]] if "reasoning_content" in turn.message else []
            turn.message["reasoning_content"] = "\n".join([*before, *self._thoughts])
            self._thoughts.clear()
        for detail in self._signed:
            listed = turn.message.setdefault("reasoning_details", [])
            listed.append({**detail, "index": len(listed)})
        self._signed.clear()
        return turn

    def _reasoning(self, item: Mapping[str, Any], place: str) -> None:
        token = item.get("encrypted_content")
        if isinstance(token, str) and token:
            found = sealed.opened(token)  # another service's reasoning cannot be read
            text = found.text
            self._signed += found.details
        else:
            pieces = item.get("content") or item.get("summary") or []
            if not isinstance(pieces, list) or not all(isinstance(piece, dict) for piece in pieces):
                raise invalid(f"{place}.summary", f"{place}.summary must be a list of objects.")
            text = "\n".join(piece["text"] for piece in pieces if isinstance(piece.get("text"), str))
        if text:
            self._thoughts.append(text)

    def _call(self, item: Mapping[str, Any], place: str, name: str, arguments: str) -> None:
        call_id = _text(item, "call_id", place)
        turn = self._speaking()
        call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        turn.message.setdefault("tool_calls", []).append(call)
        turn.waiting[call_id] = place
        self._called[call_id] = turn

    def _function_call(self, item: Mapping[str, Any], place: str) -> None:
        name = upstream_name(item.get("namespace"), _text(item, "name", place))
        self._call(item, place, name, _text(item, "arguments", place, empty=True) or "{}")

    def _custom_call(self, item: Mapping[str, Any], place: str) -> None:
        name = upstream_name(item.get("namespace"), _text(item, "name", place))
        self._call(item, place, name, _json({INPUT: _text(item, "input", place, empty=True)}))

    def _built_in_call(self, item: Mapping[str, Any], place: str) -> None:
        name = _CALLS[item["type"]]
        if name == "apply_patch":
            arguments = {"operation": _object(item, "operation", place)}
        else:
            action = _object(item, "action", place)
            arguments = {key: value for key, value in action.items() if value is not None and key != "type"}
        self._call(item, place, name, _json(arguments))

    def _tool_search_call(self, item: Mapping[str, Any], place: str) -> None:
        if item.get("execution") == "client":
            self._call(item, place, "tool_search", _json(item.get("arguments") or {}))

    def _tool_search_output(self, item: Mapping[str, Any], place: str) -> None:
        names = self._load(item, place)
        if item.get("execution") == "client":
            # The tools themselves are offered from now on; told here too they would be paid for twice.
            said = f"These tools can be called now: {', '.join(names)}." if names else "No tool was found."
            self._result(item, place, [{"type": "text", "text": said}])

    def _more_tools(self, item: Mapping[str, Any], place: str) -> None:
        self._load(item, place)

    def _load(self, item: Mapping[str, Any], place: str) -> list[str]:
        if not isinstance(item.get("tools"), list):
            raise invalid(f"{place}.tools", f"{place}.tools must be a list.")
        return self._toolbox.load(item["tools"], f"{place}.tools")

    def _output(self, item: Mapping[str, Any], place: str) -> None:
        self._result(item, place, parts.read(item.get("output"), f"{place}.output"))

    def _shell_output(self, item: Mapping[str, Any], place: str) -> None:
        if not isinstance(item.get("output"), list):
            raise invalid(f"{place}.output", f"{place}.output must be a list.")
        self._result(item, place, [{"type": "text", "text": _json(item["output"])}])

    def _patch_output(self, item: Mapping[str, Any], place: str) -> None:
        said = [str(item[name]) for name in ("status", "output") if item.get(name)]
        self._result(item, place, [{"type": "text", "text": "\n".join(said)}])

    def _result(self, item: Mapping[str, Any], place: str, content: parts.Parts) -> None:
        # The output of a local shell names its call by `id`.
        call_id = _text(item, "call_id" if item.get("call_id") or "id" not in item else "id", place)
        turn = self._called.get(call_id)
        if turn is None:
            raise invalid(f"{place}.call_id", f"{place}.call_id {call_id[:128]} is of no call before it.")
        turn.waiting.pop(call_id, None)
        text = parts.text_of(content, between="\n")
        shown = [part for part in content if part["type"] != "text"]
        if shown:
            text = text or "See the next message."
            turn.shown += [{"type": "text", "text": f"Output of {call_id}:"}, *shown]
        turn.results.append({"role": "tool", "tool_call_id": call_id, "content": text})


def _merged(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages with the instructions they begin with as one: some upstreams take one, and only first."""
    number = next(
        (place for place, each in enumerate(messages) if each["role"] not in _INSTRUCTING), len(messages)
    )
    if number < 2:
        return messages
    text = "\n\n".join(message["content"] for message in messages[:number])
    return [{"role": messages[0]["role"], "content": text}, *messages[number:]]


def _text(item: Mapping[str, Any], name: str, place: str, *, empty: bool = False) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not (value or empty):
        wanted = "a string" if empty else "a non-empty string"
        raise invalid(f"{place}.{name}", f"{place}.{name} must be {wanted}.")
    return value


def _object(item: Mapping[str, Any], name: str, place: str) -> dict[str, Any]:
    value = item.get(name)
    if not isinstance(value, dict):
        raise invalid(f"{place}.{name}", f"{place}.{name} must be an object.")
    return value


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        raise invalid(None, "The body is nested too deeply.") from error
