"""The price list: each model's list price, and what the caller pays after every factor that applies to them."""

import functools
from typing import Any

from accounts.callers import Caller
from catalog.quote import Quote, quote
from catalog.snapshot import Hop, Price, Terms

from .visible import Listed, Shelf

__all__ = ["price_at", "prices", "row"]

USUAL = "openai"
"""The dialect whose prices are told where none is named."""


def prices(
    listed: Listed, shelf: Shelf, *, caller: Caller, terms: Terms, dialect: str = USUAL
) -> tuple[Price, dict[str, Price]]:
    """Return what a model costs the caller at the upstream tried first, and by upstream where they are not alike.

    It is the function that charges are priced by, so that no list can say another figure.
    """
    at = functools.partial(price_at, listed, shelf, caller=caller, terms=terms, dialect=dialect)
    hops = {hop.provider: hop for hop in shelf.hops(listed.offer)}
    differs = any(
        ("provider", hop.provider) in shelf.catalogue.multipliers or hop.provider_id in caller.own_keys
        for hop in hops.values()
    )
    by_provider = {name: at(hop) for name, hop in hops.items()} if differs else {}
    first = next(iter(by_provider.values()), None) or at(None)
    unlike = len({tuple(price.factors) for price in by_provider.values()}) > 1
    return first, by_provider if unlike else {}


def price_at(
    listed: Listed, shelf: Shelf, hop: Hop | None, *, caller: Caller, terms: Terms, dialect: str = USUAL
) -> Price:
    """Return what a model costs the caller at one upstream, or where no upstream has a price of its own.

    Raises Unpriced if its price ended a moment ago.
    """
    return shelf.catalogue.price(
        listed.offer,
        terms,
        workspace_id=caller.workspace_id,
        dialect=dialect,
        provider=hop.provider if hop else None,
        own_key=hop is not None and hop.provider_id in caller.own_keys,
    )


def row(listed: Listed, shelf: Shelf, *, caller: Caller, terms: Terms) -> dict[str, Any]:
    """Return a model's row: list prices as floats for reading, the caller's own as exact decimals for reckoning.

    `your_price` is that of the upstream tried first. Where another one would be charged differently,
    `your_price_by_provider` has them all.
    """
    first, by_provider = prices(listed, shelf, caller=caller, terms=terms)
    yours = {name: _object(quote(listed.card, price.factors)) for name, price in by_provider.items()}
    mine = _object(quote(listed.card, first.factors))
    unlike = any(price != mine for price in yours.values())
    return {
        "model": listed.offer.public_id,
        "display_name": listed.offer.name,
        "tier": listed.offer.tier,
        **{name: float(price) for name, price in quote(listed.card, ()).prices.items()},
        "your_price": mine,
        **({"your_price_by_provider": yours} if unlike else {}),
    }


def _object(quoted: Quote) -> dict[str, Any]:
    overrides = [{"min_prompt_tokens": step.min_prompt_tokens, **step.prices} for step in quoted.steps]
    return {**quoted.prices, "overrides": overrides}
