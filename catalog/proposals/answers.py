"""How providers answer when they are asked for their models: OpenAI's list, with OpenRouter's prices; Anthropic's; Gemini's."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from .figures import Steps
from .listing import Entry, Tariff, Uncarried, exact

__all__ = ["MOST_MODELS", "NoList", "Page", "read"]

MOST_MODELS = 5_000
_LONGEST_ID = 128  # as in a hop
_GREATEST_CONTEXT = 2**31 - 1
_CONTEXT = (
    *("context_length", "context_window", "max_context_length", "max_model_len"),
    *("max_input_tokens", "inputTokenLimit"),
)
_OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_tokens", "outputTokenLimit")
# OpenRouter's names, in USD per token or per piece.
_CLASSES = {
    "prompt": "input",
    "completion": "output",
    "input_cache_read": "cached",
    "input_cache_write": "cache_write",
    "input_cache_write_1h": "cache_write_1h",
    "internal_reasoning": "reasoning",
    "audio": "audio_in",
    "audio_output": "audio_out",
    "image_output": "image_out",
    "request": "request",
    "web_search": "web_search",
}
_PLAIN = ("prompt", "completion")
# What we do not count apart: carried where it costs as much as what it is counted as.
_COUNTED_AS = {"image": "prompt", "image_token": "prompt", "input_audio_cache": "input_cache_read"}
_PER_TOKEN_OR_PIECE = 12


class NoList(Exception):
    """An answer that is no list of models; its text says what is wrong with it."""


class Page:
    """One page of a list: its entries, how many were left out, and where the next one begins."""

    def __init__(self, entries: Mapping[str, Entry], left_out: int, after: str) -> None:
        self.entries, self.left_out, self.after = entries, left_out, after


def read(answer: bytes) -> Page:
    """Return what a page of a list says. Raises NoList.

    Ids that no hop could hold are left out. A price that cannot be carried exactly is refused, its model is not.
    """
    try:
        said = json.loads(answer, parse_float=str)
    except (ValueError, RecursionError):
        raise NoList("the answer is no JSON") from None
    rows = said if isinstance(said, list) else _rows(said)
    if rows is None:
        raise NoList("the answer has no list of models")
    if len(rows) > MOST_MODELS:
        raise NoList(f"the answer lists more than {MOST_MODELS:,} models")
    entries = {entry.id: entry for row in rows if (entry := _entry(row)) is not None}
    return Page(entries, len(rows) - len(entries), _after(said))


def _rows(said: Any) -> list[Any] | None:
    if not isinstance(said, dict):
        return None
    rows = said.get("data", said.get("models"))
    return rows if isinstance(rows, list) else None


def _after(said: Any) -> str:
    """Return the mark of the page that follows: Anthropic's last id, Gemini's token; nothing after the last."""
    if not isinstance(said, dict):
        return ""
    mark = said.get("last_id") if said.get("has_more") is True else said.get("nextPageToken")
    return mark if isinstance(mark, str) and 0 < len(mark) <= 1_000 else ""


def _entry(row: Any) -> Entry | None:
    if not isinstance(row, dict):
        return None
    key = row.get("id") or row.get("name")
    if not isinstance(key, str):
        return None
    key = key.removeprefix("models/")
    if not 0 < len(key) <= _LONGEST_ID or not key.isprintable():
        return None
    top = row.get("top_provider")
    tariff, refusal = _tariff(row.get("pricing"))
    return Entry(
        key,
        name=_word(row, "display_name", "displayName", "name"),
        context=_count(row, _CONTEXT),
        max_output=_count(top if isinstance(top, dict) else row, _OUTPUT),
        tariff=tariff,
        refusal=refusal,
    )


def _word(row: Mapping[str, Any], *names: str) -> str:
    found = (row.get(name) for name in names)
    return next((_plain(word) for word in found if isinstance(word, str)), "")


def _plain(text: str) -> str:
    """Return text as it can be kept and shown: no controls, not long."""
    return "".join(each if each.isprintable() else " " for each in text[:_LONGEST_ID])


def _count(row: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        count = row.get(name)
        if isinstance(count, int) and not isinstance(count, bool) and 0 < count <= _GREATEST_CONTEXT:
            return count
    return None


def _tariff(pricing: Any) -> tuple[Tariff | None, str]:
    if not isinstance(pricing, dict) or not pricing:
        return None, ""
    if "prompt" not in pricing:
        return None, "its prices are in a form that is not read here"
    try:
        return Tariff(dict(_stated(pricing))), ""
    except Uncarried as refused:
        return None, _plain(str(refused))


def _stated(pricing: Mapping[str, Any]) -> Iterator[tuple[str, Steps]]:
    """Return the classes that are priced; beside prompt and completion a zero says that a thing has no price of its own."""
    amounts = {name: _amount(name, value) for name, value in pricing.items()}
    for name, amount in amounts.items():
        if not amount and name not in _PLAIN:
            continue
        if name in _CLASSES:
            yield _CLASSES[name], ((0, exact(amount, _PER_TOKEN_OR_PIECE, name)),)
        elif name not in _COUNTED_AS:
            raise Uncarried(f"{name} is not counted")
        elif amount != amounts.get(_COUNTED_AS[name]):
            raise Uncarried(f"{name} differs from {_COUNTED_AS[name]}, and is not counted apart")


def _amount(name: str, value: Any) -> Decimal:
    if isinstance(value, (list, dict)) and not value:
        return Decimal(0)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or len(str(value)) > 60:
        raise Uncarried(f"{name} is no price")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise Uncarried(f"{name} is no price") from None
    if not amount.is_finite() or amount < 0:
        raise Uncarried(f"{name} is told only when it is used")
    return amount
