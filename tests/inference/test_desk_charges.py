"""What the desk tells of a charge: from the answer alone anybody comes to the same digits."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
from hypothesis import given

from billing.explanations import explain
from catalog import pricing
from catalog.pricing import Counts, Factor, RateCard
from inference.desk import charges
from tests.billing.test_explanations import cards, counts, factors


def recomputed(told: dict[str, Any]) -> int:
    """Work a charge out in nano-USD from its units, rates and factors, as a customer with a spreadsheet would."""
    total = sum(
        (line["units"] * Fraction(line["rate_per_million"]) / 10**6 for line in told["lines"]), Fraction(0)
    )
    for each in told["multipliers"]:
        total *= Fraction(each["factor"])
    return int(total * 10**9 + Fraction(1, 2))


@given(cards, counts, factors)
def test_comes_to_the_same_digits_as_the_charge(card: RateCard, usage: Counts, chain: list[Factor]) -> None:
    told = orjson.loads(orjson.dumps(charges.parts(explain(card, usage, chain))))
    cost = pricing.cost(card, usage, chain)
    assert recomputed(told) == cost
    assert Fraction(told["cost"]) * 10**9 == cost
    parts = (Fraction(told[name]) for name in ("multiplied", "rounding", "waived"))
    multiplied, rounding, waived = parts
    assert multiplied + rounding - waived == Fraction(told["cost"])
    assert all("E" not in line["amount"] and Decimal(line["amount"]) >= 0 for line in told["lines"])
