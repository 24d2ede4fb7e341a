"""One way in which a request may be served: a model at one of its upstreams, at a price, with room to write."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from catalog import pricing
from catalog.pricing import Counts
from catalog.snapshot import Hop, Offer, Price

from . import sse
from .breaker import Place
from .dialects import Ask
from .meter import MOST_SEARCHES

__all__ = ["Leg"]

PICTURE_EVENT_BYTES = 32 * 1024 * 1024
# What may be sold by the piece alone, and by which class; everything else has a price for its tokens.
_PIECES = {"rerank": "request", "image": "image"}


@dataclass(frozen=True, slots=True)
class Leg:
    """`ask` is what is asked there, cut to fit if need be, and `dropped` how many messages that took.

    `weight` is how many requests it counts as, `cost` what the provider charges us, None where that is unknown, and
    `own_key` the customer's secret for the provider, where the call goes out on it.
    """

    offer: Offer
    hop: Hop
    price: Price
    cost: pricing.RateCard | None
    weight: int
    ask: Ask
    max_tokens: int
    dropped: int = 0
    own_key: str | None = field(default=None, repr=False)

    @property
    def place(self) -> Place:
        """What the breaker knows it by."""
        return self.hop.endpoint_id, self.hop.upstream_model

    @property
    def output_bound(self) -> int:
        """The most output tokens that are asked of the upstream."""
        return self.max_tokens * self.ask.n

    @property
    def event_bytes(self) -> int:
        """The most bytes of one event of a stream: pictures come in one piece."""
        return PICTURE_EVENT_BYTES if "image" in self.offer.output_modalities else sse.MAX_EVENT_BYTES

    def sold(self, card: pricing.RateCard, counts: Counts) -> Counts:
        """Return the counts that are charged for: no prompt where a rate card prices pieces and not tokens.

        Searches of the web are sold where they have a rate; no other class can stand for them.
        """
        if counts.web_search and "web_search" not in card.rates:
            counts = replace(counts, web_search=0)
        piece = _PIECES.get(self.offer.capability)
        if piece is None or piece not in card.rates or "input" in card.rates:
            return counts
        return pricing.without_prompt(counts)

    def ceiling(self, prompt_tokens: Callable[[Ask], int]) -> int:
        """Return the most the request can cost here, in nano-USD. Raises pricing.Unpriced."""
        card = self.price.card
        return pricing.ceiling(
            card,
            prompt_tokens=self.sold(card, Counts(input=prompt_tokens(self.ask))).input,
            output_tokens=self.output_bound,
            images=self.ask.images,
            searches=MOST_SEARCHES if "web_search" in card.rates else 0,
            factors=self.price.factors,
        )
