"""Tests of catalog.pricing."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import (
    CLASSES,
    CUT_IN_ORDER,
    Counts,
    Factor,
    RateCard,
    Unpriced,
    ceiling,
    cost,
    factors_text,
    fold,
    most_output,
    parse_factors,
    within,
    without_prompt,
)

CARD = RateCard(
    7,
    {
        "input": ((0, 492_800), (256_000, 2_000_000)),
        "cached": ((0, 20_000),),
        "output": ((0, 739_200),),
        "reasoning": ((0, 739_200),),
    },
)
FULL = RateCard(8, dict.fromkeys((*CLASSES, "request"), ((0, 1000000),)))
counts = st.builds(Counts, **{name: st.integers(0, 2**40) for name in CLASSES})
factors = st.lists(st.builds(Factor, id=st.integers(1, 99), ppm=st.integers(0, 10**9)), max_size=7)


def test_costs_the_literal_figures_of_a_small_request() -> None:
    # 128 × 0.4928 + 256 × 0.7392 micro-USD = 63.0784 + 189.2352 = 252.3136
    assert cost(CARD, Counts(input=128, output=256), ()) == 252_314


def test_multiplies_by_each_factor_before_rounding_once() -> None:
    usage = Counts(input=1)
    tenth = Factor(id=1, ppm=100_000)
    assert cost(CARD, usage, ()) == 493
    assert cost(CARD, usage, (tenth,)) == 49
    assert cost(CARD, usage, (tenth, Factor(id=2, ppm=10_000_000))) == 493
    assert cost(FULL, Counts(output=10**9), (Factor(id=1, ppm=1_000_000),)) == (10**9 + 1) * 1000


@pytest.mark.parametrize(("rate", "nano"), [(499, 0), (500, 1), (1499, 1), (1500, 2)])
def test_rounds_a_half_up_and_less_down(rate: int, nano: int) -> None:
    assert cost(RateCard(1, {"input": ((0, rate),)}), Counts(input=1), ()) == nano


def test_prices_each_class_at_its_own_rate() -> None:
    assert cost(CARD, Counts(input=1_000_000, cached=0), ()) == 2_000_000_000
    assert cost(CARD, Counts(cached=100_000), ()) == 2_000_000
    assert cost(CARD, Counts(reasoning=1_000_000), ()) == 739_200_000


def test_a_long_prompt_takes_the_step_only_beyond_its_minimum() -> None:
    assert cost(CARD, Counts(input=256_000), ()) == 256_000 * 492_800 // 1000
    assert cost(CARD, Counts(input=256_001), ()) == 256_001 * 2_000_000 // 1000


def test_a_class_without_a_rate_is_never_free() -> None:
    with pytest.raises(Unpriced, match="audio_in") as refused:
        cost(CARD, Counts(audio_in=1), ())
    assert refused.value.token_class == "audio_in"


def test_folding_sells_an_unpriced_class_as_plain_tokens_and_says_so() -> None:
    mended, moved = fold(CARD, Counts(input=10, cache_write=5, output=2, audio_out=3, cached=1))
    assert moved
    assert mended == Counts(input=15, output=5, cached=1)


@pytest.mark.parametrize(
    ("plain", "others"), [("input", CLASSES[1:4]), ("output", ("reasoning", "image_out", "audio_out"))]
)
def test_folding_moves_every_class_of_a_side_but_not_the_plain_one(
    plain: str, others: tuple[str, ...]
) -> None:
    for name in others:
        usage = Counts(**{plain: 1, name: 2})
        assert fold(RateCard(1, {plain: ((0, 1),)}), usage) == (Counts(**{plain: 3}), True)
    assert fold(RateCard(1, {}), Counts(**{plain: 3})) == (Counts(**{plain: 3}), False)


def test_folding_leaves_priced_usage_alone() -> None:
    usage = Counts(input=10, cached=4, output=2, reasoning=3)
    assert fold(CARD, usage) == (usage, False)


@given(counts)
def test_folding_keeps_every_token(usage: Counts) -> None:
    mended, _ = fold(CARD, replace(usage, image=0, web_search=0))
    assert mended.prompt_tokens == usage.prompt_tokens
    assert mended.completion_tokens == usage.completion_tokens
    cost(CARD, mended, ())


@given(counts, factors)
def test_agrees_with_exact_fractions(usage: Counts, chain: list[Factor]) -> None:
    units = sum(getattr(usage, name) for name in CLASSES) + 1
    nano = Fraction(units * 1_000_000, 1000)
    for factor in chain:
        nano *= Fraction(factor.ppm, 1_000_000)
    assert abs(cost(FULL, usage, chain) - nano) <= Fraction(1, 2)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), factors)
def test_the_ceiling_holds_for_every_split_of_the_tokens(
    prompt: int, cached: int, output: int, chain: list[Factor]
) -> None:
    usage = Counts(input=prompt, cached=cached, output=output // 2, reasoning=output - output // 2)
    bound = ceiling(CARD, prompt_tokens=prompt + cached, output_tokens=output, factors=chain)
    assert cost(CARD, usage, chain) <= bound


def test_the_ceiling_is_exact_and_rounds_up() -> None:
    card = RateCard(
        1, {"input": ((0, 3),), "output": ((0, 50),), "image": ((0, 4000),), "request": ((0, 700),)}
    )
    assert ceiling(card, prompt_tokens=0, output_tokens=0, factors=()) == 1
    assert ceiling(card, prompt_tokens=100, output_tokens=0, factors=()) == 1
    assert ceiling(card, prompt_tokens=101, output_tokens=0, factors=()) == 2
    assert ceiling(card, prompt_tokens=100, output_tokens=6, images=3, factors=()) == 14
    assert ceiling(card, prompt_tokens=100, output_tokens=6, images=3, factors=(Factor(1, 2_000_000),)) == 27


def test_the_ceiling_holds_the_dearest_step_of_searches() -> None:
    card = RateCard(1, {"web_search": ((0, 4000), (100, 9000))})
    assert ceiling(card, prompt_tokens=0, output_tokens=0, searches=3, factors=()) == 27
    with pytest.raises(Unpriced, match="web_search"):
        ceiling(RateCard(1, {}), prompt_tokens=0, output_tokens=0, searches=1, factors=())


def test_the_ceiling_needs_both_sides_priced() -> None:
    with pytest.raises(Unpriced, match="output"):
        ceiling(RateCard(1, {"input": ((0, 1),)}), prompt_tokens=1, output_tokens=1, factors=())


@given(amount=st.integers(0, 10**9), prompt=st.integers(0, 10_000), searches=st.integers(0, 3), chain=factors)
def test_the_most_output_is_all_that_an_amount_covers(
    amount: int, prompt: int, searches: int, chain: list[Factor]
) -> None:
    card = replace(CARD, rates={**CARD.rates, "web_search": ((0, 5_000),)})
    beside = {"prompt_tokens": prompt, "searches": searches}
    most = most_output(card, amount, **beside, factors=chain)
    if most < 2**40:
        assert ceiling(card, output_tokens=most + 1, **beside, factors=chain) > amount
    if most:
        assert ceiling(card, output_tokens=most, **beside, factors=chain) <= amount


def test_the_most_output_is_the_literal_figure_of_a_small_amount() -> None:
    card = RateCard(1, {"output": ((0, 50),), "input": ((0, 3),), "request": ((0, 700),)})
    twice = (Factor(1, 2_000_000),)
    # Twice (700 + 3 × 100) pico-USD are 2 nano-USD; of 3 are 1,000 pico-USD left, for 10 tokens at twice 50.
    assert [most_output(card, amount, prompt_tokens=100, factors=twice) for amount in (1, 2, 3)] == [0, 0, 10]
    assert most_output(card, 3, prompt_tokens=100, factors=()) == 40
    a_pico_short = RateCard(1, {"output": ((0, 1),), "request": ((0, 1001),)})
    assert most_output(a_pico_short, 1, prompt_tokens=0, factors=()) == 0


def test_output_that_costs_nothing_has_no_end() -> None:
    free = RateCard(1, {"input": ((0, 1000),), "output": ((0, 0),)})
    assert most_output(free, 10_000, prompt_tokens=10_000, factors=()) == 2**40
    assert most_output(free, 9_999, prompt_tokens=10_000, factors=()) == 0
    assert most_output(CARD, 0, prompt_tokens=10_000, factors=(Factor(1, 0),)) == 2**40


@given(usage=counts, chain=factors, share=st.fractions(0, 1))
def test_what_is_within_an_amount_leaves_out_as_little_as_need_be(
    usage: Counts, chain: list[Factor], share: Fraction
) -> None:
    card = RateCard(1, {name: ((0, 100 + place),) for place, name in enumerate(CLASSES)})
    whole = cost(card, usage, chain)
    amount = int(whole * share)
    kept = within(card, usage, chain, amount=amount)
    assert cost(card, kept, chain) <= amount
    if amount == whole:
        assert kept == usage
    for name in CLASSES:
        assert getattr(kept, name) <= getattr(usage, name)
    last = next((name for name in reversed(CUT_IN_ORDER) if getattr(kept, name) < getattr(usage, name)), None)
    if last is not None:
        one_more = replace(kept, **{last: getattr(kept, last) + 1})
        assert cost(card, one_more, chain) > amount


def test_the_prompt_is_the_last_that_is_left_out() -> None:
    card = RateCard(1, {"input": ((0, 1000),), "output": ((0, 1000),)})
    usage = Counts(input=10, output=10)
    assert within(card, usage, (), amount=14) == Counts(input=10, output=4)
    assert within(card, usage, (), amount=3) == Counts(input=3)


def test_what_costs_no_more_stays_whole_where_a_shorter_prompt_is_dearer() -> None:
    card = RateCard(1, {"input": ((0, 1000), (10, 100))})
    assert within(card, Counts(input=11), (), amount=1) == Counts(input=11)


@given(factors)
def test_a_stored_chain_reads_back(chain: list[Factor]) -> None:
    assert parse_factors(factors_text(chain)) == tuple(chain)


def test_tokens_in_and_out_are_counted_apart_from_pieces() -> None:
    usage = Counts(**{name: 2**place for place, name in enumerate(CLASSES)})
    assert usage.prompt_tokens == 0b0001_0100_1111
    assert usage.completion_tokens == 0b0010_1011_0000


def test_what_is_sold_by_the_piece_counts_no_plain_input() -> None:
    assert without_prompt(Counts(input=9, cached=2, image=1)) == Counts(cached=2, image=1)
