"""The tools a caller offers: each as the function that chat completions know, and how a call of it is given back."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...ask import invalid

__all__ = ["INPUT", "Kind", "Tool", "Toolbox", "upstream_name"]

Kind = Literal["function", "custom", "shell", "local_shell", "apply_patch", "tool_search"]

INPUT = "input"
GREATEST_NAME = 64
_STRINGS = {"type": "array", "items": {"type": "string"}}
_MILLISECONDS = {"type": "integer", "description": "Time limit in milliseconds."}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [required], "additionalProperties": False}


# The tools whose form only OpenAI's models know by heart, told to others as functions.
_KNOWN_BY_HEART: Mapping[str, tuple[str, dict[str, Any]]] = {
    "shell": (
        "Runs shell commands, one after the other, and returns the output of each.",
        _object(
            "commands", commands=_STRINGS, timeout_ms=_MILLISECONDS, max_output_length={"type": "integer"}
        ),
    ),
    "local_shell": (
        "Runs one command, given as a list of its program and arguments, and returns its output.",
        _object("command", command=_STRINGS, timeout_ms=_MILLISECONDS, working_directory={"type": "string"}),
    ),
    "apply_patch": (
        "Creates, updates or deletes one file. `diff` holds the lines of the new file, each after a `+`, or hunks"
        " that begin with `@@` and have lines after ` `, `-` or `+`; deleting needs none.",
        _object(
            "operation",
            operation=_object(
                "type",
                type={"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
                path={"type": "string"},
                diff={"type": "string"},
            ),
        ),
    ),
}
_SERVERS_OWN = (
    "web_search",
    "web_search_preview",
    "file_search",
    "code_interpreter",
    "computer",
    "computer_use_preview",
    "mcp",
    "image_generation",
    "programmatic_tool_calling",
)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool by the names its caller and its upstream know it by, and its chat form."""

    kind: Kind
    name: str
    upstream: str
    chat: Mapping[str, Any]
    namespace: str | None = None


@dataclass(slots=True)
class Toolbox:
    """The tools of one request by the names their upstream knows them by; `offered` is how they were given."""

    tools: dict[str, Tool] = field(default_factory=dict)
    offered: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, given: Any) -> "Toolbox":
        """Read the field `tools`. Raises Failure naming the tool that is wrong or cannot be offered."""
        box = cls()
        for tool in _tools(given, "tools"):
            if tool.upstream in box.tools:
                raise invalid("tools", f"tools has two tools called {tool.upstream}.")
            box.tools[tool.upstream] = tool
        box.offered = [tool for tool in given or () if not _left_out(tool)]
        return box

    def load(self, given: Any, place: str) -> list[str]:
        """Add the tools that an input item brings, and return how upstreams know them. Raises Failure.

        One that comes again replaces itself.
        """
        tools = {tool.upstream: tool for tool in _tools(given, place)}
        self.tools |= tools
        return list(tools)

    def find(self, called: str) -> Tool | None:
        """Return the tool a model called; its bare name will do where only one namespace has it."""
        if called in self.tools:
            return self.tools[called]
        bare = [tool for tool in self.tools.values() if tool.namespace and tool.name == called]
        return bare[0] if len(bare) == 1 else None

    def grown(self, name: str, piece: str) -> str:
        """Return a called name with the piece that came next; some upstreams repeat the whole name instead."""
        if name in self.tools and not any(known.startswith(name + piece) for known in self.tools):
            return name
        return name + piece

    def chosen(self, choice: Any) -> tuple[list[Mapping[str, Any]], Any]:
        """Return the tools and the tool_choice of the chat that mean the same. Raises Failure."""
        tools = list(self.tools.values())
        if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
            tools = self._allowed(choice.get("tools"))
            choice = choice.get("mode")
            if choice not in ("auto", "required"):
                raise invalid("tool_choice.mode", "tool_choice.mode must be auto or required.")
        elif isinstance(choice, dict):
            choice = {
                "type": "function",
                "function": {"name": self._named(choice, "tool_choice").upstream},
            }
        elif choice not in (None, "none", "auto", "required"):
            raise invalid(
                "tool_choice", "tool_choice must be none, auto, required, or an object with a type."
            )
        return [tool.chat for tool in tools], choice

    def _allowed(self, given: Any) -> list[Tool]:
        if not isinstance(given, list) or not given:
            raise invalid("tool_choice.tools", "tool_choice.tools must be a non-empty list.")
        wanted = [self._named(each, f"tool_choice.tools[{place}]") for place, each in enumerate(given)]
        return [tool for tool in self.tools.values() if tool in wanted]

    def _named(self, given: Any, place: str) -> Tool:
        if not isinstance(given, dict):
            raise invalid(place, f"{place} must be an object.")
        kind = given.get("type")
        name = given.get("name") if kind in ("function", "custom") else kind
        tool = self.find(upstream_name(given.get("namespace"), name)) if isinstance(name, str) else None
        if tool is None or tool.kind != kind:
            raise invalid(place, f"{place} names no tool of this request.")
        return tool


