"""What a deployment costs: as the configuration says, else as genai-prices knows; in USD per million tokens or per unit."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalog.checks import NEEDED_RATES
from catalog.models import TokenClass
from catalog.proposals import genai
from catalog.proposals.figures import BY_THE_PIECE

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
    return _looked_up(config, one, place, capability, moment)


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


def _looked_up(
    config: Config, one: Deployment, place: Place, capability: str, moment: datetime
) -> Cost | None:
    model = config.text(one.info.get("base_model")) or place.upstream
    found = genai.known(place.house.priced, model.removeprefix(f"{place.house.slug}/"), moment)
    if found is None:
        return None
    source = found.evidence["source"]
    if found.tariff is None:
        config.say(one.node, f"its price in {source} is not carried over: {found.refusal}")
        return None
    rates = {
        (name, above): Decimal(rate).scaleb(-_digits(name))
        for name, steps in found.tariff.stated.items()
        for above, rate in steps
    }
    if not _enough(rates, capability):
        config.say(one.node, f"its price in {source} lacks what {capability} needs")
        return None
    return Cost(_written(rates, capability), source + _filled(rates, capability), found.context)


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
    scaled = amount.scaleb(_digits(per.value))
    return scaled == scaled.to_integral_value() and scaled <= 10**15


def _digits(token_class: str) -> int:
    """Return how many decimals of a dollar the file's rate has: per million tokens, or per piece."""
    return 12 if token_class in BY_THE_PIECE else 6
