"""What of a chat only some upstreams understand: reasoning with signatures, marks for caches, and who is sent them.

Both stand in the fields that clients know from OpenRouter. An entry of `reasoning_details` names its format, by which
it goes only to where that format is read; its `id` may say which place it had among the blocks of its answer.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from catalog.snapshot import Hop

__all__ = [
    "ANTHROPIC",
    "ERROR_PREFIX",
    "GEMINI",
    "UNPARSED",
    "Signed",
    "details_in",
    "details_of",
    "for_hop",
    "place_id",
    "place_of",
    "woven",
]

ANTHROPIC = "anthropic-claude-v1"
GEMINI = "google-gemini-v1"
# The key that holds the arguments of a call as they came, where a dialect wants an object and they are none.
UNPARSED = "unparsed_arguments"
# What a failed tool's result begins with, where a dialect cannot say so otherwise.
ERROR_PREFIX = "Error: "

# The formats of OpenRouter and of the adapters. Others are an upstream's own, and it wants them back.
_TRANSLATED = frozenset(
    (
        ANTHROPIC,
        GEMINI,
        "azure-openai-responses-v1",
        "openai-responses-v1",
        "unknown",
        "xai-responses-v1",
    )
)
_GROWING = frozenset(("text", "data", "signature"))
_MARK = "cache_control"
_PLACE = "block-"


class Signed:
    """The entries of reasoning of one answer, put together from their pieces: those of one index are one."""

    def __init__(self) -> None:
        self._entries: dict[Any, dict[str, Any]] = {}

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries with a signature or sealed data; what nobody signed need not go back."""
        return [each for each in self._entries.values() if each.get("signature") or each.get("data")]

    def add(self, piece: Mapping[str, Any]) -> None:
        """Take in a piece: texts grow, everything else is said once."""
        index = piece.get("index")
        entry = self._entries.setdefault(index if type(index) is int else len(self._entries), {})
        for name, value in piece.items():
            grows = name in _GROWING and isinstance(value, str) and isinstance(entry.get(name), str)
            entry[name] = entry[name] + value if grows else value


def details_of(message: Mapping[str, Any], form: str) -> list[dict[str, Any]]:
    """Return the entries of a message's reasoning that are of a format."""
    return [detail for detail in details_in(message) if detail.get("format") == form]


def details_in(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all entries of reasoning of a message or a delta."""
    found = message.get("reasoning_details")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def place_id(place: int) -> str:
    """Return the id of an entry that stood at a place, from 0, among the blocks of its answer."""
    return f"{_PLACE}{place}"


def place_of(detail: Mapping[str, Any]) -> int | None:
    """Return the place that an entry's id tells, None where it tells none."""
    name = detail.get("id")
    if not isinstance(name, str) or not name.startswith(_PLACE):
        return None
    number = name.removeprefix(_PLACE)
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else None


def woven(
    placed: Iterable[tuple[int | None, dict[str, Any]]], rest: Iterable[dict[str, Any]], *, behind: int = 0
) -> list[dict[str, Any]]:
    """Return blocks in one row, those with a place at it and those without at once, `behind` of the rest at the end."""
    row: list[dict[str, Any]] = []
    waiting = deque(rest)
    for place, block in placed:
        while place is not None and len(row) < place and len(waiting) > behind:
            row.append(waiting.popleft())
        row.append(block)
    return [*row, *waiting]


def for_hop(body: dict[str, Any], hop: Hop, *, translated: bool) -> dict[str, Any]:
    """Return a chat without what the hop would not understand.

    Marks for caches are taken out only where a translation of ours put them in: what a caller of a chat writes goes
    as it came.
    """
    reads_all = hop.dialect == "anthropic" or hop.reasoning == "reasoning"
    if not reads_all and hop.dialect != "gemini":
        body = {**body, "messages": [_without_foreign(message) for message in body["messages"]]}
    if translated and hop.dialect != "anthropic":
        body = {**body, "messages": [_without_errors(message) for message in body["messages"]]}
    return body if reads_all or not translated else _without_marks(body)


def _without_foreign(message: dict[str, Any]) -> dict[str, Any]:
    if not message.get("reasoning_details"):
        return message
    left = [detail for detail in details_in(message) if detail.get("format") not in _TRANSLATED]
    rest = {name: value for name, value in message.items() if name != "reasoning_details"}
    return {**rest, "reasoning_details": left} if left else rest


def _without_errors(message: dict[str, Any]) -> dict[str, Any]:
    return _without(message, "is_error")


def _without_marks(body: dict[str, Any]) -> dict[str, Any]:
    body = _without({**body, "messages": [_plain(message) for message in body["messages"]]}, _MARK)
    tools = body.get("tools")
    return {**body, "tools": [_without(tool, _MARK) for tool in tools]} if tools else body


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    message = _without(message, _MARK)
    content, calls = message.get("content"), message.get("tool_calls")
    if isinstance(content, list):
        parts = [_without(part, _MARK) for part in content]
        between = "" if message["role"] == "assistant" else "\n"
        # Many upstreams take text only as a string.
        only_text = all(part["type"] == "text" for part in parts)
        plain = between.join(part["text"] for part in parts) if only_text else parts
        message = {**message, "content": plain}
    return {**message, "tool_calls": [_without(call, _MARK) for call in calls]} if calls else message


def _without(holder: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in holder.items() if key != name} if name in holder else holder
