"""Which column of an upstream's file says what: the known exports, and names that are given by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["FIELDS", "PRESETS", "Preset", "columns"]

FIELDS: Mapping[str, str] = {
    "day": "Day or moment",
    "model": "Model",
    "request": "Request id",
    "requests": "Number of requests",
    "input": "Tokens in",
    "output": "Tokens out",
    "cost": "Cost, USD",
}
"""What is read of a file, and what it is called."""
NEEDED = ("day", "model")


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of export: by each field the columns it may be in; of counts all that are there are summed."""

    name: str
    columns: Mapping[str, Sequence[str]]


PRESETS: Mapping[str, Preset] = {
    "openai": Preset(
        "OpenAI usage",
        {
            "day": ("start_time_iso", "start_time", "date"),
            "model": ("model", "line_item"),
            "requests": ("num_model_requests",),
            "input": ("input_tokens",),
            "output": ("output_tokens",),
            "cost": ("amount_value", "cost_in_major", "cost_usd"),
        },
    ),
    "openrouter": Preset(
        "OpenRouter activity",
        {
            "day": ("created_at", "date"),
            "model": ("model_permaslug", "model"),
            "requests": ("requests", "num_requests"),
            "input": ("tokens_prompt", "prompt_tokens"),
            "output": ("tokens_completion", "completion_tokens"),
            "cost": ("cost_total", "usage", "total_cost"),
        },
    ),
    "anthropic": Preset(
        "Anthropic usage",
        {
            "day": ("usage_date_utc", "date"),
            "model": ("model_version", "model"),
            "input": (
                "usage_input_tokens_no_cache",
                "usage_input_tokens_cache_write_5m",
                "usage_input_tokens_cache_write_1h",
                "usage_input_tokens_cache_read",
            ),
            "output": ("usage_output_tokens",),
            "cost": ("cost_usd",),
        },
    ),
    "plain": Preset(
        "Plain",
        {
            "day": ("day", "date", "at", "timestamp"),
            "model": ("model",),
            "request": ("request_id",),
            "requests": ("requests",),
            "input": ("input_tokens",),
            "output": ("output_tokens",),
            "cost": ("cost", "usd"),
        },
    ),
}
_SUMMED = {"input"}


def columns(preset: str, heads: Sequence[str], given: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return by each field the columns of a file that say it: those given by hand, else those of the preset.

    Raises ValueError for a column that the file has not, or where none says the day or the model.
    """
    found: dict[str, tuple[str, ...]] = {}
    for field, name in FIELDS.items():
        asked = tuple(part.strip() for part in given.get(field, "").split("+") if part.strip())
        unknown = [column for column in asked if column not in heads]
        if unknown:
            raise ValueError(f"{name}: the file has no column {unknown[0]!r}")
        known = tuple(column for column in PRESETS[preset].columns.get(field, ()) if column in heads)
        if chosen := asked or (known if field in _SUMMED else known[:1]):
            found[field] = chosen
    missing = [FIELDS[field] for field in NEEDED if field not in found]
    if missing:
        raise ValueError(f"{missing[0]}: no column says it; the file has {', '.join(heads)}")
    if not found.keys() & {"input", "output", "cost", "requests"}:
        raise ValueError(f"Cost, USD: no column says it, nor any count; the file has {', '.join(heads)}")
    return found
