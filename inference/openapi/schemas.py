"""The few words of JSON Schema in which bodies and answers are described."""

from collections.abc import Iterable
from typing import Any

__all__ = [
    "ANY",
    "FLAG",
    "MOMENT",
    "NUMBER",
    "TEXT",
    "USD_TEXT",
    "WORD",
    "Schema",
    "choice",
    "fixed",
    "listed",
    "named",
    "nullable",
    "open_record",
    "record",
    "whole",
]

Schema = dict[str, Any]

ANY: Schema = {}
TEXT: Schema = {"type": "string"}
WORD: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
USD_TEXT: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}


def whole(least: int = 0, greatest: int | None = None) -> Schema:
    """Return a whole number within bounds."""
    most = {} if greatest is None else {"maximum": greatest}
    return {"type": "integer", "minimum": least, **most}


def choice(words: Iterable[str]) -> Schema:
    """Return one of a few words."""
    return {"type": "string", "enum": list(words)}


def fixed(value: Any) -> Schema:
    """Return one value and no other."""
    return {"const": value}


def listed(items: Schema, least: int = 0, most: int | None = None) -> Schema:
    """Return a list of so many items."""
    bounds = {"minItems": least} if least else {}
    return {"type": "array", "items": items, **bounds, **({} if most is None else {"maxItems": most})}


def nullable(schema: Schema) -> Schema:
    """Return what a schema describes, or null, which counts as left out."""
    return {"anyOf": [schema, {"type": "null"}]}


def record(optional: Iterable[str] = (), /, **members: Schema) -> Schema:
    """Return an object with exactly these members, all there but for the optional ones."""
    return {**open_record(optional, **members), "additionalProperties": False}


def open_record(optional: Iterable[str] = (), /, **members: Schema) -> Schema:
    """Return an object with these members, all there but for the optional ones, and maybe others."""
    left_out = set(optional)
    required = [name for name in members if name not in left_out]
    return {"type": "object", "properties": members, **({"required": required} if required else {})}


def named(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}
