"""What is said of a model on the pages: its price here beside the list price, who may call it, what it can, how it fares."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import prod

from billing.beats import State
from billing.uptime import Fared, Record
from catalog.pricing import Factor
from catalog.quote import Quote, decimal_text, quote
from catalog.snapshot import Offer, Price, Unpriced

from ..shelf import pricing
from ..shelf.visible import Listed, Shelf

__all__ = ["Amount", "Chain", "Faring", "Good", "amount", "chain", "common", "good"]

_SHOWN_LIST, _SHOWN_MINE = 2, 4  # decimals at least: a list price as the book has it, one's own in one column
_ABILITIES = ("reasoning", "tools")
_CENTS = 2


@dataclass(frozen=True, slots=True)
class Amount:
    """A price in USD as it is set: all its digits, the zeros behind the cents apart."""

    strong: str
    dim: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The factors on a price and their product, in words."""

    factors: tuple[tuple[str, str], ...]
    product: str


@dataclass(frozen=True, slots=True)
class Faring:
    """How calls fared, as it is set."""

    known: Fared

    @property
    def uptime(self) -> str:
        """The share of calls that were answered, rounded down: what failed once is not 100."""
        share = self.known.share
        return "—" if share is None else f"{math.floor(share * 10_000) / 100:.2f}\u00a0%"

    @property
    def first_token(self) -> str:
        """The median until the first token, of the last day."""
        first = self.known.first_byte_ms
        if first is None:
            return "—"
        return f"{first:.0f}\u00a0ms" if first < 1000 else f"{first / 1000:.1f}\u00a0s"

    @property
    def trouble(self) -> str:
        """What is wrong with it now, in a word."""
        return {State.DEGRADED: "Degraded", State.DOWN: "Down"}.get(self.known.now, "")

    @property
    def ticks(self) -> list[tuple[str, str]]:
        """The days as marks: of each state one path for all its days, as a list has thousands of them."""
        paths: dict[str, str] = {}
        for place, day in enumerate(self.known.days):
            paths[day.value] = paths.get(day.value, "") + f"M{4 * place} 0h3v14h-3z"
        return list(paths.items())

    @property
    def words(self) -> str:
        """The marks in words."""
        if self.known.share is None:
            return "Nobody called it in 30 days"
        bad = self.known.bad_days
        days = "no day in trouble" if not bad else f"{bad} day{'' if bad == 1 else 's'} in trouble"
        return f"{self.uptime} of calls answered in 30 days, {days}"


@dataclass(frozen=True, slots=True)
class Good:
    """One model for sale as somebody meets it; prices in USD per million tokens, or per piece where `piece` names it.

    `mine` is None for nobody, who has no price of their own. `mine_by_provider` has those that differ by upstream;
    the list price counts since `since`, in UTC.
    """

    offer: Offer
    price: Price | None
    listed: Quote
    mine: Quote | None
    mine_by_provider: Mapping[str, Quote]
    included: bool
    from_plan: str
    abilities: str
    ends: date | None
    faring: Faring
    since: datetime

    @property
    def piece(self) -> str:
        """What is priced by the piece where tokens are not: `image`, `request`, or nothing."""
        prices = self.listed.prices
        if prices.get("output_per_million", "0") != "0":
            return ""
        if "per_image" in prices:
            return "image"
        return "request" if "per_request" in prices and prices.get("input_per_million", "0") == "0" else ""

    @property
    def cells(self) -> list[tuple[str, Amount | None, Amount | None]]:
        """The three prices of a row: what it is, the price here, the list price; None where there is none."""
        output = f"per_{self.piece}" if self.piece else "output_per_million"
        fields = (
            ("Input", "input_per_million"),
            ("Cached input", "cached_input_per_million"),
            ("Output", output),
        )
        return [(name, self._mine(field), self._listed(field)) for name, field in fields]

    @property
    def context(self) -> str:
        """The context in thousands of tokens."""
        length = self.offer.context_length
        return (
            f"{length / 1_000_000:.3g}\u00a0M"
            if length >= 1_000_000
            else f"{length // 1000}\u00a0k"
            if length >= 1000
            else str(length)
        )

    def _mine(self, field: str) -> Amount | None:
        found = self.mine.prices.get(field) if self.mine else None
        return amount(found, at_least=_SHOWN_MINE) if found is not None else None

    def _listed(self, field: str) -> Amount | None:
        found = self.listed.prices.get(field)
        return amount(found, at_least=_SHOWN_LIST) if found is not None else None


