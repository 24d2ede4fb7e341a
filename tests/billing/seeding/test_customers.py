"""How made-up requests are shared out: the largest has its tenth, and nothing is lost in rounding."""

import random
from datetime import timedelta

import pytest

from accounts import keys
from accounts.models import ApiKey, Workspace
from billing.seeding.customers import LARGEST, made, shares
from billing.seeding.wares import Ware
from catalog import demo
from catalog.pricing import RateCard
from kernel import clock
from tests.billing import rows

WARES = [Ware(number, f"route/{number}", number, 100, RateCard(1, {}), (), ()) for number in range(9)]


@pytest.mark.parametrize(("requests", "number"), [(10_000_000, 200), (1_500, 4), (7, 3), (1, 1)])
def test_shares_come_to_the_whole(requests: int, number: int) -> None:
    found = shares(requests, number)
    assert sum(found) == requests
    assert len(found) == number
    assert min(found) >= 0


def test_the_largest_of_ten_million_has_one_million_and_the_others_less() -> None:
    largest, *others = shares(10_000_000, 200)
    assert largest == LARGEST > max(others)


@pytest.mark.django_db
def test_workspaces_have_one_to_four_keys_and_few_habits_and_the_first_is_who_was_named() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    known = Workspace.objects.get(pk=rows.workspace())
    own, _ = keys.mint(known, name="own")
    since = clock.now() - timedelta(days=9)
    customers = made(12, 1_200, WARES, random.Random(1), since=since, first=known)
    assert customers[0].workspace_id == known.pk
    assert customers[0].requests == 120 == sum(each.requests for each in customers) // 10
    minted = [ApiKey.objects.filter(workspace_id=each.workspace_id) for each in customers]
    assert [each.count() for each in minted] == [1 + 3, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]
    for customer, found in zip(customers, minted, strict=True):
        numbers = set(found.values_list("pk", flat=True))
        assert {habit.key_id for habit in customer.habits} <= numbers
        assert 1 <= len({habit.ware for habit in customer.habits}) <= 4
        workspace = Workspace.objects.get(pk=customer.workspace_id)
        assert workspace.created_at == since
        assert set(found.exclude(pk=own.pk).values_list("created_at", flat=True)) == {since}
    assert max(len(customer.habits) for customer in customers) == 6


@pytest.mark.django_db
def test_without_the_plan_that_everybody_can_have_nobody_is_made() -> None:
    with pytest.raises(LookupError, match="no plan payg"):
        made(1, 10, WARES, random.Random(1), since=clock.now())
