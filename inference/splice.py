"""Where the members of a JSON object stand in its bytes, so that single values change and all else stays."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

__all__ = ["Rewriter", "items", "members"]

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_STEP = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]]', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\]}]++")


class Member(NamedTuple):
    """A key of an object, and where its value stands."""

    key: bytes
    start: int
    end: int


def members(text: bytes, start: int = 0) -> Iterator[Member]:
    """Yield the members of the object that begins at `start`; the text must be valid JSON."""
    place = _after_space(text, _after_space(text, start) + 1)
    while text[place : place + 1] == b'"':
        key_end = _end(text, place)
        value = _after_space(text, _after_space(text, key_end) + 1)
        end = _end(text, value)
        yield Member(_key(text[place:key_end]), value, end)
        place = _after_space(text, end)
        if text[place : place + 1] != b",":
            return
        place = _after_space(text, place + 1)


def items(text: bytes, start: int) -> Iterator[int]:
    """Yield where each item of the array that begins at `start` begins; the text must be valid JSON."""
    place = _after_space(text, start + 1)
    while text[place : place + 1] not in (b"]", b""):
        yield place
        place = _after_space(text, _end(text, place))
        if text[place : place + 1] == b",":
            place = _after_space(text, place + 1)


def _key(text: bytes) -> bytes:
    return orjson.loads(text).encode() if b"\\" in text else text[1:-1]


def _after_space(text: bytes, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _end(text: bytes, start: int) -> int:
    first = text[start : start + 1]
    if first in (b"{", b"["):
        return _end_of_nest(text, start)
    found = (_STRING if first == b'"' else _SCALAR).match(text, start)
    return found.end() if found else len(text)


def _end_of_nest(text: bytes, start: int) -> int:
    depth = 0
    for step in _STEP.finditer(text, start):
        sign = step[0]
        if sign in (b"{", b"["):
            depth += 1
        elif sign in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return step.end()
    return len(text)


class Rewriter:
    """Puts our id and the public model's name into each event of one stream, and a role where the first lacks it."""

    def __init__(self, *, answer_id: str, model: str) -> None:
        self._values = {b"id": orjson.dumps(answer_id), b"model": orjson.dumps(model)}
        self._begun: set[int] = set()
        self._old = b""
        self._new = b""

    def apply(self, text: bytes, event: dict[str, Any]) -> bytes:
        """Return the event with its values replaced; `event` is what the text parses to."""
        text = self._renamed(text)
        choices = event.get("choices")
        if isinstance(choices, list):
            lacking = [n for n, choice in enumerate(choices) if self._lacks_role(choice)]
            if lacking:
                text = _with_roles(text, lacking)
        return text

    def _renamed(self, text: bytes) -> bytes:
        # Events of a stream begin alike, so what was found in one is at the same place in the next.
        if self._old and text.startswith(self._old):
            return self._new + text[len(self._old) :]
        found = [member for member in members(text) if member.key in self._values]
        pieces, place = [], 0
        for member in found:
            pieces += [text[place : member.start], self._values[member.key]]
            place = member.end
        missing = self._values.keys() - {member.key for member in found}
        if missing:
            return _with_members(
                b"".join(pieces) + text[place:],
                {key: self._values[key] for key in self._values if key in missing},
            )
        self._old, self._new = text[:place], b"".join(pieces)
        return self._new + text[place:]

    def _lacks_role(self, choice: Any) -> bool:
        if not isinstance(choice, dict):
            return False
        index = choice.get("index", 0)
        if not isinstance(index, int) or index in self._begun:
            return False
        self._begun.add(index)
        delta = choice.get("delta")
        return isinstance(delta, dict) and "role" not in delta


def _with_members(text: bytes, values: dict[bytes, bytes]) -> bytes:
    inside = _after_space(text, 0) + 1
    added = b",".join(b'"%b":%b' % pair for pair in values.items())
    comma = b"" if text[_after_space(text, inside) :].startswith(b"}") else b","
    return text[:inside] + added + comma + text[inside:]


def _with_roles(text: bytes, lacking: list[int]) -> bytes:
    choices = _last(text, 0, b"choices")
    begins = list(items(text, choices.start))
    for number in reversed(lacking):
        delta = _last(text, begins[number], b"delta")
        text = (
            text[: delta.start]
            + _with_members(text[delta.start : delta.end], {b"role": b'"assistant"'})
            + text[delta.end :]
        )
    return text


def _last(text: bytes, start: int, key: bytes) -> Member:
    # Of a key given twice JSON readers keep the last.
    return [member for member in members(text, start) if member.key == key][-1]
