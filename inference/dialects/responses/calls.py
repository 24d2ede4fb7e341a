"""The calls a model makes, as output items in the form of the tool that is called."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from .events import Event, Slot, Status
from .tools import Tool, Toolbox
from .unwrapping import Unwrapper

__all__ = ["Call", "CustomCall", "FunctionCall", "built_in"]


class FunctionCall(Slot):
    """A call of a function: its arguments are passed on as they come."""

    def __init__(self, index: int, answer: str, call_id: str, *, name: str, namespace: str | None) -> None:
        item = {
            "id": f"fc_{answer}{index:04x}",
            "type": "function_call",
            "status": "in_progress",
            "call_id": call_id,
            "name": name,
            "arguments": "",
        }
        super().__init__(index, item | ({"namespace": namespace} if namespace else {}))
        self._pieces: list[str] = []

    def write(self, text: str) -> list[Event]:
        """Add a piece of the arguments."""
        if not text:
            return []
        self._pieces.append(text)
        return [self.event("function_call_arguments.delta", delta=text)]

    def close(self, status: Status) -> list[Event]:
        """End the item; a call without arguments has an empty object of them."""
        events = self.write("{}") if not self._pieces and status == "completed" else []
        arguments = self.item["arguments"] = "".join(self._pieces)
        return [*events, self.event("function_call_arguments.done", arguments=arguments), self.done(status)]


class CustomCall(Slot):
    """A call of a custom tool: its input is taken out of the arguments as they come."""

    def __init__(self, index: int, answer: str, call_id: str, *, name: str, namespace: str | None) -> None:
        item = {
            "id": f"ctc_{answer}{index:04x}",
            "type": "custom_tool_call",
            "status": "in_progress",
            "call_id": call_id,
            "name": name,
            "input": "",
        }
        super().__init__(index, item | ({"namespace": namespace} if namespace else {}))
        self._unwrapper = Unwrapper()
        self._pieces: list[str] = []

    def write(self, text: str) -> list[Event]:
        """Add a piece of the arguments."""
        return self._told(self._unwrapper.feed(text))

    def close(self, status: Status) -> list[Event]:
        """End the item."""
        events = self._told(self._unwrapper.finish())
        text = self.item["input"] = "".join(self._pieces)
        return [*events, self.event("custom_tool_call_input.done", input=text), self.done(status)]

    def _told(self, text: str) -> list[Event]:
        if not text:
            return []
        self._pieces.append(text)
        return [self.event("custom_tool_call_input.delta", delta=text)]


class Call:
    """One call of a chat, its name and id perhaps in pieces, before its item can be begun."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.writer: FunctionCall | CustomCall | None = None

    def take(self, given: Mapping[str, Any], toolbox: Toolbox) -> str:
        """Take in what a delta tells of the call, and return its piece of the arguments."""
        function = given.get("function")
        function = function if isinstance(function, dict) else {}
        if self.writer is None and not self.arguments:
            name, call_id = function.get("name"), given.get("id")
            if isinstance(name, str):
                self.name = toolbox.grown(self.name, name)
            if isinstance(call_id, str) and not self.id:
                self.id = call_id
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            return orjson.dumps(arguments).decode()
        return arguments if isinstance(arguments, str) else ""

    def follows(self, given: Mapping[str, Any]) -> bool:
        """Tell whether a delta with this call's index begins another: some upstreams number all calls alike."""
        function, call_id = given.get("function"), given.get("id")
        named = isinstance(function, dict) and bool(function.get("name"))
        begun = self.writer is not None or bool(self.arguments)
        return begun and named and isinstance(call_id, str) and call_id not in ("", self.id)


def built_in(tool: Tool, answer: str, index: int, call_id: str, arguments: str) -> Slot | None:
    """Return the item of a call of a tool that has a form of its own, None if the arguments are not of that form."""
    try:
        given = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return None
    form = _FORMS[tool.kind]
    fields = form(given) if isinstance(given, dict) else None
    if fields is None:
        return None
    prefix = _PREFIXES[tool.kind]
    item = {"id": f"{prefix}_{answer}{index:04x}", "type": f"{tool.kind}_call", "call_id": call_id}
    return Slot(index, {**item, "status": "in_progress", **fields})


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _whole(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    return value if type(value) is int else None


def _shell(given: Mapping[str, Any]) -> dict[str, Any] | None:
    if not _strings(given.get("commands")):
        return None
    bounds = {name: _whole(given, name) for name in ("timeout_ms", "max_output_length")}
    return {"action": {"commands": given["commands"], **bounds}, "environment": {"type": "local"}}


def _local_shell(given: Mapping[str, Any]) -> dict[str, Any] | None:
    if not _strings(given.get("command")):
        return None
    place = given.get("working_directory")
    action = {
        "type": "exec",
        "command": given["command"],
        "env": {},
        "timeout_ms": _whole(given, "timeout_ms"),
        "working_directory": place if isinstance(place, str) else None,
        "user": None,
    }
    return {"action": action}


def _apply_patch(given: Mapping[str, Any]) -> dict[str, Any] | None:
    operation = given.get("operation")
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        return None
    kind, diff = operation.get("type"), operation.get("diff")
    if kind == "delete_file":
        return {"operation": {"type": kind, "path": operation["path"]}}
    if kind not in ("create_file", "update_file") or not isinstance(diff, str):
        return None
    return {"operation": {"type": kind, "path": operation["path"], "diff": diff}}


def _tool_search(given: Mapping[str, Any]) -> dict[str, Any] | None:
    return {"execution": "client", "arguments": dict(given)}


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]] = {
    "shell": _shell,
    "local_shell": _local_shell,
    "apply_patch": _apply_patch,
    "tool_search": _tool_search,
}
_PREFIXES = {"shell": "sh", "local_shell": "lsh", "apply_patch": "apc", "tool_search": "tsc"}
