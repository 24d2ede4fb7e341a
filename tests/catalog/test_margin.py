"""Tests of catalog.margin: what stays of a price."""

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from catalog.margin import Margin, least, margin
from catalog.pricing import Factor, RateCard
from catalog.quote import quote

Rates = Mapping[str, int | tuple[tuple[int, int], ...]]


def rows(sell: Rates, cost: Rates, *factors: Factor) -> list[tuple[str, int, str]]:
    """Return class, border and percent of each row; rates are numbers, or steps of them."""
    found = margin(quote(_card(sell), factors), quote(_card(cost), ()))
    return [(row.token_class, row.above, str(row.percent)) for row in found]


def _card(rates: Rates) -> RateCard:
    return RateCard(
        1, {name: ((0, rate),) if isinstance(rate, int) else rate for name, rate in rates.items()}
    )


def test_is_a_share_of_the_price_class_by_class_rounded_down() -> None:
    sell = {"input": 3_000_000, "output": 10_000_000}
    assert rows(sell, {"input": 2_000_000, "output": 12_000_000}) == [
        ("input", 0, "33.3"),
        ("output", 0, "-20.0"),
    ]


def test_counts_the_factors_that_are_on_the_price() -> None:
    assert rows({"input": 1_000_000}, {"input": 1_000_000}, Factor(1, 1_250_000)) == [("input", 0, "20.0")]


def test_takes_a_class_that_one_side_lacks_as_plain_tokens() -> None:
    assert rows({"input": 100}, {"input": 50, "cached": 25, "audio_in": 300}) == [
        ("input", 0, "50.0"),
        ("cached", 0, "75.0"),
        ("audio_in", 0, "-200.0"),
    ]
    assert rows({"output": 100, "reasoning": 80}, {"output": 60}) == [
        ("output", 0, "40.0"),
        ("reasoning", 0, "25.0"),
    ]


def test_takes_a_fee_that_one_side_lacks_as_nothing_and_a_piece_as_unknown() -> None:
    assert rows({"request": 5}, {}) == [("request", 0, "100.0")]
    assert rows({}, {"request": 5}) == [("request", 0, "None")]
    assert rows({"image": 5}, {}) == []


def test_tells_of_long_prompts_only_what_differs() -> None:
    sell: Rates = {"input": ((0, 100), (200_000, 200)), "output": 100}
    cost: Rates = {"input": ((0, 50), (128_000, 150)), "output": 50}
    assert rows(sell, cost) == [
        ("input", 0, "50.0"),
        ("output", 0, "50.0"),
        ("input", 128_000, "-50.0"),
        ("input", 200_000, "25.0"),
    ]


def test_finds_the_least_and_puts_what_is_given_away_first() -> None:
    found = margin(
        quote(_card({"input": 100, "output": 0}), ()), quote(_card({"input": 90, "output": 1}), ())
    )
    given = least(found)
    assert given is not None
    assert (given.token_class, given.percent, given.below(0)) == ("output", None, True)
    assert least(()) is None


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 100), st.integers(0, 10**9))
def test_is_below_a_floor_exactly_when_the_integers_say_so(
    sell: int, cost: int, floor: int, ppm: int
) -> None:
    sold = quote(_card({"input": sell}), (Factor(1, ppm), Factor(2, 333_333)))
    (row,) = margin(sold, quote(_card({"input": cost}), ()))
    assert row.below(floor) == (sell * ppm * 333_333 * (100 - floor) < cost * 10**12 * 100)


def test_knows_a_price_of_nothing_for_what_costs_nothing_to_be_no_loss() -> None:
    row = Margin("input", 0, Decimal(0), Decimal(0))
    assert (row.percent, row.below(0), row.below(10)) == (None, False, False)
