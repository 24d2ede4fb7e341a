"""The models a caller can use, as the list that OpenAI's clients and routers read."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from catalog.snapshot import Catalogue, Offer
from kernel import clock

from . import answers, auth
from .answers import JSON, Answer
from .arrival import Arrival
from .deal import terms_of
from .process import Process

__all__ = ["models", "pricing_strings"]

FREE = "free"
_PICO_PER_USD_EXPONENT = -12
_PRICED: Mapping[str, str] = {
    "prompt": "input",
    "completion": "output",
    "request": "request",
    "image": "image",
    "web_search": "web_search",
    "internal_reasoning": "reasoning",
    "input_cache_read": "cached",
    "input_cache_write": "cache_write",
}


async def models(process: Process, request: Arrival) -> Answer:
    """Answer with the models of the caller's plan, or of the free plan for nobody. Raises Failure."""
    caller = await auth.caller_or_nobody(process.directory, request)
    catalogue = process.catalogue
    if caller is None:
        tiers, allowed = _tiers_for_nobody(catalogue), None
    else:
        tiers, allowed = terms_of(catalogue, caller).tiers, caller.allowed_models
    body = orjson.dumps({"object": "list", "data": _items(catalogue, tiers, allowed)})
    return Answer(200, [JSON, *answers.standing(request)], body)


def pricing_strings(rates: Mapping[str, tuple[tuple[int, int], ...]]) -> dict[str, str]:
    """Return the list price of each class in USD a unit, exact, as decimal strings; zero is "0"."""
    return {
        name: _usd(rates[token_class][0][1]) if token_class in rates else "0"
        for name, token_class in _PRICED.items()
    }


def _tiers_for_nobody(catalogue: Catalogue) -> frozenset[str]:
    try:
        return catalogue.public_terms(FREE).tiers
    except KeyError:
        return frozenset()  # without a free plan nothing is on show


def _items(
    catalogue: Catalogue, tiers: frozenset[str], allowed: frozenset[str] | None
) -> list[dict[str, Any]]:
    return [
        _item(offer)
        for offer in catalogue.offers
        if offer.tier in tiers and (allowed is None or offer.public_id in allowed)
    ]


def _item(offer: Offer) -> dict[str, Any]:
    inputs, outputs = list(offer.input_modalities), list(offer.output_modalities)
    return {
        "id": offer.public_id,
        "object": "model",
        "created": offer.created,
        "owned_by": offer.author,
        "tier": offer.tier,
        "capability": offer.capability,
        "name": offer.name,
        "canonical_slug": offer.public_id,
        "description": offer.description,
        "context_length": offer.context_length,
        "max_output_tokens": offer.max_output_tokens,
        "architecture": {
            "input_modalities": inputs,
            "output_modalities": outputs,
            "modality": f"{'+'.join(inputs)}->{'+'.join(outputs)}",
            "tokenizer": offer.tokenizer,
            "instruct_type": offer.instruct_type or None,
        },
        "pricing": pricing_strings(_rates(offer)),
        "top_provider": {
            "context_length": offer.context_length,
            "max_completion_tokens": offer.max_output_tokens,
            "is_moderated": False,
        },
        "supported_parameters": list(offer.supported_parameters),
        "per_request_limits": None,
        "limit": {"context": offer.context_length, "output": offer.max_output_tokens},
        "modalities": {"input": inputs, "output": outputs},
    }


def _rates(offer: Offer) -> Mapping[str, tuple[tuple[int, int], ...]]:
    now = clock.now()
    return next((card.rates for since, card in offer.cards if since <= now), {})


def _usd(micro_usd_per_million: int) -> str:
    amount = Decimal(micro_usd_per_million).scaleb(_PICO_PER_USD_EXPONENT)
    if not amount:
        return "0"
    text = f"{amount:f}".rstrip("0")
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<8}"
