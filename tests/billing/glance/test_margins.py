"""Margins by model: the dearest first, and what is below the floor is told, shown or not."""

import pytest
from pytest_django import Settings

from billing.glance.margins import SHOWN, Row, below, margins
from billing.glance.usage import Measured
from tests.billing.statements.used import model

pytestmark = pytest.mark.django_db

FLOOR = 10
USD = 10**9


@pytest.fixture(autouse=True)
def _floor(settings: Settings) -> None:
    settings.PRICE_MARGIN_FLOOR = FLOOR


def sold(revenue: int, cost: int = 0) -> Measured:
    return Measured(requests=1, revenue=revenue, cost=cost)


@pytest.mark.parametrize(
    ("revenue", "cost", "told"),
    [(100, 90, False), (100, 91, True), (100, 120, True), (100, 0, False), (0, 1, True)],
)
def test_a_model_is_below_the_floor_if_less_of_it_stays(revenue: int, cost: int, told: bool) -> None:
    assert below(sold(revenue, cost)) is told


def test_models_are_told_by_what_they_brought_in() -> None:
    named = model("sandbox/named")
    found = margins({named: sold(1_000, 950), 424242: sold(2_000), 3: sold(0, 5), 4: sold(1)})
    rows = [
        (row.model, row.revenue, row.margin.replace("\N{NO-BREAK SPACE}", " "), row.below)
        for row in found.rows
    ]
    assert rows == [
        ("model 424242", 2_000, "no upstream cost", False),
        ("sandbox/named", 1_000, "5.0 %", True),
        ("model 4", 1, "no upstream cost", False),
    ]
    assert found.rows[1].url.endswith("?q=sandbox/named")
    assert (found.floor, found.others, found.others_below) == (FLOOR, 0, 0)


def test_models_that_are_not_shown_are_counted_and_those_of_them_below_the_floor() -> None:
    most = {number: sold(1_000 * number, 0) for number in range(10, 10 + SHOWN)}
    found = margins(most | {1: sold(100, 99), 2: sold(100, 95), 3: sold(100, 50)})
    assert (len(found.rows), found.others, found.others_below) == (6, 3, 2)
    assert all(isinstance(row, Row) and not row.below for row in found.rows)
