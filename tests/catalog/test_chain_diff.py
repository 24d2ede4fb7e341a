"""Tests of catalog.chain_diff."""

import pytest

from catalog.chain_diff import Added, Changed, Moved, Removed, diff
from catalog.models import Endpoint, Hop
from tests.fakes import chained

pytestmark = pytest.mark.django_db


def places(*names: str) -> dict[str, Endpoint]:
    return {name: chained.endpoint(name=name) for name in names}


def lines(old: list[Hop], new: list[Hop]) -> list[object]:
    model = chained.model()
    return [*diff(chained.draft(model, *new), chained.live(model, *old))]


def test_says_nothing_of_the_same_hops_in_the_same_order() -> None:
    at = places("A", "B")
    assert (
        lines([chained.hop(at["A"]), chained.hop(at["B"])], [chained.hop(at["A"]), chained.hop(at["B"])])
        == []
    )


def test_lists_every_hop_where_nothing_is_live() -> None:
    at = places("A", "B")
    draft = chained.draft(chained.model(), chained.hop(at["A"]), chained.hop(at["B"]))
    assert diff(draft, None) == (Added("A (m)", 1), Added("B (m)", 2))


def test_tells_what_was_added_and_removed_without_calling_the_others_moved() -> None:
    at = places("A", "B", "C", "D")
    old = [chained.hop(at[name]) for name in "ABC"]
    new = [chained.hop(at[name]) for name in "DBC"]
    assert lines(old, new) == [Removed("A (m)", 1), Added("D (m)", 1)]
    assert lines([chained.hop(at[name]) for name in "ABC"], [chained.hop(at[name]) for name in "BC"]) == [
        Removed("A (m)", 1)
    ]


@pytest.mark.parametrize(
    ("order", "moved"),
    [
        ("BACD", [Moved("A (m)", 1, 2)]),
        ("DABC", [Moved("D (m)", 4, 1)]),
        ("BCDA", [Moved("A (m)", 1, 4)]),
        ("DCBA", [Moved("C (m)", 3, 2), Moved("B (m)", 2, 3), Moved("A (m)", 1, 4)]),
    ],
)
def test_tells_the_fewest_moves(order: str, moved: list[Moved]) -> None:
    at = places("A", "B", "C", "D")
    assert (
        lines([chained.hop(at[name]) for name in "ABCD"], [chained.hop(at[name]) for name in order]) == moved
    )


def test_tells_each_fact_that_changed_with_old_and_new() -> None:
    at = places("A")
    old = chained.hop(at["A"], total_seconds=9)
    new = chained.hop(
        at["A"], plan_ranks_from=2, weight=3, tool_ids_local=True, first_byte_seconds=4, idle_seconds=5
    )
    assert lines([old], [new]) == [
        Changed("A (m)", "plans from rank", "0", "2"),
        Changed("A (m)", "weight", "0", "3"),
        Changed("A (m)", "knows only its own tool ids", "no", "yes"),
        Changed("A (m)", "wait for the first byte", "as the endpoint", "4 s"),
        Changed("A (m)", "wait between bytes", "as the endpoint", "5 s"),
        Changed("A (m)", "wait in all", "9 s", "as the endpoint"),
    ]


def test_takes_another_model_at_the_same_endpoint_for_a_change() -> None:
    at = places("A", "B")
    old = [chained.hop(at["A"], upstream_model="one"), chained.hop(at["B"])]
    new = [chained.hop(at["A"], upstream_model="two"), chained.hop(at["B"])]
    assert lines(old, new) == [Changed("A (two)", "upstream model", "one", "two")]


def test_prefers_the_hop_that_is_the_same_to_one_at_the_same_endpoint() -> None:
    at = places("A")
    old = [chained.hop(at["A"], upstream_model=name) for name in ("one", "two")]
    new = [chained.hop(at["A"], upstream_model=name) for name in ("two", "three")]
    assert lines(old, new) == [
        Moved("A (three)", 1, 2),
        Changed("A (three)", "upstream model", "one", "three"),
    ]


def test_counts_a_place_that_is_there_twice() -> None:
    at = places("A")
    assert lines([chained.hop(at["A"])], [chained.hop(at["A"]), chained.hop(at["A"])]) == [Added("A (m)", 2)]
