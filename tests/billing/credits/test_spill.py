"""Spill: what of the balance stays out of reach while there are credits."""

from dataclasses import replace
from datetime import date

import pytest

from billing.credits.lots import Lot
from billing.credits.spill import Spill, spilled_in, withheld

from .test_lots import TODAY, lot

NOVEMBER = date(2026, 11, 1)


def balance(remaining: int) -> Lot:
    return replace(lot(remaining), source="topup")


@pytest.mark.parametrize(
    ("spill", "out_of_reach"),
    [
        (Spill("free"), 0),
        (Spill("off"), 100),
        (Spill("on", None), 0),
        (Spill("on", 30), 70),
        (Spill("on", 30, NOVEMBER, 10), 80),
        (Spill("on", 30, NOVEMBER, 40), 100),
        (Spill("on", 30, date(2026, 10, 1), 40), 70),
        (Spill("on", 500), 0),
        (Spill("on", 0), 100),
    ],
)
def test_the_rule_says_how_much_of_the_balance_is_out_of_reach(spill: Spill, out_of_reach: int) -> None:
    assert withheld([balance(100), lot(7)], spill, today=TODAY) == out_of_reach


def test_a_month_counts_for_itself() -> None:
    spill = Spill("on", 30, NOVEMBER, 10)
    assert [spilled_in(spill, day) for day in (TODAY, date(2026, 12, 1))] == [10, 0]
