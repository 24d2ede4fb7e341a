"""How made-up requests are shared out: the largest has its tenth, and nothing is lost in rounding."""

import pytest

from billing.seeding.customers import LARGEST, shares


@pytest.mark.parametrize(("requests", "number"), [(10_000_000, 200), (1_500, 4), (7, 3), (1, 1)])
def test_shares_come_to_the_whole(requests: int, number: int) -> None:
    found = shares(requests, number)
    assert sum(found) == requests
    assert len(found) == number
    assert min(found) >= 0


def test_the_largest_of_ten_million_has_one_million_and_the_others_less() -> None:
    largest, *others = shares(10_000_000, 200)
    assert largest == LARGEST > max(others)
