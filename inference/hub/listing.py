"""The hub's list of models: prices in credits for 1,000 tokens, after every factor on what the caller is charged."""

from fractions import Fraction
from typing import Any

import orjson
from django.conf import settings
from django.http.response import HttpResponseBase

from accounts.callers import Caller
from catalog.quote import quote
from catalog.snapshot import Offer, Price, Terms, Unpriced

from ..arrival import Arrival
from ..dialects.hub import NAME
from ..process import Process
from ..shelf import freshness, pricing, views
from ..shelf.visible import Listed, Shelf

__all__ = ["models"]

_THOUSANDS = 1_000


async def models(process: Process, request: Arrival) -> HttpResponseBase:
    """Answer with the models that the caller may chat with. Raises Failure."""
    seen = await views.as_met(process, request)
    caller, terms = seen.customer()
    listed = [each for each in seen.included() if each.offer.capability == "chat"]
    found = [item for each in listed if (item := _item(each, seen, caller, terms)) is not None]
    return freshness.answer(request, orjson.dumps({"models": found}), public=False)


def _item(listed: Listed, shelf: Shelf, caller: Caller, terms: Terms) -> dict[str, Any] | None:
    try:
        price, _ = pricing.prices(listed, shelf, caller=caller, terms=terms, dialect=NAME)
    except Unpriced:  # its price ended between the two looks
        return None
    offer = listed.offer
    return {
        "id": offer.public_id,
        "name": offer.name,
        "provider": _provider(offer, shelf),
        "context_window": offer.context_length,
        "max_output_tokens": offer.max_output_tokens,
        "cost_per_1k_input": _credits(price, "input_per_million"),
        "cost_per_1k_output": _credits(price, "output_per_million"),
        "supports_tools": "tools" in offer.supported_parameters,
        "supports_vision": "image" in offer.input_modalities,
    }


def _provider(offer: Offer, shelf: Shelf) -> str:
    """Return who would be asked first; the author where nobody is connected."""
    return next((hop.provider for hop in [*shelf.hops(offer), *offer.hops]), offer.author)


def _credits(price: Price, field: str) -> float:
    usd = Fraction(quote(price.card, price.factors).prices.get(field, "0"))
    return float(usd * settings.HUB_CREDITS_PER_USD / _THOUSANDS)
