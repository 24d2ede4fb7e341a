"""What the page of one model says: each price with its steps, the factors on it, earlier and coming prices, upstreams."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from billing import figures
from billing.uptime import Record
from catalog.models import TokenClass
from catalog.quote import FIELDS, Quote, quote

from ..shelf.visible import Listed, Shelf
from .goods import Amount, Chain, Faring, Good, amount, chain, good
from .history import Change, history

__all__ = ["Line", "Page", "Upstream", "page"]

_PIECES = frozenset({"request", "image", "web_search"})


@dataclass(frozen=True, slots=True)
class Line:
    """One price: what it is of, the price here and the list price in USD per million tokens or per piece."""

    name: str
    unit: str
    mine: Amount | None
    listed: Amount


@dataclass(frozen=True, slots=True)
class Upstream:
    """One provider that serves the model, in the order in which they are tried."""

    place: int
    name: str
    faring: Faring


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page; clocks are in `zone`."""

    good: Good
    zone: str
    chain: Chain | None
    lines: list[Line]
    steps: list[tuple[str, list[Line]]]
    by_provider: list[tuple[str, list[Line]]]
    windows: list[tuple[str, str, list[Line]]]
    coming: str
    changes: list[Change]
    upstreams: list[Upstream]
    parameters: str


def page(listed: Listed, shelf: Shelf, record: Record, *, zone: str) -> Page:
    """Return what is said of one model."""
    said, clock = good(listed, shelf, record), ZoneInfo(zone)
    factors = said.price.factors if said.price else ()
    offer = listed.offer
    return Page(
        good=said,
        zone=zone,
        chain=chain(factors) if said.price else None,
        lines=_lines(said.mine, said.listed),
        steps=_steps(said.mine, said.listed),
        by_provider=[
            (_house(shelf, slug), _lines(each, said.listed)) for slug, each in said.mine_by_provider.items()
        ],
        windows=[
            (
                each.label,
                str(each.window),
                _lines(quote(each.card, factors) if said.price else None, quote(each.card, ())),
            )
            for each in shelf.catalogue.windows(offer)
        ],
        coming=_coming(listed, shelf, clock),
        changes=history(listed, shelf, clock),
        upstreams=_upstreams(listed, shelf, record),
        parameters=", ".join(offer.supported_parameters),
    )


def _lines(mine: Quote | None, listed: Quote) -> list[Line]:
    return [
        Line(
            TokenClass(name).label,
            "each" if name in _PIECES else "per million tokens",
            _mine(mine.prices if mine else {}, field),
            amount(listed.prices[field], at_least=2),
        )
        for name, field in FIELDS.items()
        if field in listed.prices
    ]


def _steps(mine: Quote | None, listed: Quote) -> list[tuple[str, list[Line]]]:
    """Return what differs for long prompts, by the length from which on it does."""
    own = {step.min_prompt_tokens: step.prices for step in mine.steps} if mine else {}
    return [
        (
            figures.count(step.min_prompt_tokens),
            [
                Line(
                    TokenClass(name).label,
                    "per million tokens",
                    _mine(own.get(step.min_prompt_tokens, {}), field),
                    amount(step.prices[field], at_least=2),
                )
                for name, field in FIELDS.items()
                if field in step.prices
            ],
        )
        for step in listed.steps
    ]


def _mine(prices: Mapping[str, str], field: str) -> Amount | None:
    return amount(prices[field], at_least=4) if field in prices else None


def _coming(listed: Listed, shelf: Shelf, zone: ZoneInfo) -> str:
    coming = shelf.catalogue.coming(listed.offer)
    if coming is None:
        return ""
    when = _day(coming.at, zone)
    if coming.version is None:
        return f"It has no price from {when} on and is not sold then."
    named = f" ({coming.version.label})" if coming.version.label else ""
    prices = quote(coming.version.card, ()).prices
    told = [
        f"{words} ${prices[field]}"
        for words, field in (("input", "input_per_million"), ("output", "output_per_million"))
        if field in prices
    ]
    return f"From {when} on the list price is another{named}: {', '.join(told) or 'see then'}."


def _upstreams(listed: Listed, shelf: Shelf, record: Record) -> list[Upstream]:
    hops = {hop.provider: hop.provider_id for hop in shelf.hops(listed.offer)}
    return [
        Upstream(place, _house(shelf, slug), Faring(record.of([(number, listed.offer.model_id)])))
        for place, (slug, number) in enumerate(hops.items(), 1)
    ]


def _house(shelf: Shelf, slug: str) -> str:
    known = shelf.register.houses.get(slug)
    return known.name if known else slug


def _day(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{figures.day(local.date(), year=True)} {local:%H:%M}"
