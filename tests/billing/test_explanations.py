"""Explanations: the parts make the cost, to the nano."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.explanations import Explanation, explain
from catalog import pricing
from catalog.pricing import CLASSES, Counts, Factor, RateCard, Unpriced

NANO = 10**9
CARD = RateCard(7, {"input": ((0, 492_800), (1000, 2_000_000)), "output": ((0, 739_200),)})
steps = st.lists(st.tuples(st.integers(1, 2**30), st.integers(0, 10**15)), max_size=3)
rate = st.builds(lambda first, more: ((0, first), *more), st.integers(0, 10**15), steps)
cards = st.builds(lambda rates: RateCard(1, rates), st.fixed_dictionaries(dict.fromkeys(CLASSES, rate)))
with_fee = st.builds(
    lambda card, fee: RateCard(1, {**card.rates, "request": ((0, fee),)}), cards, st.integers(0, 10**15)
)
counts = st.builds(Counts, **{name: st.integers(0, 2**40) for name in CLASSES})
factors = st.lists(st.builds(Factor, id=st.integers(1, 99), ppm=st.integers(0, 10**9)), max_size=7)


def parts_make_the_cost(found: Explanation) -> Fraction:
    """Add the parts up as a reader of them would, and return the cost they make in USD."""
    for line in found.lines:
        assert Fraction(line.amount) == line.units * Fraction(line.rate) / 10**6
    total = sum((Fraction(line.amount) for line in found.lines), Fraction(0))
    assert total == Fraction(found.subtotal)
    for factor in found.factors:
        total *= Fraction(factor.ppm, 10**6)
    assert total == Fraction(found.exact)
    total += Fraction(found.rounding)
    assert (total * NANO).denominator == 1
    return total - Fraction(found.waived)


@given(st.one_of(cards, with_fee), counts, factors)
def test_add_up_to_what_is_charged(card: RateCard, usage: Counts, chain: list[Factor]) -> None:
    found = explain(card, usage, chain)
    assert parts_make_the_cost(found) * NANO == pricing.cost(card, usage, chain)
    assert Fraction(found.cost) * NANO == pricing.cost(card, usage, chain)
    assert abs(Fraction(found.rounding)) * NANO <= Fraction(1, 2)


def test_show_the_literal_figures() -> None:
    found = explain(CARD, Counts(input=128, output=256), (Factor(3, 1_500_000, "plan", "lite"),))
    assert [(line.token_class, line.units, str(line.rate), str(line.amount)) for line in found.lines] == [
        ("input", 128, "0.492800", "0.000063078400"),
        ("output", 256, "0.739200", "0.000189235200"),
    ]
    assert f"{found.subtotal:f}" == "0.000252313600"
    assert f"{found.exact:f}" == "0.000378470400000000"
    assert f"{found.rounding:f}" == "-0.000000000400000000"
    assert str(found.cost) == "0.000378470"
    assert found.waived == 0


@pytest.mark.parametrize(("prompt", "above", "rate"), [(1000, 0, "0.492800"), (1001, 1000, "2.000000")])
def test_take_the_rate_of_a_long_prompt_and_name_the_step(prompt: int, above: int, rate: str) -> None:
    [line] = explain(CARD, Counts(input=prompt), ()).lines
    assert (line.above, str(line.rate)) == (above, rate)


@given(cards, counts)
def test_name_the_step_that_the_rate_is_of(card: RateCard, usage: Counts) -> None:
    for line in explain(card, usage, ()).lines:
        assert (line.above, int(line.rate * 10**6)) in card.rates[line.token_class]
        assert line.above == 0 or line.above < usage.prompt_tokens


def test_tell_pieces_by_the_piece() -> None:
    card = RateCard(1, {"image": ((0, 40_000_000_000),), "request": ((0, 5_000_000),), "input": ((0, 5),)})
    told = {
        line.token_class: (line.unit, str(line.price.normalize()))
        for line in explain(card, Counts(input=1, image=2), ()).lines
    }
    assert told == {
        "input": ("token", "0.000005"),
        "image": ("image", "0.04"),
        "request": ("request", "0.000005"),
    }


def test_say_what_was_waived() -> None:
    found = explain(RateCard(1, {"request": ((0, 5_000_000),)}), Counts(), (), charged=0)
    assert str(found.waived) == "0.000005000"
    assert found.cost == 0
    assert found.notes == ("No output, no charge.",)
    assert parts_make_the_cost(found) == 0


def test_say_that_a_charge_is_not_what_its_parts_make() -> None:
    assert explain(CARD, Counts(input=100), (), charged=7).notes == (
        "The charge differs from what these parts make.",
    )
    assert explain(CARD, Counts(input=100), ()).notes == ()


def test_count_a_class_without_a_rate_as_plain_tokens_and_say_so() -> None:
    found = explain(CARD, Counts(output=2, reasoning=3), ())
    assert [(line.token_class, line.units) for line in found.lines] == [("output", 5)]
    assert found.folded
    assert found.notes == ("Classes without a rate of their own are charged as plain tokens.",)


def test_do_not_sell_what_has_no_rate() -> None:
    with pytest.raises(Unpriced, match="web_search"):
        explain(CARD, Counts(web_search=1), ())
