"""What is left of a price after what a provider takes of it, class by class and to the last digit; pure arithmetic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from .pricing import OUTPUT_CLASSES, PROMPT_CLASSES
from .quote import FIELDS, Quote

__all__ = ["Margin", "least", "margin"]

_PLAIN = {name: side[0] for side in (PROMPT_CLASSES, OUTPUT_CLASSES) for name in side}


@dataclass(frozen=True, slots=True)
class Margin:
    """One class, for prompts longer than `above`: USD per million tokens or per unit that come in and that go out."""

    token_class: str
    above: int
    sell: Decimal
    cost: Decimal

    @property
    def percent(self) -> Decimal | None:
        """The share of the price that stays with us, in percent rounded down to a tenth; None of a price of nothing."""
        if not self.sell:
            return None
        sell, cost = Fraction(self.sell), Fraction(self.cost)
        return Decimal(floor((sell - cost) * 1000 / sell)).scaleb(-1)

    def below(self, percent: int) -> bool:
        """Tell whether less than so much stays with us; 0 asks whether it is sold below cost."""
        return Fraction(self.sell) * (100 - percent) < Fraction(self.cost) * 100


def margin(sell: Quote, cost: Quote) -> tuple[Margin, ...]:
    """Return what stays of each class that either side has a price for, where both are known.

    `sell` is with all factors, `cost` what the provider charges. A class that one side lacks counts as that side's
    plain tokens, as when it is charged; a fee per request that one side lacks is nothing.
    """
    borders = {step.min_prompt_tokens for quote in (sell, cost) for step in quote.steps}
    found = list(_rows(_prices(sell, 0), _prices(cost, 0), 0))
    for border in sorted(borders):
        before = {row.token_class: row for row in found}
        for row in _rows(_prices(sell, border), _prices(cost, border), border):
            known = before.get(row.token_class)
            if known is None or (known.sell, known.cost) != (row.sell, row.cost):
                found.append(row)
    return tuple(found)


def least(rows: tuple[Margin, ...]) -> Margin | None:
    """Return the row of which the least stays with us; a price of nothing for what costs something goes first."""
    known = [row for row in rows if row.percent is not None or row.cost]
    return min(known, key=lambda row: (row.percent is not None, row.percent or 0), default=None)


def _prices(quote: Quote, above: int) -> Mapping[str, Decimal]:
    prices = dict(quote.prices)
    for step in quote.steps:
        if step.min_prompt_tokens <= above:
            prices |= step.prices
    named = {field: name for name, field in FIELDS.items()}
    return {named[field]: Decimal(price) for field, price in prices.items()}


def _rows(sell: Mapping[str, Decimal], cost: Mapping[str, Decimal], above: int) -> Iterator[Margin]:
    for name in FIELDS:
        if name not in sell and name not in cost:
            continue
        income, expense = _of(sell, name), _of(cost, name)
        if income is not None and expense is not None:
            yield Margin(name, above, income, expense)


def _of(prices: Mapping[str, Decimal], name: str) -> Decimal | None:
    if name in prices:
        return prices[name]
    return Decimal(0) if name == "request" else prices.get(_PLAIN.get(name, name))
