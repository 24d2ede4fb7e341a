"""The parameters of the list of models."""

from dataclasses import replace
from typing import Any

import pytest

from catalog.pricing import RateCard
from inference.arrival import Arrival
from inference.errors import Failure
from inference.shelf.filters import CATEGORIES, SORTS, Choice, read
from inference.shelf.visible import Listed
from tests.inference.shelf_models import CARD, HOP, OFFER

ONE = Listed(OFFER, CARD)


def asked(query: str) -> Choice:
    async def unused(*_: Any) -> Any:
        raise AssertionError("nothing is received or sent")

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/models",
        "query_string": query.encode(),
        "headers": [],
    }
    return read(Arrival(scope, b"", receive=unused, send=unused))


def fits(query: str, listed: Listed = ONE) -> bool:
    return asked(query).matching([listed]) == [listed]


@pytest.mark.parametrize(
    "query", ["q=ONE", "q=maker/one", "q=first+route", "q=", "q=+", "provider=", "supported_parameters=,"]
)
def test_find_a_model_by_words_in_any_order(query: str) -> None:
    assert fits(query)


@pytest.mark.parametrize(
    ("words", "capability", "modalities", "parameters"),
    [
        ({"chat"}, "chat", ("text",), ()),
        ({"chat", "tools", "reasoning"}, "chat", ("text",), ("tools", "reasoning")),
        ({"chat", "vision"}, "chat", ("text", "image"), ()),
        ({"image"}, "image", ("text", "image"), ()),
        ({"embedding"}, "embedding", ("text",), ()),
        ({"rerank"}, "rerank", ("text",), ()),
    ],
)
def test_sort_models_into_categories_by_facts(
    words: set[str], capability: str, modalities: tuple[str, ...], parameters: tuple[str, ...]
) -> None:
    offer = replace(
        OFFER, capability=capability, input_modalities=modalities, supported_parameters=parameters
    )
    assert {word for word in CATEGORIES if fits(f"category={word}", Listed(offer, CARD))} == words


def test_count_only_providers_that_are_connected() -> None:
    assert fits("provider=ONE,two")
    assert fits("provider=two&provider=one")
    away = replace(OFFER, hops=(replace(HOP, configured=False),))
    assert not fits("provider=one", Listed(away, CARD))


@pytest.mark.parametrize(
    ("query", "is_in"),
    [
        ("min_price=1", True),
        ("min_price=1.000001", False),
        ("min_price=1.0000000001", False),
        ("max_price=1", True),
        ("max_price=0.999999999999", False),
        ("max_price=999999999.999999999999", True),
        ("context=1000", True),
        ("context=1001", False),
        ("context=0", True),
    ],
)
def test_compare_exactly(query: str, is_in: bool) -> None:
    assert fits(query) is is_in


def test_take_a_price_that_is_only_for_long_prompts_for_none() -> None:
    card = RateCard(1, {"input": ((100, 7_000_000),), "output": ((0, 1),)})
    assert fits("max_price=0", Listed(OFFER, card))


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=5.0", "limit"),
        ("offset=2147483648", "offset"),
        ("offset=99999999999999", "offset"),
        ("context=-1", "context"),
        ("min_price=1e3", "min_price"),
        ("min_price=Infinity", "min_price"),
        ("max_price=.5", "max_price"),
        ("max_price=1_0", "max_price"),
        ("max_price=1234567890", "max_price"),
        ("sort=Newest", "sort"),
        ("category=", "category"),
        ("use_rss=yes", "use_rss"),
        ("sort=newest&sort=newest", "sort"),
        ("q=a&q=b", "q"),
    ],
)
def test_name_the_parameter_that_is_wrong(query: str, name: str) -> None:
    with pytest.raises(Failure) as refused:
        asked(query)
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", name)
    assert refused.value.message.startswith(f"{name} ")


@pytest.mark.parametrize("query", ["", "colour=red&limits=0", "use_rss=false"])
def test_leave_everything_where_nothing_known_is_asked(query: str) -> None:
    choice = asked(query)
    assert (choice.tests, choice.order, choice.offset, choice.limit, choice.rss) == ((), None, 0, None, False)


def test_page_after_choosing_and_sorting() -> None:
    models = [
        Listed(replace(OFFER, public_id=str(number), created=number % 5, context_length=number + 1), CARD)
        for number in range(10)
    ]
    choice = asked("sort=newest&context=3&offset=1&limit=3")
    assert [listed.offer.public_id for listed in choice.page(models)] == ["9", "3", "8"]
    assert len(choice.matching(models)) == 8


def test_have_a_sort_only_for_what_is_known() -> None:
    assert set(SORTS) == {"newest", "pricing-low-to-high", "pricing-high-to-low", "context-high-to-low"}
