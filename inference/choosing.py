"""Which of a model's upstreams a request may take, and in what order they are tried."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog import quote

from .breaker import Place
from .errors import Failure
from .legs import Leg
from .wishes import Sort, Wishes

__all__ = ["Figures", "Talk", "chosen"]

_PROMPT, _COMPLETION = ("input",), ("output", "reasoning")
_PRICED = {"prompt": _PROMPT, "completion": _COMPLETION, "request": ("request",), "image": ("image",)}


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of a model at a provider: time to first byte in ms, output tokens per second."""

    first_byte_ms: float | None
    tokens_per_second: float | None


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation of a request: its name, where it went last if not where it began, whether tools answer."""

    name: str
    place: Place | None
    answers_tools: bool


Measured = Callable[[Leg], Figures]


def chosen(
    legs: Sequence[Leg], wishes: Wishes, *, sort: Sort | None, talk: Talk | None, measured: Measured
) -> list[Leg]:
    """Return the legs of one model that the wishes leave, in the order in which they are tried.

    Raises Failure naming the wish that leaves none.
    """
    left = _allowed(list(legs), wishes)
    if wishes.order:
        place = {slug: number for number, slug in enumerate(wishes.order)}
        left.sort(key=lambda leg: place.get(leg.hop.provider, len(place)))
    elif sort is not None:
        left.sort(key=_SORTS[sort](measured))
    else:
        left = _led(_shared(left, talk.name if talk else ""), talk)
    if talk is not None and talk.answers_tools:
        left = _that_know_the_calls(left, talk)
    if not wishes.allow_fallbacks:
        left = [leg for leg in left if leg.hop.provider in wishes.order] if wishes.order else left[:1]
    return _some(left, "provider.allow_fallbacks", "is connected that provider.order names")


def _allowed(legs: list[Leg], wishes: Wishes) -> list[Leg]:
    if wishes.only is not None:
        only = wishes.only
        legs = _some(
            [leg for leg in legs if leg.hop.provider in only], "provider.only", "is among provider.only"
        )
    legs = [leg for leg in legs if leg.hop.provider not in wishes.ignore]
    legs = _some(legs, "provider.ignore", "is left by provider.ignore")
    if wishes.max_price is not None:
        limits = wishes.max_price
        legs = [leg for leg in legs if all(_price(leg, name) <= limit for name, limit in limits.items())]
        legs = _some(legs, "provider.max_price", "is within provider.max_price")
    return legs


def _some(legs: list[Leg], field: str, said: str) -> list[Leg]:
    if not legs:
        raise Failure("VALIDATION_ERROR", f"No provider of this model {said}.", param=field)
    return legs


def _price(leg: Leg, name: str) -> Decimal:
    """Return the dearest rate that a request may meet, after multipliers, in USD per million tokens or per unit."""
    rates = leg.price.card.rates
    micro = max(
        (amount for token_class in _PRICED[name] for _, amount in rates.get(token_class, ())), default=0
    )
    ppm = [factor.ppm for factor in leg.price.factors]
    unit = 12 if _PRICED[name][0] in quote.PER_UNIT else 6
    return Decimal(micro * math.prod(ppm)).scaleb(-unit - 6 * len(ppm))


def _by_price(measured: Measured) -> Callable[[Leg], float]:
    return lambda leg: leg.ceiling(leg.ask.prompt_bound, leg.held_tokens * leg.ask.n)


def _by_latency(measured: Measured) -> Callable[[Leg], float]:
    return lambda leg: math.inf if (took := measured(leg).first_byte_ms) is None else took


def _by_throughput(measured: Measured) -> Callable[[Leg], float]:
    return lambda leg: math.inf if (speed := measured(leg).tokens_per_second) is None else -speed


_SORTS = {"price": _by_price, "latency": _by_latency, "throughput": _by_throughput}


def _shared(legs: list[Leg], name: str) -> list[Leg]:
    """Return the legs with one of each run of weighted neighbours in its first place, by weight and conversation."""
    ordered: list[Leg] = []
    run: list[Leg] = []
    for leg in [*legs, None]:
        if leg is not None and leg.hop.weight:
            run.append(leg)
            continue
        if run:
            first = max(run, key=lambda each: _lot(each, name))
            ordered += [first, *(each for each in run if each is not first)]
            run = []
        if leg is not None:
            ordered.append(leg)
    return ordered


def _lot(leg: Leg, name: str) -> float:
    # Weighted rendezvous: a hop that goes or comes moves only the conversations that were or will be its own.
    drawn = hashlib.blake2b(f"{name} {leg.place}".encode(), digest_size=8).digest()
    return -leg.hop.weight / math.log((int.from_bytes(drawn) + 1) / (2**64 + 1))


def _led(legs: list[Leg], talk: Talk | None) -> list[Leg]:
    if talk is None or talk.place is None:
        return legs
    return sorted(legs, key=lambda leg: leg.place != talk.place)


def _that_know_the_calls(legs: list[Leg], talk: Talk) -> list[Leg]:
    """Return the legs that can read results of tools: who knows only its own calls gets no others, and gets those."""
    served = talk.place or legs[0].place
    server = next((leg for leg in legs if leg.place == served), None)
    if server is not None and server.hop.tool_ids_local:
        return [server]
    others = [leg for leg in legs if not leg.hop.tool_ids_local]
    return sorted(others, key=lambda leg: leg.place != served) if others else legs
