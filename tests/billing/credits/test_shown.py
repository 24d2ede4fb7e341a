"""What is shown of credit: what can pay today, first spent first, and the last day it pays for."""

import datetime

import pytest

from billing.credits import shown
from billing.credits.lots import Credit, Source
from tests.billing import rows

from .test_purse import TODAY, TOMORROW, give, take

pytestmark = pytest.mark.django_db


def told(workspace: int) -> list[tuple[str, int, datetime.date | None]]:
    return [(part.words, part.remaining, part.last_day) for part in shown.parts(workspace)]


def test_lots_are_told_in_the_order_they_are_spent() -> None:
    workspace = rows.workspace()
    give(workspace, 100)
    give(workspace, 7, Credit(Source.VOUCHER, expires_on=TOMORROW + datetime.timedelta(days=30)))
    give(workspace, 1, Credit(Source.PLAN, expires_on=TOMORROW))
    assert told(workspace) == [
        ("Plan credits", 1, TODAY),
        ("Voucher", 7, TODAY + datetime.timedelta(days=30)),
        ("Top-up", 100, None),
    ]


def test_what_has_ended_or_is_spent_is_not_told() -> None:
    workspace = rows.workspace()
    give(workspace, 5, Credit(Source.PLAN, expires_on=TODAY))
    spent = give(workspace, 9, key="spent")
    take(workspace, 9, spent)
    assert told(workspace) == []


@pytest.mark.parametrize(("unpaid", "left"), [(-5, 30), (0, 30), (12, 18), (30, 0), (45, 0)])
def test_usage_that_no_lot_has_paid_for_yet_is_the_plans_as_far_as_it_reaches(unpaid: int, left: int) -> None:
    workspace = rows.workspace()
    give(workspace, 100)
    give(workspace, 30, Credit(Source.PLAN, expires_on=TOMORROW))
    assert shown.of_plan(workspace, balance=130 - unpaid) == left
