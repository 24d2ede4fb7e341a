"""How tools and the choice among them are put to a chat: only what the caller runs itself can be offered."""

from collections.abc import Mapping
from typing import Any

from . import blocks, checks
from .checks import wrong

__all__ = ["chat_tools"]

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def chat_tools(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a chat about tools. Raises Failure, also for tools that Anthropic would run."""
    given = body.get("tools")
    offered = [] if given is None else checks.listed(given, at="tools")
    choice = body.get("tool_choice")
    if choice is not None and not isinstance(choice, dict):
        raise wrong("tool_choice", "Input should be an object")
    chosen = _chosen(choice) if choice is not None else {}
    if not offered:
        if choice is not None and choice.get("type") in ("any", "tool"):
            raise wrong("tool_choice", "A tool can be demanded only where tools are given")
        return {}
    return {"tools": [_function(tool, at=f"tools.{number}") for number, tool in enumerate(offered)], **chosen}


def _function(tool: dict[str, Any], *, at: str) -> dict[str, Any]:
    kind = tool.get("type")
    if kind not in (None, "custom"):
        raise wrong(
            f"{at}.type",
            f"Tools of type {str(kind)[:64]!r} are not available here: give a tool with an input_schema",
        )
    function: dict[str, Any] = {"name": checks.text(tool, "name", at=at)}
    if tool.get("description") is not None:
        function["description"] = checks.string(tool, "description", at=at)
    schema = tool.get("input_schema")
    if not isinstance(schema, dict):
        raise wrong(f"{at}.input_schema", "Field required" if schema is None else "Input should be an object")
    function["parameters"] = schema
    if checks.flag(tool, "strict", at=at):
        function["strict"] = True
    return blocks.marked({"type": "function", "function": function}, tool)


def _chosen(choice: dict[str, Any]) -> dict[str, Any]:
    one_at_a_time = checks.flag(choice, "disable_parallel_tool_use", at="tool_choice")
    return {"tool_choice": _choice(choice), **({"parallel_tool_calls": False} if one_at_a_time else {})}


def _choice(choice: dict[str, Any]) -> Any:
    kind = checks.text(choice, "type", at="tool_choice")
    if kind == "tool":
        return {"type": "function", "function": {"name": checks.text(choice, "name", at="tool_choice")}}
    if kind not in _CHOICES:
        raise wrong("tool_choice.type", "Input should be 'auto', 'any', 'tool' or 'none'")
    return _CHOICES[kind]
