"""One way in which a request may be served: a model at one of its upstreams, at a price, with room to write."""

from dataclasses import dataclass, field, replace
from typing import TypedDict

from catalog import pricing
from catalog.pricing import Counts
from catalog.snapshot import Hop, Offer, Price

from . import sse
from .breaker import Place
from .dialects import Ask
from .hearing import MAX_ANSWER_BYTES
from .meter import MOST_SEARCHES

__all__ = ["Leg"]

PICTURE_EVENT_BYTES = 32 * 1024 * 1024
PICTURES_BYTES = 64 * 1024 * 1024
# What may be sold by the piece alone, and by which class; everything else has a price for its tokens.
_PIECES = {"rerank": "request", "image": "image"}


class _Beside(TypedDict):
    prompt_tokens: int
    images: int
    searches: int


@dataclass(frozen=True, slots=True)
class Leg:
    """`ask` is what is asked there, cut to fit if need be, and `dropped` how many messages that took.

    `max_tokens` is the most that each answer may have, and `held_tokens` what is held for at first: less where the
    caller named no limit.
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
    held_tokens: int
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
    def open_ended(self) -> bool:
        """Whether more may be written than is held for at first."""
        return self.max_tokens > self.held_tokens

    @property
    def event_bytes(self) -> int:
        """The most bytes of one event of a stream: pictures come in one piece."""
        return PICTURE_EVENT_BYTES if self._draws else sse.MAX_EVENT_BYTES

    @property
    def answer_bytes(self) -> int:
        """The most bytes of a whole answer: ten pictures may come at once."""
        return PICTURES_BYTES if self._draws else MAX_ANSWER_BYTES

    @property
    def _draws(self) -> bool:
        return self.offer.capability == "image" or "image" in self.offer.output_modalities

    def sold(self, card: pricing.RateCard, counts: Counts) -> Counts:
        """Return the counts that are charged for: no prompt where a rate card prices pieces and not tokens.

        Searches of the web are sold where they have a rate; no other class can stand for them.
        """
        if counts.web_search and "web_search" not in card.rates:
            counts = replace(counts, web_search=0)
        return pricing.without_prompt(counts) if self._by_the_piece(card) else counts

    def ceiling(self, prompt_tokens: int, output_tokens: int) -> int:
        """Return the most the request can cost here within these tokens, in nano-USD. Raises pricing.Unpriced."""
        return pricing.ceiling(
            self.price.card,
            output_tokens=output_tokens,
            factors=self.price.factors,
            **self._beside(prompt_tokens),
        )

    def affords(self, amount: int, prompt_tokens: int) -> int:
        """Return the most output tokens that an amount of nano-USD covers, whatever they are. Raises pricing.Unpriced."""
        return pricing.most_output(
            self.price.card, amount, factors=self.price.factors, **self._beside(prompt_tokens)
        )

    def limited(self, amount: int, prompt_tokens: int) -> "Leg":
        """Return this leg with no more output than an amount of nano-USD covers, or than is held for at first."""
        afforded = self.affords(amount, prompt_tokens) // self.ask.n
        return replace(self, max_tokens=max(self.held_tokens, min(self.max_tokens, afforded)))

    def _by_the_piece(self, card: pricing.RateCard) -> bool:
        piece = _PIECES.get(self.offer.capability)
        return piece is not None and piece in card.rates and "input" not in card.rates

    def _beside(self, prompt_tokens: int) -> "_Beside":
        card = self.price.card
        return {
            "prompt_tokens": 0 if self._by_the_piece(card) else prompt_tokens,
            "images": self.ask.images,
            "searches": MOST_SEARCHES if "web_search" in card.rates else 0,
        }
