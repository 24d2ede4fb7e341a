"""Lines of an upstream against ours: matched, missing with us, extra with us, of another price or count."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from billing.reconciling.matching import Had, Line, match
from billing.reconciling.reading import Charged

DAY = date(2026, 11, 20)
OURS, STRANGE = uuid4(), uuid4()


def charged(
    number: int = 2, *, cost: int | None = None, model: str = "m", request: UUID | None = None, **counts: int
) -> Charged:
    said = {"requests": None, "input": None, "output": None, **counts}
    return Charged(number=number, day=DAY, model=model, request_id=request, cost=cost, **said)


def states(lines: list[Line]) -> list[tuple[int, str, int]]:
    return [(line.number, line.state, line.difference) for line in lines]


@pytest.mark.parametrize(
    ("theirs", "ours", "state"),
    [
        (1_000_000, 1_000_000, "matched"),
        (1_000_000, 1_009_999, "matched"),  # within a thousandth of a cent
        (10**9, 10**9 + 4_999_999, "matched"),  # within half a percent
        (10**9, 10**9 + 6_000_000, "price"),
        (0, 10_000, "matched"),
        (0, 10_001, "price"),
    ],
)
def test_costs_agree_within_what_upstreams_round(theirs: int, ours: int, state: str) -> None:
    found = match([charged(cost=theirs)], requests={}, sums={(DAY, "m"): Had(1, 10, 5, ours)}, called={})
    assert states(found) == [(2, state, theirs - ours)]


@pytest.mark.parametrize(
    ("said", "had", "state"),
    [
        (1_000, 1_000, "matched"),
        (1_005, 1_000, "matched"),
        (1_100, 1_000, "count"),
        (9, 10, "matched"),
        (8, 10, "count"),
    ],
)
def test_where_no_cost_is_said_counts_are_held_against_each_other(said: int, had: int, state: str) -> None:
    found = match([charged(input=said)], requests={}, sums={(DAY, "m"): Had(1, had, 5, 77)}, called={})
    assert states(found) == [(2, state, 0)]


def test_lines_of_one_day_and_model_are_one_also_where_the_upstream_calls_it_otherwise() -> None:
    lines = [charged(2, cost=30, requests=1), charged(3, cost=70, requests=2, model="m-2026")]
    found = match(lines, requests={}, sums={(DAY, "m"): Had(3, 0, 0, 100)}, called={"m-2026": "m"})
    assert states(found) == [(2, "matched", 0)]
    assert found[0].theirs == charged(2, cost=100, requests=3)


def test_what_only_they_have_is_missing_and_what_only_we_have_is_extra() -> None:
    found = match(
        [charged(cost=500_000)], requests={}, sums={(DAY, "other"): Had(4, 0, 0, 90_000)}, called={}
    )
    assert states(found) == [(2, "missing", 500_000), (0, "extra", -90_000)]


def test_lines_that_name_our_requests_are_held_against_them_alone() -> None:
    lines = [charged(2, cost=60_000, request=OURS), charged(3, cost=5_000, request=STRANGE)]
    sums = {(DAY, "m"): Had(2, 0, 0, 100_000)}
    found = match(lines, requests={OURS: (DAY, "m", Had(1, 0, 0, 60_000))}, sums=sums, called={})
    assert states(found) == [(2, "matched", 0), (3, "missing", 5_000), (0, "extra", -40_000)]
    assert found[2].ours == Had(1, 0, 0, 40_000)


def test_a_day_that_is_told_request_by_request_to_the_last_leaves_nothing_over() -> None:
    found = match(
        [charged(2, cost=60, request=OURS)],
        requests={OURS: (DAY, "m", Had(1, 0, 0, 60))},
        sums={(DAY, "m"): Had(1, 0, 0, 60)},
        called={},
    )
    assert states(found) == [(2, "matched", 0)]


@pytest.mark.parametrize(
    ("costs", "state", "difference"),
    [([20_000, 40_000], "matched", 0), ([60_000, 60_000], "price", 60_000)],
    ids=["a line for each kind of its tokens", "charged twice"],
)
def test_lines_of_one_request_are_held_against_it_together(
    costs: list[int], state: str, difference: int
) -> None:
    lines = [charged(2 + place, cost=cost, request=OURS) for place, cost in enumerate(costs)]
    had = Had(1, 0, 0, 60_000)
    found = match(lines, requests={OURS: (DAY, "m", had)}, sums={(DAY, "m"): had}, called={})
    assert states(found) == [(2, state, difference)]
    assert (found[0].request_id, found[0].ours) == (OURS, had)
