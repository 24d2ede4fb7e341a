"""Why a charge is what it is: each class at its rate, the chain of factors, one rounding; every figure exact."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from catalog import pricing
from catalog.pricing import Counts, Factor, RateCard
from kernel import money

__all__ = ["Explanation", "Line", "explain"]

_MICRO, _PICO, _PPM = 6, 12, 6  # decimals of USD, and of a factor
_PIECES = {"request": "request", "image": "image", "web_search": "search"}
_FOLDED = "Classes without a rate of their own are charged as plain tokens."
_WAIVED = "No output, no charge."
_DIFFERS = "The charge differs from what these parts make."


@dataclass(frozen=True, slots=True)
class Line:
    """One class: its units, its rate in USD per million units, and their product in USD.

    The rate is that of the step for prompts of more than `above` tokens; 0 is the first step.
    """

    token_class: str
    units: int
    above: int
    rate: Decimal
    amount: Decimal

    @property
    def unit(self) -> str:
        """What is counted: `token`, `request`, `image` or `search`."""
        return _PIECES.get(self.token_class, "token")

    @property
    def price(self) -> Decimal:
        """The rate as it is told to people: in USD per million tokens, or per piece."""
        return self.rate.scaleb(-_PPM) if self.token_class in _PIECES else self.rate


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

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the parts has to know beside them."""
        waived = (_DIFFERS if self.cost else _WAIVED,) if self.waived else ()
        return (*((_FOLDED,) if self.folded else ()), *waived)


def explain(
    card: RateCard, counts: Counts, factors: Iterable[Factor], *, charged: int | None = None
) -> Explanation:
    """Return how counts come to a cost at a price; `charged` is what was charged, in nano-USD, if that is known.

    Classes without a rate count as plain tokens, as when they are charged. Raises Unpriced for what cannot be sold.
    """
    chain = tuple(factors)
    sold, folded = pricing.fold(card, counts)
    lines = [_line(card, name, units, sold.prompt_tokens) for name, units in _units(card, sold)]
    subtotal = exact = sum(units * rate for _, units, _, rate in lines)
    for factor in chain:
        exact *= factor.ppm
    decimals = _PICO + _PPM * len(chain)
    computed = pricing.cost(card, sold, chain)
    cost = computed if charged is None else charged
    return Explanation(
        lines=tuple(
            Line(name, units, above, _usd(rate, _MICRO), _usd(units * rate, _PICO))
            for name, units, above, rate in lines
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


def _line(card: RateCard, name: str, units: int, prompt_tokens: int) -> tuple[str, int, int, int]:
    prompt = 0 if name == "request" else prompt_tokens
    rate = card.rate(name, prompt)
    above = max(step for step, _ in card.rates[name] if step == 0 or prompt > step)
    return name, units, above, rate


def _usd(number: int, decimals: int) -> Decimal:
    # Built from text: arithmetic on a Decimal would round to the digits of its context.
    return Decimal(f"{number}E-{decimals}")
