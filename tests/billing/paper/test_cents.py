"""Cents: whole cents that sum to what they should, with the rest carried."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.paper import cents
from kernel.money import NANO_PER_CENT

AMOUNTS = st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=40)


@given(AMOUNTS, st.integers(0, NANO_PER_CENT - 1))
def test_cents_of_lines_sum_to_the_total_and_each_is_less_than_a_cent_off(
    amounts: list[int], brought: int
) -> None:
    whole, carried = cents.carry(sum(amounts), brought)
    lines = cents.split(amounts, whole)
    assert sum(lines) == whole
    assert whole * NANO_PER_CENT + carried == sum(amounts) + brought
    assert 0 <= carried < NANO_PER_CENT
    assert all(
        abs(line * NANO_PER_CENT - amount) < NANO_PER_CENT
        for line, amount in zip(lines, amounts, strict=True)
    )


@given(st.lists(st.integers(0, 10**11), max_size=60))
def test_cents_of_all_statements_are_never_a_cent_off_the_ledger(months: list[int]) -> None:
    brought, stated = 0, 0
    for amount in months:
        whole, brought = cents.carry(amount, brought)
        stated += whole
    assert stated == sum(months) // NANO_PER_CENT


def test_cents_go_to_the_largest_remainders_and_among_equals_to_the_first() -> None:
    assert cents.split([4_000_000, 4_000_000, 12_000_000], 2) == [1, 0, 1]
    assert cents.split([9_999_999, 1], 1) == [1, 0]
    assert cents.split([-1, 10_000_001], 1) == [0, 1]
    assert cents.split([9_999_999], 1) == [1]
    assert cents.split([10_000_000], 1) == [1]


def test_cents_that_no_rounding_reaches_are_refused() -> None:
    with pytest.raises(ValueError, match="cents"):
        cents.split([10_000_000], 3)
    with pytest.raises(ValueError, match="cents"):
        cents.split([20_000_000], 1)
    for brought in (-1, NANO_PER_CENT):
        with pytest.raises(ValueError, match="brought"):
            cents.carry(0, brought)
