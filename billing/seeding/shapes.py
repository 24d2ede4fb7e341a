"""How one made-up request of a model goes: where it was tried, how it ended, what it used and what that costs."""

import random
from dataclasses import dataclass

from billing import sums
from catalog import pricing
from catalog.pricing import CLASSES, Counts

from .wares import Place, Ware

__all__ = ["COLUMNS", "PER_WARE", "Shape", "Try", "drawn"]

PER_WARE = 400
"""How many shapes are drawn of each model; requests wear them at random."""

# Status, HTTP status, error code, who counted the tokens, and how many of a thousand end so.
_ENDS = (
    ("ok", 200, "", "upstream", 958),
    ("ok", 200, "", "counted", 8),
    ("failed", 502, "PROVIDER_ERROR", "none", 9),
    ("failed", 504, "PROVIDER_TIMEOUT", "none", 4),
    ("client_gone", 200, "", "counted", 12),
    ("upstream_cut", 200, "PROVIDER_ERROR", "counted", 5),
    ("drained", 200, "UNAVAILABLE", "counted", 1),
    ("killed", 200, "", "counted", 1),
    ("reaped", 200, "INTERNAL_ERROR", "checkpoint", 2),
)
_MISSES = (
    ("status_503", 503),
    ("status_500", 500),
    ("rate_limited", 429),
    ("timeout", None),
    ("disconnected", None),
)
_WEIGHTS = (4, 3, 3, 2, 1)
_MISS_SHARE = 0.03
_COST_SHARES = (0.55, 0.85)
"""What an upstream takes of our price where it has none in the book."""

COLUMNS = (
    *("weight", "model_id", "chain_id", "provider_id", "endpoint_id", "upstream_model", "attempts", "stream"),
    *("status", "http_status", "error_code", "finish_reason", "usage_source", "suspect", *sums.COUNTS),
    *("price_version_id", "multipliers", "cost", "provider_cost", "hold", "ttfb_ms", "latency_ms"),
)
"""The columns of an event that a shape gives, in the order of its `text`."""


@dataclass(frozen=True, slots=True)
class Try:
    """A try that did not serve: begun so many milliseconds after the request came."""

    place: Place
    outcome: str
    http_status: int | None
    after_ms: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Shape:
    """One way for a request to go; `text` are its COLUMNS as COPY reads them. Cost in nano-USD."""

    text: str
    cost: int
    latency_ms: int
    tries: tuple[Try, ...]


def drawn(ware: Ware, dice: random.Random) -> list[Shape]:
    """Draw the shapes of a model; one model is slower and talks more than another."""
    pace, length = dice.lognormvariate(0, 0.4), dice.lognormvariate(5.4, 0.6)
    return [_draw(ware, dice, pace=pace, length=length) for _ in range(PER_WARE)]


def _draw(ware: Ware, dice: random.Random, *, pace: float, length: float) -> Shape:
    status, http, code, source, _ = dice.choices(_ENDS, weights=[end[-1] for end in _ENDS])[0]
    failed = status == "failed"
    tries = _tries(ware, dice, failed=failed)
    waited = sum(each.milliseconds for each in tries)
    place = ware.places[min(len(tries), len(ware.places) - 1)]
    counts = Counts() if failed else _counts(ware, dice, length)
    ttfb = None if failed else waited + int(pace * dice.lognormvariate(6.2, 0.5))
    latency = (
        waited + 5 if ttfb is None else ttfb + int(pace * counts.completion_tokens * dice.uniform(6, 20))
    )
    cost = 0 if failed else pricing.cost(ware.card, counts, ware.factors)
    values = (
        *(1, ware.model_id, ware.chain_id),
        *((0, 0, "") if failed else (place.provider_id, place.endpoint_id, place.upstream_model)),
        *(len(tries) + (not failed), dice.random() < 0.7, status, http, code),
        *("stop" if status == "ok" else "", source, False, *(getattr(counts, name) for name in CLASSES)),
        *(ware.card.version_id, pricing.factors_text(ware.factors), cost),
        *(
            0 if failed else _upstream_cost(place, counts, cost, dice),
            cost + cost // 3 + 1_000,
            ttfb,
            latency,
        ),
    )
    return Shape("\t".join(map(_field, values)), cost, latency, tries)


def _counts(ware: Ware, dice: random.Random, length: float) -> Counts:
    output = max(1, min(ware.longest, int(length * dice.lognormvariate(0, 0.9))))
    prompt = max(1, int(dice.lognormvariate(7, 1.1)))
    cached = int(prompt * 0.6) if "cached" in ware.card.rates and dice.random() < 0.3 else 0
    thought = output // 2 if "reasoning" in ware.card.rates and dice.random() < 0.2 else 0
    return Counts(input=prompt - cached, cached=cached, output=output - thought, reasoning=thought)


def _upstream_cost(place: Place, counts: Counts, cost: int, dice: random.Random) -> int:
    if place.cost is not None:
        return pricing.cost(place.cost, pricing.fold(place.cost, counts)[0], ())
    return int(cost * dice.uniform(*_COST_SHARES))


def _tries(ware: Ware, dice: random.Random, *, failed: bool) -> tuple[Try, ...]:
    number = 2 if failed else 1 if dice.random() < _MISS_SHARE else 0
    made: list[Try] = []
    after = 2
    for each in range(number):
        outcome, http = dice.choices(_MISSES, weights=_WEIGHTS)[0]
        took = int(dice.lognormvariate(6, 1))
        made.append(Try(ware.places[each % len(ware.places)], outcome, http, after, took))
        after += took + 200
    return tuple(made)


def _field(value: object) -> str:
    """Write one value as COPY reads it; names of ours hold neither tabs nor backslashes."""
    return (
        "\\N" if value is None else {True: "t", False: "f"}[value] if isinstance(value, bool) else str(value)
    )