def upstream_name(namespace: Any, name: str) -> str:
    """Return the one name for a tool of a namespace, shortened where functions may not be called that long."""
    if isinstance(namespace, str) and namespace:
        name = namespace + name if namespace.endswith("__") else f"{namespace}__{name}"
    if len(name) <= GREATEST_NAME:
        return name
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:8]
    return f"{name[: GREATEST_NAME - 9]}_{digest}"


def _tools(given: Any, place: str) -> Iterable[Tool]:
    if given is None:
        return
    if not isinstance(given, list):
        raise invalid(place, f"{place} must be a list.")
    for number, tool in enumerate(given):
        here = f"{place}[{number}]"
        if not isinstance(tool, dict):
            raise invalid(here, f"{here} must be an object.")
        if tool.get("type") == "namespace":
            yield from _members(tool, here)
        elif not _left_out(tool):
            yield _tool(tool, here, namespace=None)


def _left_out(tool: Mapping[str, Any]) -> bool:
    """Tell whether a tool is passed over; the response then does not list it either.

    Codex adds a web search to every request by itself, and alone says whether it may leave OpenAI's own index;
    whoever asks for one otherwise is told that there is none. A search among tools by the server is for finding
    those not yet offered; here all are offered from the start.
    """
    if tool.get("type") == "web_search":
        return isinstance(tool.get("external_web_access"), bool)
    return tool.get("type") == "tool_search" and tool.get("execution") != "client"


def _members(tool: Mapping[str, Any], here: str) -> Iterable[Tool]:
    namespace = _name(tool, here)
    members = tool.get("tools")
    if not isinstance(members, list):
        raise invalid(f"{here}.tools", f"{here}.tools must be a list.")
    for number, member in enumerate(members):
        place = f"{here}.tools[{number}]"
        if not isinstance(member, dict) or member.get("type") not in ("function", "custom"):
            raise invalid(f"{place}.type", f"{place}.type must be function or custom.")
        yield _tool(member, place, namespace=namespace)


def _tool(tool: Mapping[str, Any], here: str, *, namespace: str | None) -> Tool:
    kind = tool.get("type")
    if kind == "function":
        return _offered("function", tool, here, namespace, _function(tool))
    if kind == "custom":
        return _offered("custom", tool, here, namespace, _custom(tool, here))
    if kind == "tool_search":
        text = tool.get("description") or "Finds tools that are not offered yet."
        parameters = tool.get("parameters") or _object("query", query={"type": "string"})
        return Tool("tool_search", kind, kind, _chat(kind, text, parameters))
    if kind in ("shell", "local_shell", "apply_patch"):
        environment = tool.get("environment")
        if isinstance(environment, dict) and environment.get("type") != "local":
            raise invalid(f"{here}.environment.type", f"{here}.environment.type must be local.")
        return Tool(kind, kind, kind, _chat(kind, *_KNOWN_BY_HEART[kind]))
    if kind in _SERVERS_OWN:
        raise invalid(
            f"{here}.type", f"{here}.type {kind} would run on the server, which is not offered here."
        )
    raise invalid(f"{here}.type", f"{here}.type must be function, custom or another tool that callers run.")


def _offered(
    kind: Kind, tool: Mapping[str, Any], here: str, namespace: str | None, function: dict[str, Any]
) -> Tool:
    name = _name(tool, here)
    upstream = upstream_name(namespace, name)
    return Tool(
        kind, name, upstream, {"type": "function", "function": {"name": upstream, **function}}, namespace
    )


def _function(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = {key: tool[key] for key in ("description", "strict") if tool.get(key) is not None}
    return {**function, "parameters": tool.get("parameters") or {"type": "object", "properties": {}}}


def _custom(tool: Mapping[str, Any], here: str) -> dict[str, Any]:
    form = tool.get("format") or {"type": "text"}
    if not isinstance(form, dict) or form.get("type") not in ("text", "grammar"):
        raise invalid(f"{here}.format.type", f"{here}.format.type must be text or grammar.")
    rule = "The whole input as one text."
    if form["type"] == "grammar":
        rule += f" It must follow this {form.get('syntax')} grammar:\n{form.get('definition')}"
    text = tool.get("description")
    parameters = _object(INPUT, **{INPUT: {"type": "string", "description": rule}})
    return {**({"description": text} if text else {}), "parameters": parameters}


def _chat(name: str, description: Any, parameters: Any) -> dict[str, Any]:
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


def _name(tool: Mapping[str, Any], here: str) -> str:
    name = tool.get("name")
    if not isinstance(name, str) or not name:
        raise invalid(f"{here}.name", f"{here}.name must be a non-empty string.")
    return name
