"""What a request wishes about models and providers is read whole, or refused by name."""

from decimal import Decimal
from typing import Any

import pytest

from inference import wishes
from inference.errors import Failure

EMPTY: tuple[Any, ...] = (False, 0, "")


def test_nothing_is_wished_where_nothing_is_said() -> None:
    nothing: list[dict[str, Any]] = [{}, {"models": []}, {"provider": {}}, {"models": None, "provider": None}]
    for body in nothing:
        assert wishes.read(body) == wishes.NONE


def test_all_of_it_is_read() -> None:
    provider = {
        "order": ["Crof", "chutes"],
        "only": ["crof", "Chutes"],
        "ignore": ["zai"],
        "allow_fallbacks": False,
        "require_parameters": True,
        "sort": "latency",
        "max_price": {"prompt": 0.1, "completion": "2", "request": 0},
        "data_collection": "allow",
    }
    read = wishes.read({"models": ["route/a", "route/b"], "provider": provider})
    assert read == wishes.Wishes(
        models=("route/a", "route/b"),
        order=("crof", "chutes"),
        only=frozenset({"crof", "chutes"}),
        ignore=frozenset({"zai"}),
        allow_fallbacks=False,
        require_parameters=True,
        sort="latency",
        max_price={"prompt": Decimal("0.1"), "completion": Decimal(2), "request": Decimal(0)},
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"models": "route/a"}, "models"),
        ({"models": ["a"] * 9}, "models"),
        ({"models": ["a", 1]}, "models[1]"),
        ({"models": ["a", ""]}, "models[1]"),
        ({"models": ["a" * 129]}, "models[0]"),
        ({"provider": "crof"}, "provider"),
        *(({"provider": nothing}, "provider") for nothing in (*EMPTY, [])),
        *(({"models": nothing}, "models") for nothing in (*EMPTY, {})),
        *(({"provider": {"order": nothing}}, "provider.order") for nothing in (*EMPTY, {})),
        ({"provider": {"order": "crof"}}, "provider.order"),
        ({"provider": {"only": [None]}}, "provider.only[0]"),
        ({"provider": {"ignore": {"a": 1}}}, "provider.ignore"),
        ({"provider": {"allow_fallbacks": "no"}}, "provider.allow_fallbacks"),
        ({"provider": {"require_parameters": 1}}, "provider.require_parameters"),
        ({"provider": {"sort": "beauty"}}, "provider.sort"),
        ({"provider": {"sort": {"by": "price"}}}, "provider.sort"),
        ({"provider": {"max_price": 3}}, "provider.max_price"),
        ({"provider": {"max_price": {}}}, "provider.max_price"),
        ({"provider": {"max_price": {"tokens": 1}}}, "provider.max_price.tokens"),
        *(
            ({"provider": {"max_price": {"prompt": price}}}, "provider.max_price.prompt")
            for price in (-1, "cheap", "NaN", "Infinity", True, None, [1], 10**10)
        ),
        ({"provider": {"data_collection": "deny"}}, "provider.data_collection"),
        ({"provider": {"zdr": True}}, "provider.zdr"),
        ({"provider": {"quantizations": ["fp8"]}}, "provider.quantizations"),
    ],
)
def test_a_wish_that_cannot_be_kept_is_refused_by_name(body: dict[str, Any], field: str) -> None:
    with pytest.raises(Failure) as refused:
        wishes.read(body)
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", field)
    assert refused.value.message.startswith(field)


def test_suffixes_ask_for_an_order() -> None:
    assert wishes.parted("route/a:floor") == ("route/a", "price")
    assert wishes.parted("route/a:nitro") == ("route/a", "throughput")
    assert wishes.parted("route/a:free") == ("route/a:free", None)
