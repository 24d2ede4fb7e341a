"""Arithmetic in SQL: to the pico what catalog.pricing reckons, at its edges too."""

import pytest
from django.db import connection

from billing.repricing.arithmetic import NOTHING_COUNTED, nano, pico
from billing.sums import COUNTS
from catalog import pricing
from catalog.pricing import CLASSES, Counts, Factor, RateCard

pytestmark = pytest.mark.django_db

STEPS = RateCard(
    1,
    {
        "input": ((0, 499), (10, 1501), (20, 7)),
        "cached": ((0, 3),),
        "output": ((0, 500),),
        "request": ((0, 41),),
    },
)


def told(expression: str, counts: Counts) -> object:
    values = ", ".join(
        f"{getattr(counts, name)} AS {column}" for name, column in zip(CLASSES, COUNTS, strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression} FROM (SELECT {values}) e")
        [(found,)] = cursor.fetchall()
    return found


@pytest.mark.parametrize(("rate", "cost"), [(499, 0), (500, 1), (1499, 1), (1500, 2)])
def test_rounds_a_half_up_and_less_down(rate: int, cost: int) -> None:
    card = RateCard(1, {"input": ((0, rate),)})
    assert told(nano(pico(card), "1", "1"), Counts(input=1)) == cost


@pytest.mark.parametrize("prompt", [1, 10, 11, 20, 21])
@pytest.mark.parametrize("cached", [0, 1])
@pytest.mark.parametrize(
    "rest", [{}, {"output": 1}, {"output": 1, "reasoning": 2, "audio_out": 4}, {"image_in": 1}]
)
def test_comes_to_the_same_pico_as_pricing(prompt: int, cached: int, rest: dict[str, int]) -> None:
    counts = Counts(input=prompt - cached, cached=cached, **rest)
    folded, _ = pricing.fold(STEPS, counts)
    thousandfold = Factor(id=1, ppm=1_000_000_000)
    assert told(pico(STEPS), counts) == pricing.cost(STEPS, folded, (thousandfold,))


def test_has_no_price_for_what_has_no_rate() -> None:
    assert told(pico(RateCard(1, {"output": ((0, 1),)})), Counts(output=1)) == 1
    assert told(pico(RateCard(1, {"output": ((0, 1),)})), Counts(input=1)) is None
    assert told(pico(RateCard(1, {"input": ((5, 1),)})), Counts(input=5)) is None
    assert told(pico(RateCard(1, {"input": ((5, 1),)})), Counts(input=6)) == 6
    assert told(pico(RateCard(1, {"input": ((0, 1),)})), Counts(image=1)) is None


@pytest.mark.parametrize("name", CLASSES)
def test_sees_every_count(name: str) -> None:
    assert told(NOTHING_COUNTED, Counts()) is True
    assert told(NOTHING_COUNTED, Counts(**{name: 1})) is False
