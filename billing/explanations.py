"""Why a charge is what it is: each class at its rate, the chain of factors, one rounding; every figure exact."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from catalog import pricing
from catalog.pricing import Counts, Factor, RateCard
from kernel import money

__all__ = ["Explanation", "Line", "explain"]

_MICRO, _PICO, _PPM = 6, 12, 6  # decimals of USD, and of a factor


@dataclass(frozen=True, slots=True)
class Line:
    """One class: its units, its rate in USD per million units, and their product in USD."""

    token_class: str
    units: int
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Explanation:
    """A charge from its parts, in USD: lines → `subtotal` → × factors = `exact` → + `rounding` − `waived` = `cost`."""

    lines: tuple[Line, ...]
    subtotal: Decimal
    factors: tuple[Factor, ...]
    exact: Decimal
    rounding: Decimal
    waived: Decimal
    cost: Decimal
    folded: bool


def explain(
    card: RateCard, counts: Counts, factors: Iterable[Factor], *, charged: int | None = None
) -> Explanation:
    """Return how counts come to a cost at a price; `charged` is what was charged, in nano-USD, if that is known.

    Classes without a rate count as plain tokens, as when they are charged. Raises Unpriced for what cannot be sold.
    """
    chain = tuple(factors)
    sold, folded = pricing.fold(card, counts)
    lines = [
        (name, units, card.rate(name, 0 if name == "request" else sold.prompt_tokens))
        for name, units in _units(card, sold)
    ]
    subtotal = exact = sum(units * rate for _, units, rate in lines)
    for factor in chain:
        exact *= factor.ppm
    decimals = _PICO + _PPM * len(chain)
    computed = pricing.cost(card, sold, chain)
    cost = computed if charged is None else charged
    return Explanation(
        lines=tuple(
            Line(name, units, _usd(rate, _MICRO), _usd(units * rate, _PICO)) for name, units, rate in lines
        ),
        subtotal=_usd(subtotal, _PICO),
        factors=chain,
        exact=_usd(exact, decimals),
        rounding=_usd(computed * 10 ** (decimals - 9) - exact, decimals),
        waived=money.to_usd(computed - cost),
        cost=money.to_usd(cost),
        folded=folded,
    )


def _units(card: RateCard, counts: Counts) -> list[tuple[str, int]]:
    units = [(name, getattr(counts, name)) for name in pricing.CLASSES]
    fee = [("request", 1)] if "request" in card.rates else []
    return [(name, number) for name, number in units if number] + fee


def _usd(number: int, decimals: int) -> Decimal:
    # Built from text: arithmetic on a Decimal would round to the digits of its context.
    return Decimal(f"{number}E-{decimals}")
