"""A small valid instance of a JSON schema: what the sandbox fills tool arguments and structured answers with."""

from typing import Any

__all__ = ["instance"]

GREATEST_DEPTH = 24
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

    Local `$ref`s are followed. Patterns and conditions are not understood. Beyond 24 levels a
    recursive schema gives null, as it has no finite instance that takes its first branch.
    """
    return _instance(schema, schema, GREATEST_DEPTH)


def _instance(schema: Any, root: dict[str, Any], depth: int) -> Any:
    if not isinstance(schema, dict) or depth == 0:
        return None
    if isinstance(reference := schema.get("$ref"), str):
        return _instance(_resolved(reference, root), root, depth - 1)
    if "const" in schema or "default" in schema:
        return schema.get("const", schema.get("default"))
    for listed in ("enum", "examples"):
        if isinstance(schema.get(listed), list) and schema[listed]:
            return schema[listed][0]
    for branches in ("anyOf", "oneOf"):
        if isinstance(schema.get(branches), list) and schema[branches]:
            # A branch that ends the recursion (null, string …) is better than one that goes on.
            return _instance(min(schema[branches], key=_weight), root, depth - 1)
    if isinstance(schema.get("allOf"), list) and schema["allOf"]:
        return _instance(_merged(schema["allOf"], root), root, depth - 1)
    return _of_type(schema, root, depth)


def _of_type(schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type") or ("object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0] if kind else "string"
    match kind:
        case "object":
            members = schema.get("properties") or {}
            wanted = schema["required"] if isinstance(schema.get("required"), list) else list(members)
            return {name: _instance(members.get(name, {}), root, depth - 1) for name in wanted}
        case "array":
            size = min(int(schema.get("minItems", 0)), 1_000)
            return [_instance(schema.get("items", {}), root, depth - 1) for _ in range(size)]
        case "integer":
            return int(_number(schema))
        case "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
    return _string(schema)


def _number(schema: dict[str, Any]) -> Any:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    most = schema.get("maximum", schema.get("exclusiveMaximum", least + 2) - 1)
    step = schema.get("multipleOf", 1)
    return max(-(-min(1, most) // step) * step, -(-least // step) * step)


def _string(schema: dict[str, Any]) -> str:
    text = _FORMATS.get(str(schema.get("format")), "sandbox")
    text += "x" * (min(int(schema.get("minLength", 0)), 10_000) - len(text))
    return text[: schema.get("maxLength", len(text))]


def _weight(branch: Any) -> int:
    if not isinstance(branch, dict):
        return 3
    return 2 if "$ref" in branch else 1 if branch.get("type") in ("object", "array") else 0


def _merged(branches: list[Any], root: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for branch in branches:
        if isinstance(branch, dict) and isinstance(reference := branch.get("$ref"), str):
            branch = _resolved(reference, root)
        for key, value in (branch if isinstance(branch, dict) else {}).items():
            if key == "properties":
                merged[key] = merged.get(key, {}) | value
            elif key == "required":
                merged[key] = [*merged.get(key, []), *value]
            else:
                merged[key] = value
    return merged


def _resolved(reference: str, root: dict[str, Any]) -> Any:
    place: Any = root
    for step in filter(None, reference.removeprefix("#").split("/")):
        place = place.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(place, dict) else None
    return place
