"""A schema in a few words, for a column of a table."""

from typing import Any

__all__ = ["kind"]

_FORMATS = {"date-time": "moment (ISO 8601)", "date": "date"}


def kind(schema: dict[str, Any]) -> str:
    """Return what may stand in a field, without saying that null counts as left out."""
    if "anyOf" in schema:
        words = [kind(each) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if "$ref" in schema:
        return "object"
    if "const" in schema:
        return f"`{str(schema['const']).lower()}`"
    if "enum" in schema:
        return ", ".join(f"`{word}`" if word else "empty" for word in schema["enum"])
    return _of_type(schema)


def _of_type(schema: dict[str, Any]) -> str:
    match schema.get("type"):
        case "array":
            return f"list of {kind(schema['items'])}{_length(schema, 'Items')}"
        case "integer":
            return f"whole number{_bounds(schema)}"
        case "string":
            return f"{_FORMATS.get(schema.get('format', ''), 'string')}{_length(schema, 'Length')}"
        case "boolean":
            return "true or false"
        case None:
            return "anything"
        case other:
            return str(other)


def _bounds(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if most is None:
        return f" from {least:,}" if least else ""
    return f" {least or 0:,}–{most:,}"


def _length(schema: dict[str, Any], unit: str) -> str:
    most = schema.get(f"max{unit}")
    return f" (at most {most:,})" if most is not None else ""
