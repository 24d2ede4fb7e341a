"""The catalogue in groups: by what a model makes, then by who serves it, with what the caller pays there."""

from collections.abc import Iterator, Sequence
from typing import Any

from accounts.callers import Caller
from catalog.snapshot import Hop, Offer, Price, Terms, Unpriced

from .items import pricing_strings
from .pricing import price_at
from .visible import Listed, Shelf

__all__ = ["EVERY", "USUAL", "grouped"]

USUAL = ("text", "image")
EVERY = (*USUAL, "embedding", "rerank")
_MADE = ("text", "image")
_Found = dict[str, list[tuple[bool, dict[str, Any]]]]


def grouped(
    shelf: Shelf, *, caller: Caller, terms: Terms, names: Sequence[str] = USUAL
) -> dict[str, list[dict[str, Any]]]:
    """Return the models that a caller may call, by group and provider; a provider is there with or without credentials.

    Prices are the caller's own, after every factor on what that provider serves.
    """
    groups: dict[str, _Found] = {name: {} for name in names}
    for listed in shelf.included():
        for provider, hops in _houses(listed.offer, shelf).items():
            told = _priced(listed, shelf, hops[0], caller=caller, terms=terms)
            if told is None:
                continue
            usable = any(_usable(hop, caller) for hop in hops)
            for name in groups.keys() & _groups(listed.offer):
                groups[name].setdefault(provider, []).append((usable, told))
    return {name: list(_providers(found)) for name, found in groups.items()}


def _providers(found: _Found) -> Iterator[dict[str, Any]]:
    for provider, models in sorted(found.items()):
        yield {
            "provider": provider,
            "configured": any(usable for usable, _ in models),
            "models": [told for _, told in models],
        }


def _houses(offer: Offer, shelf: Shelf) -> dict[str, list[Hop]]:
    """Return the hops by provider: those that would be tried, and those that only lack a credential."""
    rank = shelf.terms.rank if shelf.terms is not None else 0
    tried = shelf.hops(offer)
    found: dict[str, list[Hop]] = {}
    for hop in offer.hops:
        if hop in tried or (hop.dialect != "sandbox" and hop.min_plan_rank <= rank):
            found.setdefault(hop.provider, []).append(hop)
    return found


def _usable(hop: Hop, caller: Caller) -> bool:
    return hop.configured or bool(hop.base_url and hop.provider_id in caller.own_keys)


def _groups(offer: Offer) -> set[str]:
    if offer.capability in EVERY[len(_MADE) :]:
        return {offer.capability}
    return set(_MADE) & set(offer.output_modalities)


def _priced(listed: Listed, shelf: Shelf, hop: Hop, *, caller: Caller, terms: Terms) -> dict[str, Any] | None:
    try:
        price = price_at(listed, shelf, hop, caller=caller, terms=terms)
    except Unpriced:  # its price ended between the two looks
        return None
    return _model(listed.offer, price)


def _model(offer: Offer, price: Price) -> dict[str, Any]:
    return {
        "id": offer.public_id,
        "name": offer.name,
        "created": offer.created,
        "description": offer.description,
        "architecture": {
            "input_modalities": list(offer.input_modalities),
            "output_modalities": list(offer.output_modalities),
            "tokenizer": offer.tokenizer,
            "instruct_type": offer.instruct_type,
        },
        "topProvider": {
            "is_moderated": False,
            "context_length": offer.context_length,
            "max_completion_tokens": offer.max_output_tokens,
        },
        "pricing": pricing_strings(price.card, price.factors),
        "context_length": offer.context_length,
        "max_completion_tokens": offer.max_output_tokens,
        "per_request_limits": {},
        "supported_parameters": list(offer.supported_parameters),
    }
