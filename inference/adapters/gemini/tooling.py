"""Tools as Gemini's declarations of functions, and the choice among them as its tool config."""

from collections.abc import Mapping
from typing import Any

from .. import Unsupported

__all__ = ["fields"]

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return `tools` and `toolConfig` for a chat. Raises Unsupported."""
    tools = body.get("tools")
    if not tools:
        return {}
    if body.get("parallel_tool_calls") is False:
        raise Unsupported(
            "parallel_tool_calls", "This provider cannot be kept from calling several tools at once."
        )
    declared = [_declared(tool, f"tools[{number}]") for number, tool in enumerate(tools)]
    choice = body.get("tool_choice")
    config = {} if choice is None else {"toolConfig": {"functionCallingConfig": _config(choice)}}
    return {"tools": [{"functionDeclarations": declared}], **config}


def _declared(tool: Mapping[str, Any], place: str) -> dict[str, Any]:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict):
        raise Unsupported(place, f"{place} is no function; this provider takes no other tools.")
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise Unsupported(f"{place}.function.name", f"{place}.function.name must be a non-empty string.")
    declared: dict[str, Any] = {"name": name}
    if isinstance(function.get("description"), str):
        declared["description"] = function["description"]
    schema = function.get("parameters")
    if isinstance(schema, dict) and _takes_something(schema):
        declared["parametersJsonSchema"] = schema
    return declared


def _takes_something(schema: Mapping[str, Any]) -> bool:
    # An object without properties is refused by Gemini; a function without parameters leaves the schema out.
    return bool(
        schema.keys() - {"type", "properties", "required", "additionalProperties", "$schema", "title"}
    ) or bool(schema.get("properties"))


def _config(choice: Any) -> dict[str, Any]:
    if isinstance(choice, str) and choice in _MODES:
        return {"mode": _MODES[choice]}
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools", choice)
        names = [_name(tool) for tool in _list(allowed, "tools")]
        # Names are heeded in the modes that check calls only.
        mode = "ANY" if allowed.get("mode") == "required" else "VALIDATED"
        return {"mode": mode, "allowedFunctionNames": names}
    return {"mode": "ANY", "allowedFunctionNames": [_name(choice)]}


def _list(holder: Any, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(found, list):
        raise Unsupported("tool_choice", "tool_choice must name its tools in a list.")
    return found


def _name(choice: Any) -> str:
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str):
        raise Unsupported("tool_choice", "tool_choice must be auto, none, required, or name a function.")
    return name
