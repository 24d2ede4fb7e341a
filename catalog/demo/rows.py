"""The forms in which the demo's tables are written, and what their short notations mean."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog.models import PriceVersion, Rate

__all__ = ["House", "ModelRow", "PlanRow", "models", "rates"]

_MILLION = 1_000_000
_PER_UNIT = frozenset({"request", "image", "web_search"})
_CHAT = ("max_tokens", "temperature", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty")
_TOOLS = ("tools", "tool_choice", "parallel_tool_calls")
_REASONING = ("reasoning", "reasoning_effort", "include_reasoning")


@dataclass(frozen=True, kw_only=True)
class House:
    """A provider with its one endpoint; `variables` are the environment's names for its key, best first."""

    slug: str
    name: str
    base_url: str
    dialect: str = "openai"
    variables: tuple[str, ...] = ()
    needs_credential: bool = True
    status_page: str = ""
    reasoning: str = "effort"
    developer_role: bool = False
    private: bool = False


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """A plan and its first terms; money in USD per period, caps in requests, None for no cap."""

    slug: str
    name: str
    rank: int
    usd: str
    credits: str
    period: str
    tiers: tuple[str, ...]
    day: int | None
    hour: int | None
    minute: int | None
    streams: int


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model with its chain and sell price.

    `hops` are "provider:what the model is called there", in order. `rates` are decimal USD per million tokens,
    or per unit of what is counted singly; "class>tokens" is the rate for prompts longer than that.
    """

    public_id: str
    name: str
    author: str
    about: str
    tier: str
    context: int
    output: int
    rates: Mapping[str, str]
    hops: tuple[str, ...]
    source: str
    created: date
    aliases: tuple[str, ...] = ()
    capability: str = "chat"
    takes: tuple[str, ...] = ("text",)
    gives: tuple[str, ...] = ("text",)
    tools: bool = True
    reasons: bool = False
    tokenizer: str = ""
    active: bool = True
    extra_parameters: tuple[str, ...] = ()

    @property
    def parameters(self) -> list[str]:
        """The request parameters that the model understands."""
        if self.capability != "chat":
            return list(self.extra_parameters)
        tools = _TOOLS if self.tools else ()
        reasoning = _REASONING if self.reasons else ()
        return [*_CHAT, "response_format", *tools, *reasoning]


def models() -> Iterator[ModelRow]:
    """Read the table of models. Raises TypeError for a field it should not have or lacks."""
    for written in json.loads(Path(__file__).with_name("models.json").read_text(encoding="utf-8")):
        yield ModelRow(**{name: _value(name, value) for name, value in written.items()})


def rates(written: Mapping[str, str], version: PriceVersion) -> list[Rate]:
    """Return the rates of a price, not yet saved. Raises ValueError for one finer than a micro-USD per million."""
    return [_rate(key, usd, version) for key, usd in written.items()]


def _rate(key: str, usd: str, version: PriceVersion) -> Rate:
    token_class, _, above = key.partition(">")
    micro = Decimal(usd) * _MILLION * (_MILLION if token_class in _PER_UNIT else 1)
    if micro != micro.to_integral_value():
        raise ValueError(f"{key}: {usd} USD is finer than a micro-dollar per million")
    return Rate(
        price_version=version,
        token_class=token_class,
        min_prompt_tokens=int(above or 0),
        micro_usd_per_million=int(micro),
    )


def _value(name: str, value: Any) -> Any:
    if name == "created":
        return date.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value
