"""A small valid instance of a JSON schema: what the sandbox fills tool arguments and structured answers with."""

from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = ["instance"]

GREATEST_DEPTH = 24
GREATEST_VALUES = 10_000
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "person@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def instance(schema: dict[str, Any]) -> Any:
    """A value that satisfies the schema's types, bounds, choices and required members.

    Local `$ref`s are followed. Patterns and conditions are not understood. Beyond 24 levels or 10,000
    values everything is null: a schema that must recurse has no finite instance.
    """
    return _instance(schema, _Source(schema, iter(range(GREATEST_VALUES))), GREATEST_DEPTH)


class _Source(NamedTuple):
    """The schema that references lead into, and as many numbers as values may still be made."""

    schema: dict[str, Any]
    left: Iterator[int]


def _instance(schema: Any, source: _Source, depth: int) -> Any:
    if not isinstance(schema, dict) or depth == 0 or next(source.left, None) is None:
        return None
    if isinstance(reference := schema.get("$ref"), str):
        return _instance(_resolved(reference, source), source, depth - 1)
    if "const" in schema or "default" in schema:
        return schema.get("const", schema.get("default"))
    for listed in ("enum", "examples"):
        if isinstance(schema.get(listed), list) and schema[listed]:
            return schema[listed][0]
    for branches in ("anyOf", "oneOf"):
        if isinstance(schema.get(branches), list) and schema[branches]:
            # A branch that ends the recursion (null, string …) is better than one that goes on.
            return _instance(min(schema[branches], key=_weight), source, depth - 1)
    if isinstance(schema.get("allOf"), list) and schema["allOf"]:
        return _instance(_merged(schema["allOf"], source), source, depth - 1)
    return _of_type(schema, source, depth)


def _of_type(schema: dict[str, Any], source: _Source, depth: int) -> Any:
    kind = schema.get("type") or ("object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0] if kind else "string"
    match kind:
        case "object":
            members = schema.get("properties") or {}
            wanted = schema["required"] if isinstance(schema.get("required"), list) else list(members)
            return {name: _instance(members.get(name, {}), source, depth - 1) for name in wanted}
        case "array":
            size = min(int(schema.get("minItems", 0)), 1_000)
            return [_instance(schema.get("items", {}), source, depth - 1) for _ in range(size)]
        case "integer":
            return int(_number(schema, whole=True))
        case "number":
            return _number(schema, whole=False)
        case "boolean":
            return True
        case "null":
            return None
    return _string(schema)


def _number(schema: dict[str, Any], *, whole: bool) -> Any:
    """The first of a few likely numbers that is within the bounds; 1 when none of them is."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf")
    likely: list[Any] = [1, 0]
    likely += [low, low + 1] if low is not None else []
    likely += [high, high - 1] if high is not None else []
    likely += [(low + high) / 2] if low is not None and high is not None else []
    if step:
        # The multiples about each number found so far.
        likely = [(near // step + more) * step for near in likely for more in (0, 1, -1)]
    return next((number for number in likely if _fits(number, schema, whole)), 1)


def _fits(number: Any, schema: dict[str, Any], whole: bool) -> bool:
    return (
        (not whole or number == int(number))
        and ("minimum" not in schema or number >= schema["minimum"])
        and ("maximum" not in schema or number <= schema["maximum"])
        and ("exclusiveMinimum" not in schema or number > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or number < schema["exclusiveMaximum"])
    )


def _string(schema: dict[str, Any]) -> str:
    text = _FORMATS.get(str(schema.get("format")), "sandbox")
    text += "x" * (min(int(schema.get("minLength", 0)), 10_000) - len(text))
    return text[: schema.get("maxLength", len(text))]


def _weight(branch: Any) -> int:
    if not isinstance(branch, dict):
        return 3
    return 2 if "$ref" in branch else 1 if branch.get("type") in ("object", "array") else 0


def _merged(branches: list[Any], source: _Source) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for branch in branches:
        if isinstance(branch, dict) and isinstance(reference := branch.get("$ref"), str):
            branch = _resolved(reference, source)
        for key, value in (branch if isinstance(branch, dict) else {}).items():
            if key == "properties":
                merged[key] = merged.get(key, {}) | value
            elif key == "required":
                merged[key] = [*merged.get(key, []), *value]
            else:
                merged[key] = value
    return merged


def _resolved(reference: str, source: _Source) -> Any:
    place: Any = source.schema
    for step in filter(None, reference.removeprefix("#").split("/")):
        place = place.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(place, dict) else None
    return place
