"""How a chat's tools, and the choice among them, are told."""

from collections.abc import Mapping
from typing import Any

from .. import Unsupported
from .blocks import marked

__all__ = ["choice_of", "forced", "tools_of"]

_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def tools_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tools of a chat. Raises Unsupported for those that are no functions."""
    return [_tool(tool) for tool in body.get("tools") or ()]


def choice_of(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the choice among tools, None where it is left to the model. Raises Unsupported."""
    choice, alone = body.get("tool_choice"), body.get("parallel_tool_calls") is False
    if not body.get("tools") or (choice is None and not alone):
        return None
    told = _choice("auto" if choice is None else choice)
    return {**told, "disable_parallel_tool_use": True} if alone and told["type"] != "none" else told


def forced(choice: Mapping[str, Any] | None) -> bool:
    """Tell whether a choice leaves the model no way around a call."""
    return choice is not None and choice["type"] in ("any", "tool")


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = tool.get("function")
    if tool.get("type", "function") != "function" or not isinstance(function, dict):
        raise Unsupported("tools", "Anthropic's models are offered functions only.")
    schema = function.get("parameters")
    schema = schema if isinstance(schema, dict) else {"properties": {}}
    told = {"name": function.get("name"), "input_schema": {"type": "object", **schema}}
    if function.get("description"):
        told["description"] = function["description"]
    return marked(told, {**tool, **function})


def _choice(choice: Any) -> dict[str, Any]:
    if isinstance(choice, str) and choice in _CHOICES:
        return {"type": _CHOICES[choice]}
    function = choice.get("function") if isinstance(choice, dict) else None
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return {"type": "tool", "name": function["name"]}
    raise Unsupported("tool_choice", "Anthropic's models take auto, none, required or one function by name.")
