"""What a deployment costs: as the configuration says, else as genai-prices knows; in USD per million tokens or per unit."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from genai_prices import Usage, __version__, calc_price

from catalog.checks import NEEDED_RATES
from catalog.models import TokenClass

from .config import Config, Deployment
from .places import Place

__all__ = ["NOT_FACTS", "Cost", "cost"]

_MILLION = 1_000_000
# LiteLLM's names, in USD per token; `_above_200k_tokens` at the end is a step.
_PER_TOKEN = {
    "input_cost_per_token": TokenClass.INPUT,
    "output_cost_per_token": TokenClass.OUTPUT,
    "cache_read_input_token_cost": TokenClass.CACHED,
    "cache_creation_input_token_cost": TokenClass.CACHE_WRITE,
    "cache_creation_input_token_cost_above_1hr": TokenClass.CACHE_WRITE_1H,
    "output_cost_per_reasoning_token": TokenClass.REASONING,
    "input_cost_per_audio_token": TokenClass.AUDIO_IN,
    "output_cost_per_audio_token": TokenClass.AUDIO_OUT,
    "input_cost_per_image_token": TokenClass.IMAGE_IN,
    "output_cost_per_image_token": TokenClass.IMAGE_OUT,
}
_PER_UNIT = {
    "input_cost_per_request": TokenClass.REQUEST,
    "input_cost_per_query": TokenClass.REQUEST,
    "output_cost_per_image": TokenClass.IMAGE,
}
_STEP = re.compile(r"(.+)_above_([1-9][0-9]{0,5})k_tokens")
# genai-prices' names, and how many units its price is for.
_KNOWN = {
    "input_mtok": (TokenClass.INPUT, 1),
    "output_mtok": (TokenClass.OUTPUT, 1),
    "cache_read_mtok": (TokenClass.CACHED, 1),
    "cache_write_mtok": (TokenClass.CACHE_WRITE, 1),
    "cache_write_1h_mtok": (TokenClass.CACHE_WRITE_1H, 1),
    "output_reasoning_mtok": (TokenClass.REASONING, 1),
    "input_audio_mtok": (TokenClass.AUDIO_IN, 1),
    "output_audio_mtok": (TokenClass.AUDIO_OUT, 1),
    "input_image_mtok": (TokenClass.IMAGE_IN, 1),
    "output_image_mtok": (TokenClass.IMAGE_OUT, 1),
    "requests_kcount": (TokenClass.REQUEST, 1000),
    "web_searches_kcount": (TokenClass.WEB_SEARCH, 1000),
}
NOT_FACTS = re.compile(r".*_cost(_.*)?")

Rates = dict[tuple[str, int], Decimal]  # class and step → USD per million tokens, or per unit


@dataclass(frozen=True, slots=True)
class Cost:
    """The rates as the file has them, where they are from, and the context length that came with them."""

    rates: Mapping[str, str]
    source: str
    context: int | None = None


def cost(config: Config, one: Deployment, place: Place, capability: str, moment: datetime) -> Cost | None:
    """Return what a deployment costs, or None where neither the configuration nor genai-prices says all of it."""
    said = dict(_said(config, one))
    if said and _enough(said, capability):
        return Cost(_written(said, capability), "LiteLLM configuration" + _filled(said, capability))
    if said:
        config.say(one.node, f"its costs lack what {capability} needs, and are looked up instead")
    return _looked_up(config.text(one.info.get("base_model")) or place.upstream, place, capability, moment)


def _said(config: Config, one: Deployment) -> Iterator[tuple[tuple[str, int], Decimal]]:
    for name, node in {**one.params, **one.info}.items():
        if not NOT_FACTS.fullmatch(name):
            continue
        matched = _STEP.fullmatch(name)
        bare, above = (matched[1], int(matched[2]) * 1000) if matched else (name, 0)
        amount = config.number(node)
        per = _PER_TOKEN.get(bare) or _PER_UNIT.get(bare)
        if per is None:
            config.leave(node, "a cost that is not charged by here")
        elif amount is None or not _exact(amount * (_MILLION if bare in _PER_TOKEN else 1), per):
            config.leave(node, "no price that can be exact here")
        else:
            yield (per.value, above), amount * (_MILLION if bare in _PER_TOKEN else 1)


def _looked_up(model: str, place: Place, capability: str, moment: datetime) -> Cost | None:
    if not place.house.priced:
        return None
    model = model.removeprefix(f"{place.house.slug}/")
    try:
        found = calc_price(
            Usage(input_tokens=1), model, provider_id=place.house.priced, genai_request_timestamp=moment
        )
    except LookupError:
        return None
    rates: Rates = {}
    for name, (per, units) in _KNOWN.items():
        price = getattr(found.model_price, name, None)
        if price is None:
            continue
        steps = [(tier.start, tier.price) for tier in getattr(price, "tiers", ())]
        for above, amount in [(0, getattr(price, "base", price)), *steps]:
            if _exact(amount / units, per):
                rates[per.value, above] = amount / units
    if not rates or not _enough(rates, capability):
        return None
    source = f"genai-prices {__version__}, {found.provider.id} {found.model.id}"
    return Cost(_written(rates, capability), source + _filled(rates, capability), found.model.context_window)


def _written(rates: Rates, capability: str) -> dict[str, str]:
    """Return rates as the file has them; what is read from a cache, and thought, costs as much as what is not."""
    full = dict(rates)
    for (name, above), amount in rates.items():
        for other, like in (("cached", "input"), ("reasoning", "output")):
            if capability == "chat" and name == like and (other, 0) not in rates:
                full[other, above] = amount
    order = list(TokenClass.values)
    return {
        f"{name}>{above}" if above else name: f"{amount.normalize():f}"
        for (name, above), amount in sorted(
            full.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    }


def _filled(rates: Rates, capability: str) -> str:
    lacks = capability == "chat" and ("cached", 0) not in rates
    return "; cache reads at the input price, as none is listed" if lacks else ""


def _enough(rates: Rates, capability: str) -> bool:
    return set(NEEDED_RATES.get(capability, ())) <= {name for name, above in rates if not above}


def _exact(amount: Decimal, per: TokenClass) -> bool:
    digits = 12 if per in (TokenClass.REQUEST, TokenClass.IMAGE, TokenClass.WEB_SEARCH) else 6
    scaled = amount.scaleb(digits)
    return scaled == scaled.to_integral_value() and scaled <= 10**15
