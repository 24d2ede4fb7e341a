"""What a caller sees of the shelf."""

from dataclasses import replace
from datetime import timedelta

from catalog.pricing import RateCard
from catalog.register import Register
from catalog.snapshot import Offer, Terms
from catalog.timetable import Timetable, Version
from inference.shelf.items import pricing_strings
from inference.shelf.visible import Shelf, shelf
from kernel import clock
from tests.inference.shelf_models import CARD, HOP, OFFER, START, TERMS, catalogue

NOTHING = Register(revision=1, houses={}, endings={})


def seen(*offers: Offer) -> Shelf:
    """Return the shelf as a customer of the free plan meets it."""
    return Shelf(catalogue(*offers), NOTHING, caller=None, terms=TERMS, moment=clock.now())


def seen_by_nobody(*offers: Offer, terms: Terms | None = TERMS) -> Shelf:
    return shelf(catalogue(*offers, terms=terms), NOTHING, None)


def test_nobody_sees_the_free_plan_and_without_one_nothing() -> None:
    dear = replace(OFFER, tier="max")
    assert [each.offer for each in seen_by_nobody(OFFER, dear).included()] == [OFFER]
    assert list(seen_by_nobody(OFFER, terms=replace(TERMS, slug="gold")).included()) == []
    bare = seen_by_nobody(OFFER, terms=None)
    assert list(bare.included()) == []
    assert [each.offer for each in bare.all()] == [OFFER]


def test_the_newest_price_that_has_begun_counts() -> None:
    soon, later = RateCard(2, {}), RateCard(3, {})
    now = clock.now()
    prices = (
        Version(later, now + timedelta(days=1)),
        Version(soon, now - timedelta(days=1)),
        Version(CARD, START - timedelta(days=900)),
    )
    (listed,) = seen(replace(OFFER, prices=Timetable(prices))).all()
    assert listed.card is soon


def test_nothing_is_sold_without_a_price() -> None:
    future = replace(OFFER, prices=Timetable((Version(CARD, clock.now() + timedelta(days=1)),)))
    for unsold in (future, replace(OFFER, prices=Timetable())):
        assert list(seen(unsold).all()) == []
        assert seen(unsold).find("route/one") is None


def test_a_model_is_found_by_each_of_its_names() -> None:
    for name in ("route/one", "one", "maker/one"):
        listed = seen(OFFER).find(name)
        assert listed is not None
        assert listed.offer is OFFER
    assert seen(OFFER).find("two") is None


def test_upstreams_are_those_that_the_plan_is_sent_to() -> None:
    above, equal = replace(HOP, min_plan_rank=6), replace(HOP, min_plan_rank=5)
    box = replace(HOP, dialect="sandbox")
    assert seen().hops(replace(OFFER, hops=(above, box, equal))) == [equal]
    assert seen().hops(replace(OFFER, hops=(above, box))) == [box]
    assert seen_by_nobody(terms=None).hops(replace(OFFER, hops=(equal, HOP))) == [HOP]


def test_a_class_without_a_rate_is_priced_as_it_is_charged() -> None:
    strings = pricing_strings(RateCard(1, {"input": ((0, 5),), "output": ((0, 7),), "cached": ((0, 0),)}))
    assert strings["input_cache_read"] == "0"
    assert strings["input_cache_write"] == strings["prompt"] == "0.000000000005"
    assert strings["internal_reasoning"] == strings["completion"] == "0.000000000007"
    assert (strings["request"], strings["image"], strings["web_search"]) == ("0", "0", "0")


def test_a_rate_for_long_prompts_alone_is_not_the_list_price() -> None:
    strings = pricing_strings(RateCard(1, {"input": ((0, 5), (9, 50)), "cached": ((9, 1),)}))
    assert (strings["prompt"], strings["input_cache_read"]) == ("0.000000000005", "0.000000000005")
