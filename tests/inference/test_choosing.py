"""Which upstreams a request may take, and in what order."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from catalog.pricing import Factor
from inference import wishes
from inference.choosing import Figures, Talk, chosen
from inference.errors import Failure
from inference.legs import Leg
from inference.wishes import Sort
from tests.fakes.legs import at, leg

A, B, C = (leg(at(slug)) for slug in ("a", "b", "c"))
UNMEASURED = Figures(None, None)


def order(
    legs: Sequence[Leg],
    *,
    sort: Sort | None = None,
    talk: Talk | None = None,
    figures: dict[str, Figures] | None = None,
    **provider: Any,
) -> str:
    """Return the slugs in the order in which they would be tried."""
    read = wishes.read({"provider": provider})

    def measured(leg: Leg) -> Figures:
        return (figures or {}).get(leg.hop.provider, UNMEASURED)

    return "".join(
        each.hop.provider for each in chosen(legs, read, sort=sort or read.sort, talk=talk, measured=measured)
    )


def talk(place: Leg | None = None, *, answers_tools: bool = False, name: str = "t") -> Talk:
    return Talk(name, place.place if place else None, answers_tools)


def test_the_chain_is_the_order_where_nothing_is_wished() -> None:
    assert order([A, B, C]) == "abc"
    assert order([A, B, C], talk=talk()) == "abc"


def test_order_only_and_ignore_are_kept() -> None:
    assert order([A, B, C], order=["C", "a"]) == "cab"
    assert order([A, B, C], only=["b", "c"]) == "bc"
    assert order([A, B, C], ignore=["a"]) == "bc"
    assert order([A, B, C], order=["c"], ignore=["c"]) == "ab"


def test_without_fallbacks_only_what_is_named_is_tried() -> None:
    assert order([A, B, C], allow_fallbacks=False) == "a"
    assert order([A, B, C], allow_fallbacks=False, order=["c", "b"]) == "cb"


@pytest.mark.parametrize(
    ("provider", "field"),
    [
        ({"only": ["x"]}, "provider.only"),
        ({"ignore": ["a", "b", "c"]}, "provider.ignore"),
        ({"max_price": {"prompt": "1.999999"}}, "provider.max_price"),
        ({"max_price": {"prompt": 2, "completion": 7}}, "provider.max_price"),
        ({"order": ["x"], "allow_fallbacks": False}, "provider.allow_fallbacks"),
    ],
)
def test_a_wish_that_leaves_nobody_is_refused_by_name(provider: dict[str, Any], field: str) -> None:
    with pytest.raises(Failure) as refused:
        order([A, B, C], **provider)
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", field)


def test_a_limit_of_price_counts_after_multipliers_and_to_the_last_digit() -> None:
    dear = leg(at("d"), factors=(Factor(1, 1_000_001),))
    free = leg(at("f"), factors=(Factor(1, 0),))
    assert order([dear, A, free], max_price={"prompt": 2, "completion": 8}) == "af"
    assert order([dear, A, free], max_price={"prompt": "2.000002", "completion": "8.000008"}) == "daf"
    assert order([dear, A, free], max_price={"prompt": 0}) == "f"


def test_the_cheapest_comes_first_by_price() -> None:
    dear, cheap = leg(at("d"), factors=(Factor(1, 2_000_000),)), leg(at("e"), factors=(Factor(1, 500_000),))
    assert order([dear, A, cheap], sort="price") == "ead"


def test_the_fastest_comes_first_and_who_is_unknown_last() -> None:
    figures = {"a": Figures(900, 10), "b": Figures(100, 50), "c": Figures(500, 90)}
    assert order([A, B, C], sort="latency", figures=figures) == "bca"
    assert order([A, B, C], sort="throughput", figures=figures) == "cba"
    assert order([A, B, C], sort="latency", figures={"c": figures["c"]}) == "cab"


def test_a_conversation_stays_where_it_went_unless_the_order_is_wished() -> None:
    assert order([A, B, C], talk=talk(C)) == "cab"
    assert order([A, B, C], talk=talk(C), order=["b"]) == "bac"
    assert order([A, B, C], talk=talk(leg(at("z")))) == "abc"


def test_neighbours_with_a_weight_share_the_first_place_by_it() -> None:
    heavy, light = leg(at("h", weight=3)), leg(at("l", weight=1))
    first = Counter(order([heavy, light, A], talk=talk(name=f"talk {n}"))[0] for n in range(4000))
    assert set(first) == {"h", "l"}
    assert 0.7 < first["h"] / 4000 < 0.8
    assert order([A, heavy, light], talk=talk()) in ("ahl", "alh")


def test_a_conversation_keeps_its_share() -> None:
    legs = [leg(at(slug, weight=1)) for slug in "hijk"]
    homes = {n: order(legs, talk=talk(name=str(n)))[0] for n in range(200)}
    without = {n: order(legs[:-1], talk=talk(name=str(n)))[0] for n in range(200)}
    assert all(without[n] == home for n, home in homes.items() if home != "k")


def test_results_of_tools_go_to_who_made_the_calls() -> None:
    local = leg(at("l", tool_ids_local=True))
    assert order([A, B, local], talk=talk(answers_tools=True)) == "ab"
    assert order([A, B, local], talk=talk(B, answers_tools=True)) == "ba"
    assert order([A, B, local], talk=talk(local, answers_tools=True)) == "l"
    assert order([local, A, B], talk=talk(answers_tools=True)) == "l"
    assert order([A, B], talk=talk(B, answers_tools=True), sort="price") == "ba"
