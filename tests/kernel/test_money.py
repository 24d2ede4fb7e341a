"""Tests of kernel.money."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import money


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (1, 2, 1),
        (-1, 2, 0),
        (3, 2, 2),
        (499, 1000, 0),
        (500, 1000, 1),
        (-500, 1000, 0),
        (-501, 1000, -1),
        (7, 1, 7),
    ],
)
def test_rounds_half_up(numerator: int, denominator: int, rounded: int) -> None:
    assert money.half_up(numerator, denominator) == rounded


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**30))
def test_never_rounds_by_more_than_half(numerator: int, denominator: int) -> None:
    assert abs(money.half_up(numerator, denominator) * denominator - numerator) * 2 <= denominator


def test_refuses_a_denominator_that_is_not_positive() -> None:
    with pytest.raises(ValueError, match="denominator"):
        money.half_up(1, 0)


@pytest.mark.parametrize(
    ("text", "nano"),
    [("1", 10**9), ("0.000000001", 1), ("-12.5", -12_500_000_000), (Decimal("3"), 3 * 10**9)],
)
def test_reads_amounts_of_usd(text: str | Decimal, nano: int) -> None:
    assert money.from_usd(text) == nano


@pytest.mark.parametrize("text", ["", "ten", "NaN", "Infinity", "0.0000000001", "1e-10", f"1.{1:031}"])
def test_refuses_what_it_cannot_hold_exactly(text: str) -> None:
    with pytest.raises(ValueError, match=r"USD|nano-dollar"):
        money.from_usd(text)


@given(st.integers(-(2**63), 2**63) | st.integers(-(10**60), 10**60))
def test_shows_what_it_reads_back(nano: int) -> None:
    assert money.from_usd(money.show(nano)) == nano
    assert money.from_usd(money.to_usd(nano)) == nano


@pytest.mark.parametrize(
    ("nano", "decimals", "shown"),
    [
        (1_005_000_000, 2, "1.01"),
        (-4_000_000, 2, "0.00"),
        (-5_000_000, 2, "-0.01"),
        (999_999_999, 0, "1"),
        (0, 9, "0.000000000"),
    ],
)
def test_shows_a_chosen_number_of_decimals(nano: int, decimals: int, shown: str) -> None:
    assert money.show(nano, decimals=decimals) == shown
