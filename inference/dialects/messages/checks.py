"""The checks of a Messages body; what is wrong is named in Anthropic's way, as `messages.0.content.1.type`."""

from collections.abc import Mapping
from typing import Any

from ...ask import invalid
from ...errors import Failure

__all__ = ["flag", "listed", "string", "text", "whole", "wrong"]


def wrong(path: str, said: str) -> Failure:
    """Return the failure of the field at a path."""
    return invalid(path, f"{path}: {said}")


def text(holder: Mapping[str, Any], name: str, *, at: str = "") -> str:
    """Return a string that must be there and not empty; `at` is the path of its holder. Raises Failure."""
    value = string(holder, name, at=at)
    if not value:
        raise wrong(_path(at, name), "Input should be a non-empty string")
    return value


def string(holder: Mapping[str, Any], name: str, *, at: str = "") -> str:
    """Return a string that must be there and may be empty; `at` is the path of its holder. Raises Failure."""
    value = holder.get(name)
    if not isinstance(value, str):
        raise wrong(_path(at, name), "Field required" if value is None else "Input should be a string")
    return value


def listed(value: Any, *, at: str) -> list[dict[str, Any]]:
    """Return a list of objects. Raises Failure."""
    if not isinstance(value, list):
        raise wrong(at, "Input should be a list")
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            raise wrong(f"{at}.{number}", "Input should be an object")
    return value


def whole(holder: Mapping[str, Any], name: str, *, at: str = "") -> int:
    """Return a whole number above zero that must be there. Raises Failure."""
    value = holder.get(name)
    path = _path(at, name)
    if value is None:
        raise wrong(path, "Field required")
    if type(value) is not int or not 1 <= value < 2**31:
        raise wrong(path, f"Input should be a whole number from 1 to {2**31 - 1}")
    return value


def flag(holder: Mapping[str, Any], name: str, *, at: str = "") -> bool:
    """Return a truth value that may be left out. Raises Failure."""
    value = holder.get(name)
    if value is not None and not isinstance(value, bool):
        raise wrong(_path(at, name), "Input should be true or false")
    return bool(value)


def _path(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
