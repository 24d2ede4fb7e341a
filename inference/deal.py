"""On what terms a request runs: the model that was meant, the plan that allows it, its hops, price and hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from accounts.callers import Caller
from catalog import pricing
from catalog.pricing import Counts
from catalog.snapshot import Catalogue, Hop, Offer, Price, Terms, Unpriced

from . import routing
from .dialects import Ask, Dialect
from .errors import Failure

__all__ = ["Deal", "strike", "terms_of"]

# What may be sold by the piece alone, and by which class; everything else has a price for its tokens.
_PIECES = {"rerank": "request", "image": "image"}
# How many requests a call counts as, where no pattern of the plan names its model.
_WEIGHTS = {"image": 5}


@dataclass(frozen=True, slots=True)
class Deal:
    """What a request was let in on; prices are those in force at that moment, and stay."""

    caller: Caller
    terms: Terms
    offer: Offer
    hops: list[Hop]
    prices: Mapping[int, Price]
    costs: Mapping[int, pricing.RateCard | None]
    max_tokens: int

    @property
    def price(self) -> Price:
        """The price at the first hop: what the admission is pinned to."""
        return self.prices[self.hops[0].provider_id]

    @property
    def weight(self) -> int:
        """How many requests this one counts as."""
        return self.terms.weight(self.offer.public_id, otherwise=_WEIGHTS.get(self.offer.capability, 1))

    def sold(self, card: pricing.RateCard, counts: Counts) -> Counts:
        """Return the counts that are charged for: no prompt where a rate card prices pieces and not tokens."""
        piece = _PIECES.get(self.offer.capability)
        by_piece_alone = piece in card.rates and "input" not in card.rates
        return replace(counts, input=0) if by_piece_alone else counts

    def hold(self, *, prompt_tokens: int, choices: int, images: int) -> int:
        """Return the most this request can cost at any of its hops, in nano-USD. Raises pricing.Unpriced."""
        return max(
            pricing.ceiling(
                price.card,
                prompt_tokens=self.sold(price.card, Counts(input=prompt_tokens)).input,
                output_tokens=self.max_tokens * choices,
                images=images,
                factors=price.factors,
            )
            for price in {id(price): price for price in self.prices.values()}.values()
        )


def strike(catalogue: Catalogue, caller: Caller, ask: Ask, dialect: Dialect) -> Deal:
    """Return the terms for what a caller asks.

    Raises Failure if the model is unknown, not included, not priced or not connected.
    """
    offer = catalogue.find(ask.model)
    if offer is None or offer.capability != dialect.capability:
        raise Failure(
            "INVALID_MODEL", f"There is no {dialect.capability} model {ask.model[:128]!r}.", param="model"
        )
    terms = terms_of(catalogue, caller)
    _check_allowed(catalogue, caller, terms, offer)
    hops = routing.candidates(offer.hops, rank=terms.rank)
    if not hops:
        raise Failure("PROVIDER_ERROR", f"No provider of {offer.public_id} is connected at the moment.")
    wanted = ask.limit if ask.limit is not None else terms.default_max_tokens
    writes = min(wanted, offer.max_output_tokens) if dialect.capability == "chat" else 0
    try:
        prices = _prices(
            catalogue, offer, terms, hops, workspace_id=caller.workspace_id, dialect=dialect.name
        )
        costs = {hop.provider_id: catalogue.provider_price(offer, hop.provider_id) for hop in hops}
        struck = Deal(caller, terms, offer, hops, prices, costs, max_tokens=writes)
        struck.hold(prompt_tokens=ask.prompt_bound, choices=ask.n, images=ask.images)
    except (Unpriced, pricing.Unpriced) as error:
        raise Failure(
            "INVALID_MODEL", f"{offer.public_id} has no price and is not sold.", param="model"
        ) from error
    return struck


def terms_of(catalogue: Catalogue, caller: Caller) -> Terms:
    """Return the terms of the caller's plan. Raises Failure if they are newer than this process's catalogue."""
    try:
        return catalogue.terms(caller.plan_version_id)
    except KeyError as error:
        raise Failure("UNAVAILABLE", "The terms of this plan are not loaded yet.", retry_after=1) from error


def _check_allowed(catalogue: Catalogue, caller: Caller, terms: Terms, offer: Offer) -> None:
    if caller.allowed_models is not None and offer.public_id not in caller.allowed_models:
        raise Failure("MODEL_NOT_ALLOWED", f"This key may not use {offer.public_id}.", param="model")
    if offer.tier not in terms.tiers:
        lowest = catalogue.lowest_plan(offer.tier)
        including = f" The lowest plan that includes it is {lowest.name}." if lowest else ""
        raise Failure(
            "MODEL_NOT_ALLOWED",
            f"{offer.public_id} is not included in the plan {terms.name}.{including}",
            param="model",
        )


def _prices(
    catalogue: Catalogue, offer: Offer, terms: Terms, hops: list[Hop], *, workspace_id: int, dialect: str
) -> dict[int, Price]:
    plain = catalogue.price(offer, terms, workspace_id=workspace_id, dialect=dialect)
    return {
        hop.provider_id: catalogue.price(
            offer, terms, workspace_id=workspace_id, provider=hop.provider, dialect=dialect
        )
        if ("provider", hop.provider) in catalogue.multipliers
        else plain
        for hop in hops
    }
