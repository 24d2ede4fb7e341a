"""What a price comes to for one caller: rates times factors, written out as exact decimals of USD; pure arithmetic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from .pricing import Factor, RateCard

__all__ = ["FIELDS", "PER_UNIT", "Quote", "Step", "decimal_text", "quote"]

FIELDS: Mapping[str, str] = {
    "input": "input_per_million",
    "cached": "cached_input_per_million",
    "cache_write": "cache_write_per_million",
    "cache_write_1h": "cache_write_1h_per_million",
    "output": "output_per_million",
    "reasoning": "reasoning_per_million",
    "image_in": "image_input_per_million",
    "image_out": "image_output_per_million",
    "audio_in": "audio_input_per_million",
    "audio_out": "audio_output_per_million",
    "request": "per_request",
    "image": "per_image",
    "web_search": "per_web_search",
}
PER_UNIT = frozenset({"request", "image", "web_search"})
_FLAT = frozenset({"request"})  # the fee for a request is one, however long the prompt
_DECIMALS = 6  # of a factor, and of a rate per million


@dataclass(frozen=True, slots=True)
class Step:
    """The prices that differ for prompts strictly longer than `min_prompt_tokens`."""

    min_prompt_tokens: int
    prices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Quote:
    """Prices by field, in USD per million tokens or per unit; of the steps that fit a prompt the last one counts."""

    prices: Mapping[str, str]
    steps: tuple[Step, ...]


def quote(card: RateCard, factors: Iterable[Factor]) -> Quote:
    """Return what each class of a rate card costs after factors, to the last digit.

    The sum of counts × prices, rounded half up once to a nano-USD, is what `pricing.cost` charges.
    """
    chain = [factor.ppm for factor in factors]
    factor, decimals = prod(chain), _DECIMALS * len(chain)

    def prices(prompt_tokens: int, *, beyond: int) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, field in FIELDS.items():  # in this order, whatever that of the rates is
            steps = card.rates.get(name)
            step = _step(name, steps, prompt_tokens) if steps else None
            if step is not None and step[0] >= beyond:
                unit = 2 * _DECIMALS if name in PER_UNIT else _DECIMALS
                found[field] = decimal_text(step[1] * factor, decimals=decimals + unit)
        return found

    borders = {step[0] for name, steps in card.rates.items() if name not in _FLAT for step in steps} - {0}
    return Quote(
        prices(0, beyond=0),
        tuple(Step(border, prices(border + 1, beyond=1)) for border in sorted(borders)),
    )


def decimal_text(numerator: int, *, decimals: int, at_least: int = 0) -> str:
    """Return numerator ÷ 10^decimals as a plain decimal with all its digits, and `at_least` so many unless zero.

    Raises ValueError for a negative number.
    """
    if numerator < 0 or decimals < 0:
        raise ValueError("a price is not negative")
    if not numerator:
        return "0"
    whole, part = divmod(numerator, 10**decimals)
    digits = f"{part:0{decimals}d}".rstrip("0") if part else ""
    digits = digits.ljust(at_least, "0")
    return f"{whole}.{digits}" if digits else str(whole)


def _step(name: str, steps: tuple[tuple[int, int], ...], prompt_tokens: int) -> tuple[int, int] | None:
    length = 0 if name in _FLAT else prompt_tokens
    return max((step for step in steps if step[0] == 0 or length > step[0]), default=None)
