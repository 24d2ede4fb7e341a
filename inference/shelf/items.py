"""A model as the lists and the detail of /v1/models describe it."""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

from catalog.pricing import Factor, RateCard
from catalog.quote import decimal_text

from .visible import Listed, Shelf

__all__ = ["detail", "item", "pricing_strings"]

_PICO_DECIMALS = 12
_FACTOR_DECIMALS = 6
_SHOWN_DECIMALS = 8
# What is charged where a class has no rate of its own: tokens are sold as plain ones of their side.
_PRICED: Mapping[str, tuple[str, ...]] = {
    "prompt": ("input",),
    "completion": ("output",),
    "request": ("request",),
    "image": ("image",),
    "web_search": ("web_search",),
    "internal_reasoning": ("reasoning", "output"),
    "input_cache_read": ("cached", "input"),
    "input_cache_write": ("cache_write", "input"),
}
_SMALL_TIERS = frozenset({"free", "lite"})


def item(listed: Listed, shelf: Shelf) -> dict[str, Any]:
    """Return the object of one model in a list."""
    offer = listed.offer
    ending = shelf.register.endings.get(offer.public_id)
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
        "pricing": pricing_strings(listed.card),
        "top_provider": {
            "context_length": offer.context_length,
            "max_completion_tokens": offer.max_output_tokens,
            "is_moderated": False,
        },
        "supported_parameters": list(offer.supported_parameters),
        "default_parameters": None,
        "per_request_limits": None,
        "expiration_date": ending.on.isoformat() if ending is not None else None,
        "limit": {"context": offer.context_length, "output": offer.max_output_tokens},
        "modalities": {"input": inputs, "output": outputs},
    }


def detail(listed: Listed, shelf: Shelf) -> dict[str, Any]:
    """Return the object of one model by itself: whether the caller may call it, and who would answer, in order.

    `tier` is coarser here than in the list: `lite` for what small plans include, else `premium`.
    """
    return {
        **item(listed, shelf),
        "tier": "lite" if listed.offer.tier in _SMALL_TIERS else "premium",
        "allowed": shelf.allows(listed.offer),
        "providers": list(dict.fromkeys(hop.provider for hop in shelf.hops(listed.offer))),
    }


def pricing_strings(card: RateCard, factors: Iterable[Factor] = ()) -> dict[str, str]:
    """Return the price of each class after factors in USD a unit, exact, as decimal strings; zero is "0"."""
    chain = [factor.ppm for factor in factors]
    return {name: _usd(card, classes, chain) for name, classes in _PRICED.items()}


def _usd(card: RateCard, classes: tuple[str, ...], chain: list[int]) -> str:
    rate = next((rate for name in classes for minimum, rate in card.rates.get(name, ()) if minimum == 0), 0)
    decimals = _PICO_DECIMALS + _FACTOR_DECIMALS * len(chain)
    return decimal_text(rate * prod(chain), decimals=decimals, at_least=_SHOWN_DECIMALS)
