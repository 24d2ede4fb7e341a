"""Runs of a stream's events that differ in nothing but their text: read and rewritten together, not one by one.

Most events of a stream repeat each other's bytes around a word or two. What one of them was parsed to, and became for
the caller, is therefore known of the next, as long as its bytes are the same up to and after that text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["Run", "Runs"]

# A provider whose events differ in more each time is not studied for ever.
MOST_LEARNED = 16
_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")
_BESIDE = ("text", "tool_calls", "function_call", "images", "audio")
_PADDING = b"obfuscation"
_ODD = re.compile(rb'["\\\x00-\x1f]')


@dataclass(frozen=True, slots=True)
class Run:
    """So many events in a row, their texts as one, its bytes, and what they become for the caller."""

    events: int
    text: str
    size: int
    frames: bytes


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The bytes of an event up to its text, what these become for the caller, and the bytes after it.

    `padding` are the two parts of what comes after, where a string stands between them that nobody reads.
    """

    head: bytes
    new_head: bytes
    rest: bytes
    padding: tuple[bytes, bytes] | None

    def parted(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Return the text of an event and what comes after it; nothing if the event is another."""
        if not data.startswith(self.head):
            return None
        begin = len(self.head)
        end = data.find(b'"', begin)
        text, rest = data[begin:end], data[end:]
        fits = rest == self.rest if self.padding is None else self._padded(rest)
        return (text, rest) if fits and end >= 0 and _is_text(text) else None

    def _padded(self, rest: bytes) -> bool:
        if self.padding is None:
            return False
        before, after = self.padding
        inside = rest[len(before) : -len(after)]
        return rest == before + inside + after and not _ODD.search(inside)


def _is_text(text: bytes) -> bool:
    """Tell whether bytes between two quotes of JSON are what they stand for."""
    if _ODD.search(text):
        return False
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


class Runs:
    """Learns from the events of one stream and what its voice made of them."""

    def __init__(self) -> None:
        self._pattern: _Pattern | None = None
        self._seen: _Pattern | None = None
        self._learned = 0

    def take(self, events: Sequence[bytes], start: int, *, room: int) -> Run | None:
        """Return the run that begins at an event, with less than `room` bytes of text; nothing if none does."""
        pattern = self._pattern
        if pattern is None:
            return None
        if (run := _bare(pattern, events, start, room)) is not None:
            return run
        parts = _alike(pattern, events, start, room)
        if not parts:
            return None
        begin, end = b"data: " + pattern.new_head, b"\n\n"
        texts = [text for text, _ in parts]
        frames = b"".join([begin + text + rest + end for text, rest in parts])
        return Run(len(parts), b"".join(texts).decode(), sum(map(len, texts)), frames)

    def learn(self, data: bytes, event: dict[str, Any], frame: bytes) -> None:
        """Remember an event, what it was parsed to and what it became; two that were treated alike make a pattern.

        One is not enough: the first event of a stream may be given a role.
        """
        known = self._pattern is not None and self._pattern.parted(data) is not None
        if known or self._learned >= MOST_LEARNED or (name := _only_text(event)) is None:
            return
        self._learned += 1
        pattern = _pattern(data, event, frame, name)
        if pattern is not None and pattern == self._seen:
            self._pattern = pattern
        self._seen = pattern


def _bare(pattern: _Pattern, events: Sequence[bytes], start: int, room: int) -> Run | None:
    """Return the run of events of a pattern without padding, looked at all at once; nothing if that is not enough."""
    if pattern.padding is not None:
        return None
    head, rest = pattern.head, pattern.rest
    begin, end = len(head), -len(rest)
    least = begin - end
    texts: list[bytes] = []
    for number in range(start, len(events)):
        data = events[number]
        if len(data) < least or not data.startswith(head) or not data.endswith(rest):
            break
        texts.append(data[begin:end])
    bare = b"".join(texts)
    if not texts or len(bare) >= room or not _is_text(bare):
        return None
    between = rest + b"\n\ndata: " + pattern.new_head
    frames = b"data: " + pattern.new_head + between.join(texts) + rest + b"\n\n"
    return Run(len(texts), bare.decode(), len(bare), frames)


def _alike(pattern: _Pattern, events: Sequence[bytes], start: int, room: int) -> list[tuple[bytes, bytes]]:
    """Return the text of each event in a row that is like the pattern, and what comes after it."""
    found: list[tuple[bytes, bytes]] = []
    for number in range(start, len(events)):
        parts = pattern.parted(events[number])
        if parts is None or len(parts[0]) >= room:
            break
        room -= len(parts[0])
        found.append(parts)
    return found


def _only_text(event: dict[str, Any]) -> str | None:
    """Return the field that holds the text of an event which does nothing but go on with one text."""
    choices = event.get("choices")
    if isinstance(event.get("usage"), dict) or not isinstance(choices, list) or len(choices) != 1:
        return None
    choice = choices[0]
    delta = choice.get("delta") if isinstance(choice, dict) else None
    if not isinstance(delta, dict) or choice.get("finish_reason") or any(delta.get(each) for each in _BESIDE):
        return None
    given = [name for name in _TEXTS if delta.get(name)]
    return given[0] if len(given) == 1 and isinstance(delta[given[0]], str) else None


def _pattern(data: bytes, event: dict[str, Any], frame: bytes, name: str) -> _Pattern | None:
    place = _place(data, event, name)
    if place is None:
        return None
    begin, rest = place[0], data[place[1] :]
    kept = data[begin:] + b"\n\n"
    if not (frame.startswith(b"data: ") and frame.endswith(kept)):
        return None
    padding = _padding(rest, event)
    return _Pattern(data[:begin], frame[len(b"data: ") : -len(kept)], b"" if padding else rest, padding)


def _place(data: bytes, event: dict[str, Any], name: str) -> tuple[int, int] | None:
    """Return where the text of the only choice begins and ends; nothing if it is escaped, or not to be found."""
    said = event["choices"][0]["delta"][name]
    text = said.encode(errors="replace")
    begin = data.find(b'"%b"' % text, data.find(b'"%b"' % name.encode()) + len(name) + 2) + 1
    end = begin + len(text)
    if not begin or _ODD.search(text):
        return None
    # Whether it stands there, and nothing else does, is seen from what another text there would be parsed to.
    probe = orjson.loads(data[:begin] + b"?" + data[begin:])
    return (begin, end) if probe["choices"][0]["delta"][name] == "?" + said else None


def _padding(rest: bytes, event: dict[str, Any]) -> tuple[bytes, bytes] | None:
    # OpenAI pads its events to hide how long their texts are; the padding differs each time.
    padding = event.get(_PADDING.decode())
    if not isinstance(padding, str) or not padding:
        return None
    before, key, after = rest.rpartition(b'"' + _PADDING + b'":"')
    inside, quote, end = after.partition(b'"')
    return (before + key, quote + end) if key and inside == padding.encode() else None
