"""What genai-prices, as it is installed, says of a provider's models; no call is made.

A price is carried to the last digit or not at all. Its counts contain each other (input holds what was cached), ours are
disjoint, and in both each token is paid once, at the rate of the finest class that is listed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from genai_prices import __version__
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices, TimeOfDateConstraint
from genai_prices.types import Provider as House

from catalog.houses import HOUSES
from catalog.models import Provider

from .figures import Steps
from .listing import Entry, Listing, Tariff, Uncarried, exact

__all__ = ["CLASSES", "COUNTED_AS", "NEVER_ASKED", "VERSION", "house_of", "known", "listed", "tariff"]

VERSION = __version__
# Their names, ours, and by what power of ten a price becomes micro-USD per million units.
CLASSES = {
    "input_mtok": ("input", 6),
    "cache_read_mtok": ("cached", 6),
    "cache_write_mtok": ("cache_write", 6),
    "cache_write_1h_mtok": ("cache_write_1h", 6),
    "output_mtok": ("output", 6),
    "output_reasoning_mtok": ("reasoning", 6),
    "input_image_mtok": ("image_in", 6),
    "output_image_mtok": ("image_out", 6),
    "input_audio_mtok": ("audio_in", 6),
    "output_audio_mtok": ("audio_out", 6),
    "requests_kcount": ("request", 9),
    "web_searches_kcount": ("web_search", 9),
}
# What we do not count apart: carried where it costs as much as what it is counted as.
COUNTED_AS = {
    "input_text_mtok": "input_mtok",
    "input_video_mtok": "input_mtok",
    "input_tool_mtok": "input_mtok",
    "cache_text_read_mtok": "cache_read_mtok",
    "cache_image_read_mtok": "cache_read_mtok",
    "cache_audio_read_mtok": "cache_read_mtok",
    "cache_video_read_mtok": "cache_read_mtok",
    "cache_write_5m_mtok": "cache_write_mtok",
    "output_text_mtok": "output_mtok",
    "output_video_mtok": "output_mtok",
    "output_citation_mtok": "output_mtok",
}
# What no request through us brings about, because it is never asked for.
NEVER_ASKED = {"storage_searches_kcount": "searches in files kept at the provider"}
_NOTE_CHARACTERS = 500


def listed(provider: Provider, names: Iterable[str], moment: datetime) -> Listing | None:
    """Return what is known of a provider's models at a moment (UTC); None where it is not known at all.

    `names` are what our hops call models there.
    """
    house = house_of(provider)
    if house is None:
        return None
    known: dict[str, ModelInfo] = {model.id: model for model in house.models}
    known_as = {}
    for name in names:
        found = house.find_model(name, all_providers=get_snapshot().providers)
        if found is not None:
            known_as[name] = found.id
            known.setdefault(found.id, found)
    return Listing({key: _entry(house, model, moment) for key, model in known.items()}, known_as)


def known(house_name: str, model_name: str, moment: datetime) -> Entry | None:
    """Return what is known at a moment (UTC) of a model of whom genai-prices calls so; None where it knows either not."""
    house = _named(house_name)
    model = house.find_model(model_name, all_providers=get_snapshot().providers) if house else None
    return _entry(house, model, moment) if house and model else None


def house_of(provider: Provider) -> House | None:
    """Return who answers at a provider's addresses, else whom its slug names; one on private addresses is nobody known."""
    houses = [house for each in provider.endpoints.all() if (house := _at(each.base_url)) is not None]
    if houses:
        return houses[0]
    named = {house.slug: house.priced for house in HOUSES.values()}.get(provider.slug)
    return _named(named) if named and not provider.private else None


def tariff(model: ModelInfo, moment: datetime) -> Tariff:
    """Return a model's rates at a moment (UTC). Raises Uncarried for those that our classes cannot hold exactly."""
    price, _ = _in_force(model, moment)
    listed = {name: value for name, value in price.__dict__.items() if value is not None}
    stated = {}
    for name, value in listed.items():
        if name in CLASSES:
            token_class, power = CLASSES[name]
            stated[token_class] = _steps(value, power, name)
        elif name in COUNTED_AS:
            if value != listed.get(COUNTED_AS[name]):
                raise Uncarried(f"{name} differs from {COUNTED_AS[name]}, and is not counted apart")
        elif name not in NEVER_ASKED:
            raise Uncarried(f"{name} is not counted")
    if not stated:
        raise Uncarried("no price is listed")
    if "request" in stated and len(stated["request"]) > 1:
        raise Uncarried("requests_kcount depends on the length of the prompt")
    return Tariff(stated)


def _at(url: str) -> House | None:
    if not url:
        return None
    try:
        return get_snapshot().find_provider(None, None, url)
    except LookupError:
        return None


def _named(name: str) -> House | None:
    return next((house for house in get_snapshot().providers if house.id == name), None)


def _entry(house: House, model: ModelInfo, moment: datetime) -> Entry:
    evidence = dict(_evidence(house, model, moment))
    entry = Entry(model.id, name=model.name or "", context=model.context_window, evidence=evidence)
    try:
        return replace(entry, tariff=tariff(model, moment))
    except Uncarried as refused:
        return replace(entry, refusal=str(refused))


def _evidence(house: House, model: ModelInfo, moment: datetime) -> Iterator[tuple[str, str]]:
    yield "source", f"genai-prices {VERSION}, {house.id} {model.id}"
    if house.pricing_urls:
        yield "page", house.pricing_urls[0]
    try:
        _, since = _in_force(model, moment)
    except Uncarried:
        since = None
    if since is not None:
        yield "in force since", since.isoformat()
    if model.price_comments:
        yield "note", " ".join(model.price_comments.split())[:_NOTE_CHARACTERS]
    variants = sorted(
        {f"{key} {value}" for each in model.price_variants or () for key, value in each.when.items()}
    )
    if variants:
        yield "other prices", f"not carried: those for {', '.join(variants)}"


def _in_force(model: ModelInfo, moment: datetime) -> tuple[ModelPrice, date | None]:
    """Return the price of a moment and the day since which it is in force, where that is told."""
    if isinstance(model.prices, ModelPrice):
        return model.prices, None
    for each in reversed(model.prices):
        if isinstance(each.constraint, TimeOfDateConstraint):
            raise Uncarried("the price depends on the time of day")
        if each.constraint is None:
            return each.prices, None
        if each.constraint.active(moment):
            return each.prices, each.constraint.start_date
    return model.prices[0].prices, None


def _steps(value: object, power: int, what: str) -> Steps:
    if isinstance(value, Decimal):
        return ((0, exact(value, power, what)),)
    if not isinstance(value, TieredPrices):
        raise Uncarried(f"{what} is no price")
    borders = [tier.start for tier in value.tiers]
    if len({0, *borders}) <= len(borders):
        raise Uncarried(f"{what} has two rates from one length on")
    tiers = ((tier.start, exact(tier.price, power, what)) for tier in value.tiers)
    return ((0, exact(value.base, power, what)), *tiers)
