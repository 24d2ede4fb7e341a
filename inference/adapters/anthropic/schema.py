"""How a JSON Schema is brought into the part of it by which Anthropic holds an answer to a form."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

__all__ = ["narrowed"]

_FORMATS = frozenset(
    ("date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid")
)
_KEPT = frozenset(
    (
        *("$ref", "additionalProperties", "anyOf", "const", "default", "description", "enum"),
        *("required", "title", "type"),
    )
)
_UNTOLD = frozenset(("$schema", "$id"))


def narrowed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with only what is enforced; what is not is told to the model in the description.

    Objects are closed, as Anthropic wants them.
    """
    told: dict[str, Any] = {}
    left: dict[str, Any] = {}
    for name, value in schema.items():
        written = _WRITTEN[name](value) if name in _WRITTEN else value
        if name in _WRITTEN and written is not None:
            told["anyOf" if name == "oneOf" else "$defs" if name == "definitions" else name] = written
        elif name in _KEPT and name not in _WRITTEN:
            told[name] = _reference(value) if name == "$ref" else value
        elif name not in _UNTOLD:
            left[name] = value
    if told.get("type") == "object" or "properties" in told:
        told["additionalProperties"] = False
        left.pop("additionalProperties", None)
    if left:
        words = orjson.dumps(left).decode()
        told["description"] = f"{told['description']}\n\n{words}" if told.get("description") else words
    return told


def _inner(value: Any) -> Any:
    return narrowed(value) if isinstance(value, dict) else value


def _named(value: Any) -> Any:
    return {name: _inner(each) for name, each in value.items()} if isinstance(value, dict) else None


def _listed(value: Any) -> Any:
    return [_inner(each) for each in value] if isinstance(value, list) else None


def _one_of_formats(value: Any) -> Any:
    return value if value in _FORMATS else None


def _least(value: Any) -> Any:
    return value if value in (0, 1) else None


def _reference(value: Any) -> Any:
    return value.replace("#/definitions/", "#/$defs/") if isinstance(value, str) else value


_WRITTEN: Mapping[str, Callable[[Any], Any]] = {
    "$defs": _named,
    "definitions": _named,
    "properties": _named,
    "items": lambda value: _inner(value) if isinstance(value, dict) else None,
    "anyOf": _listed,
    "oneOf": _listed,
    "allOf": _listed,
    "format": _one_of_formats,
    "minItems": _least,
}