def good(listed: Listed, shelf: Shelf, record: Record) -> Good:
    """Return what is said of a model."""
    price, by_provider = _prices(listed, shelf)
    included = shelf.allows(listed.offer) if shelf.caller else True
    lowest = None if included else shelf.catalogue.lowest_plan(listed.offer)
    ending = shelf.register.endings.get(listed.offer.public_id)
    return Good(
        offer=listed.offer,
        price=price,
        listed=quote(listed.card, ()),
        mine=quote(price.card, price.factors) if price else None,
        mine_by_provider={name: quote(each.card, each.factors) for name, each in by_provider.items()},
        included=included,
        from_plan=lowest.name if lowest else "",
        abilities=_abilities(listed.offer),
        ends=ending.on if ending else None,
        faring=Faring(record.of(_places(listed, shelf))),
        since=_since(listed, shelf),
    )


def _places(listed: Listed, shelf: Shelf) -> list[tuple[int, int]]:
    """Return where a model is served, as health knows it: provider and model."""
    return list(dict.fromkeys((hop.provider_id, listed.offer.model_id) for hop in shelf.hops(listed.offer)))


def _since(listed: Listed, shelf: Shelf) -> datetime:
    version = listed.offer.prices.at(shelf.moment)
    if version is None:
        raise ValueError(f"{listed.offer.public_id} has no price")
    return version.valid_from


def chain(factors: Iterable[Factor]) -> Chain:
    """Return factors in words; a factor on one thing is named by its scope, where the name says enough."""
    known = list(factors)
    return Chain(
        factors=tuple((_named(each), _factor([each.ppm])) for each in known),
        product=_factor([each.ppm for each in known]),
    )


def common(goods: Iterable[Good]) -> Chain | None:
    """Return the chain that all models of a plan share, or None where they differ."""
    chains = {tuple(good.price.factors) for good in goods if good.price is not None and good.included}
    return chain(chains.pop()) if len(chains) == 1 else None


def amount(text: str, *, at_least: int) -> Amount:
    """Return a decimal with at least so many decimals; the zeros at its end are dim, but for those of the cents."""
    whole, _, part = text.partition(".")
    part = part.ljust(at_least, "0")
    strong = part[:_CENTS] + part[_CENTS:].rstrip("0")
    return Amount(f"{whole}.{strong}", part[len(strong) :])


def _prices(listed: Listed, shelf: Shelf) -> tuple[Price | None, dict[str, Price]]:
    if shelf.caller is None or shelf.terms is None:
        return None, {}
    try:
        return pricing.prices(listed, shelf, caller=shelf.caller, terms=shelf.terms)
    except Unpriced:  # its price ended between the two looks
        return None, {}


def _abilities(offer: Offer) -> str:
    if offer.capability == "image":
        return "images out"
    if offer.capability != "chat":
        return offer.capability
    found = [name for name in _ABILITIES if name in offer.supported_parameters]
    found += [f"{name}s" if name == "image" else name for name in offer.input_modalities if name != "text"]
    return ", ".join(found) or "text"


def _named(factor: Factor) -> str:
    return f"{factor.scope} {factor.target}" if factor.scope in ("tier", "plan", "provider") else factor.scope


def _factor(ppm: list[int]) -> str:
    text = decimal_text(prod(ppm), decimals=6 * len(ppm)) if ppm else "1"
    whole, _, part = text.partition(".")
    return f"{whole}.{part.ljust(2, '0')}"
