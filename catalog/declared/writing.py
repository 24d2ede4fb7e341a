"""The file as text: one layout, so that two files differ only where the catalogues do."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

__all__ = ["Note", "write"]

_WIDTH = 110
# What most texts are like: they are text without quotes everywhere, and need not be looked at closer.
_PLAIN = re.compile(r"[A-Za-z]+([-_/.]?[A-Za-z0-9]+)*", re.ASCII)
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


class Note(str):
    """A line for people, written as a comment where it stands; its key in the mapping does not show."""


def write(document: Mapping[str, Any], *, heading: str = "") -> str:
    """Return the text of a document of mappings, lists, texts, numbers, flags and None, under a heading of comments."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    for key, value in document.items():
        if lines and isinstance(value, Mapping | list):
            lines.append("")
        lines += _entry(key, value, 0)
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    pad = " " * indent
    if isinstance(value, Note):
        yield from (f"{pad}# {line}".rstrip() for line in value.splitlines())
        return
    name = f"{pad}{_scalar(key, flow=True)}:"
    if _plain(value):
        yield f"{name} {_scalar(value)}"
    elif isinstance(value, Mapping) and value and not _short(value, name):
        yield name
        for inner, item in value.items():
            yield from _entry(inner, item, indent + 2)
    elif isinstance(value, list) and not all(map(_plain, value)) and not _short(value, name):
        yield name
        for item in value:
            yield from _item(item, indent + 2)
    elif isinstance(value, list):
        yield from _wrapped(name, value, indent + 2)
    else:
        yield f"{name} {_flow(value)}"


def _item(item: Any, indent: int) -> Iterator[str]:
    pad = " " * indent
    if isinstance(item, Note):
        yield from _entry("", item, indent)
    elif isinstance(item, Mapping) and item and not _short(item, f"{pad}-"):
        lines = [line for name, value in item.items() for line in _entry(name, value, indent + 2)]
        yield f"{pad}- {lines[0].lstrip()}"
        yield from lines[1:]
    else:
        yield f"{pad}- {_flow(item)}"


def _wrapped(name: str, items: Sequence[Any], indent: int) -> Iterator[str]:
    line, last = f"{name} [", len(items) - 1
    for number, item in enumerate(items):
        text = _flow(item) + ("]" if number == last else ", ")
        if len(line) + len(text) > _WIDTH:
            yield line.rstrip()
            line = " " * indent
        line += text
    yield line if items else f"{name} []"


def _short(value: Any, before: str) -> bool:
    """Tell whether a value fits on one line after what stands before it, and is clear there."""
    inner = (
        value.values() if isinstance(value, Mapping) else [part for item in value for part in _parts(item)]
    )
    return all(map(_plain, inner)) and len(before) + 1 + len(_flow(value)) <= _WIDTH


def _parts(item: Any) -> Sequence[Any]:
    return item if isinstance(item, list) else [item]


def _plain(value: Any) -> bool:
    return not isinstance(value, Mapping | list | Note)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_scalar(key, flow=True)}: {_flow(item)}" for key, item in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value, flow=True)


def _scalar(value: Any, *, flow: bool = False) -> str:
    """Return a value on one line; `flow` where a comma or a bracket would be read as a list's."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} has no place in the file")
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    quoted = None if value.isprintable() else '"'
    written: str = yaml.safe_dump(
        [value] if flow else value,
        default_flow_style=True if flow else None,
        default_style=quoted,
        allow_unicode=True,
        width=float("inf"),
    )
    written = written.removesuffix("\n").removesuffix("\n...")
    return written[1:-1] if flow else written
