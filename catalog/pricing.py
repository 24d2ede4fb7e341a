"""What usage costs: counts × rates × factors in exact integers, rounded once; pure arithmetic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from kernel import money

__all__ = [
    "Counts",
    "Factor",
    "RateCard",
    "Unpriced",
    "ceiling",
    "cost",
    "factors_text",
    "fold",
    "most_output",
    "parse_factors",
    "within",
    "without_prompt",
]

PPM = 1_000_000
GREATEST = 2**40
"""No count of tokens is greater; the database says the same."""
PROMPT_CLASSES = ("input", "cached", "cache_write", "cache_write_1h", "image_in", "audio_in")
OUTPUT_CLASSES = ("output", "reasoning", "image_out", "audio_out")


class Unpriced(Exception):
    """Usage of a class that the price version has no rate for."""

    def __init__(self, token_class: str) -> None:
        super().__init__(f"no rate for {token_class}")
        self.token_class = token_class


@dataclass(frozen=True, slots=True)
class Counts:
    """Disjoint counts of one request, by the names of the token classes."""

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    image_in: int = 0
    image_out: int = 0
    audio_in: int = 0
    audio_out: int = 0
    image: int = 0
    web_search: int = 0

    @property
    def prompt_tokens(self) -> int:
        """All tokens that went in."""
        return sum(getattr(self, name) for name in PROMPT_CLASSES)

    @property
    def completion_tokens(self) -> int:
        """All tokens that came out."""
        return sum(getattr(self, name) for name in OUTPUT_CLASSES)


CLASSES = tuple(field.name for field in fields(Counts))
CUT_IN_ORDER = (*OUTPUT_CLASSES, "web_search", "image", *reversed(PROMPT_CLASSES))


@dataclass(frozen=True, slots=True)
class Factor:
    """One multiplier in force: its row, its millionths, and what it applies to."""

    id: int
    ppm: int
    scope: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class RateCard:
    """The rates of one price version: class → steps of (minimum prompt tokens, micro-USD per million units)."""

    version_id: int
    rates: Mapping[str, tuple[tuple[int, int], ...]]

    def rate(self, token_class: str, prompt_tokens: int) -> int:
        """Return the rate in micro-USD per million units for a prompt of that many tokens.

        A step applies to prompts strictly longer than its minimum. Raises Unpriced without a rate.
        """
        best: tuple[int, int] | None = None
        for minimum, amount in self.rates.get(token_class, ()):
            if (minimum == 0 or prompt_tokens > minimum) and (best is None or minimum > best[0]):
                best = (minimum, amount)
        if best is None:
            raise Unpriced(token_class)
        return best[1]


def cost(card: RateCard, counts: Counts, factors: Iterable[Factor]) -> int:
    """Return what one request costs in nano-USD, rounded once, half up. Raises Unpriced."""
    return money.half_up(*_exact(_pico(card, counts), factors))


def ceiling(
    card: RateCard,
    *,
    prompt_tokens: int,
    output_tokens: int,
    images: int = 0,
    searches: int = 0,
    factors: Iterable[Factor],
) -> int:
    """Return an amount in nano-USD that no request within these tokens can exceed, rounded up.

    The dearest class and long-context step of each side counts; `images` are pictures to be made, `searches` made
    on the web.
    Raises Unpriced if a side that is used has no rate.
    """
    pico = _beside_output(card, prompt_tokens, images, searches)
    if output_tokens:
        pico += _dearest(card, OUTPUT_CLASSES) * output_tokens
    numerator, denominator = _exact(pico, factors)
    return -(-numerator // denominator)


def most_output(
    card: RateCard,
    amount: int,
    *,
    prompt_tokens: int,
    images: int = 0,
    searches: int = 0,
    factors: Iterable[Factor],
) -> int:
    """Return the most output tokens whose ceiling is within an amount of nano-USD; 0 if not even the prompt is.

    GREATEST where output costs nothing. Raises Unpriced if a side that is used has no rate.
    """
    numerator, denominator = _exact(1, factors)
    rate = _dearest(card, OUTPUT_CLASSES)
    if not numerator:
        return GREATEST
    left = amount * denominator // numerator - _beside_output(card, prompt_tokens, images, searches)
    if left < 0:
        return 0
    return min(left // rate, GREATEST) if rate else GREATEST


def within(card: RateCard, counts: Counts, factors: Iterable[Factor], *, amount: int) -> Counts:
    """Return counts that cost no more than an amount of nano-USD: of the output as little as need be is left out.

    Only then of what came beside it, and of the prompt. Raises Unpriced.
    """
    factors = tuple(factors)
    for name in CUT_IN_ORDER:
        if cost(card, counts, factors) <= amount:
            break
        least, most = 0, getattr(counts, name)
        while least < most:
            middle = (least + most + 1) // 2
            if cost(card, replace(counts, **{name: middle}), factors) <= amount:
                least = middle
            else:
                most = middle - 1
        counts = replace(counts, **{name: least})
    return counts


def fold(card: RateCard, counts: Counts) -> tuple[Counts, bool]:
    """Move counts of classes without a rate to the plain class of their side; tell whether any moved.

    Such an event is marked suspect: what a provider reports beyond the price book is sold as plain tokens,
    never given away.
    """
    moved = {
        name: getattr(counts, name) for name in CLASSES if getattr(counts, name) and name not in card.rates
    }
    sides = {"input": PROMPT_CLASSES[1:], "output": OUTPUT_CLASSES[1:]}
    changes = dict.fromkeys((name for side in sides.values() for name in side if name in moved), 0)
    for base, side in sides.items():
        extra = sum(moved.get(name, 0) for name in side)
        if extra:
            changes[base] = getattr(counts, base) + extra
    return (replace(counts, **changes), True) if changes else (counts, False)


def without_prompt(counts: Counts) -> Counts:
    """Return counts with no plain input tokens, for what is sold by the piece."""
    return replace(counts, input=0)


def factors_text(factors: Iterable[Factor]) -> str:
    """Return the chain of factors as it is stored beside a charge: `id:ppm,id:ppm`."""
    return ",".join(f"{factor.id}:{factor.ppm}" for factor in factors)


def parse_factors(text: str) -> tuple[Factor, ...]:
    """Read a stored chain of factors. Raises ValueError if it is malformed."""
    pairs = (pair.split(":") for pair in text.split(",") if pair)
    return tuple(Factor(id=int(number), ppm=int(ppm)) for number, ppm in pairs)


def _pico(card: RateCard, counts: Counts) -> int:
    prompt = counts.prompt_tokens
    total = _per_request(card)
    for name in CLASSES:
        count = getattr(counts, name)
        if count:
            total += count * card.rate(name, prompt)
    return total


def _per_request(card: RateCard) -> int:
    return card.rate("request", 0) if "request" in card.rates else 0


def _beside_output(card: RateCard, prompt_tokens: int, images: int, searches: int) -> int:
    pico = _per_request(card)
    if prompt_tokens:
        pico += _dearest(card, PROMPT_CLASSES) * prompt_tokens
    if images:
        pico += _dearest(card, ("image",)) * images
    if searches:
        pico += _dearest(card, ("web_search",)) * searches
    return pico


def _dearest(card: RateCard, names: tuple[str, ...]) -> int:
    if names[0] not in card.rates:
        raise Unpriced(names[0])
    return max(amount for name in names for _, amount in card.rates.get(name, ()))


def _exact(pico: int, factors: Iterable[Factor]) -> tuple[int, int]:
    numerator, denominator = pico, money.PICO_PER_NANO
    for factor in factors:
        numerator *= factor.ppm
        denominator *= PPM
    return numerator, denominator
