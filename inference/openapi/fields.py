"""How a body is described: its fields, each with what the gateway does with it, and what becomes of the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .schemas import Schema, nullable

__all__ = ["Body", "Field", "listing", "needed", "optional", "without"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what may stand in it, and what the gateway does with it."""

    schema: Schema
    use: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a kind of request; `rest` says what becomes of fields that are not described."""

    name: str
    fields: Mapping[str, Field]
    rest: str
    example: Mapping[str, Any]
    rules: tuple[str, ...] = field(default=())

    def schema(self) -> Schema:
        """Return the schema of the body; other fields are never refused for being unknown."""
        return {
            "type": "object",
            "description": " ".join([*self.rules, self.rest]),
            "required": [name for name, each in self.fields.items() if each.required],
            "properties": {
                name: {**each.schema, "description": each.use} for name, each in self.fields.items()
            },
            "additionalProperties": True,
        }


def needed(schema: Schema, use: str) -> Field:
    """Return a field that must be there."""
    return Field(schema, use, required=True)


def optional(schema: Schema, use: str) -> Field:
    """Return a field that may be left out, or be null."""
    return Field(nullable(schema), use)


def without(fields: Mapping[str, Field], names: Iterable[str]) -> dict[str, Field]:
    """Return the fields but for some."""
    left_out = set(names)
    return {name: each for name, each in fields.items() if name not in left_out}


def listing(names: Iterable[str]) -> str:
    """Return the names of fields in a sentence."""
    return ", ".join(f"`{name}`" for name in names)
