"""Terms: they stay as published, the newest published ones are taken, and custom ones are one workspace's."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from catalog import plans
from catalog.models import Multiplier, Plan, PlanVersion
from kernel import clock
from tests.accounts.rows import workspace

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def plan(rank: int = 900, **facts: Any) -> Plan:
    return Plan.objects.create(**{"slug": f"p{rank}", "name": f"P{rank}", "rank": rank, **facts})


def version(of: Plan, number: int, **columns: Any) -> PlanVersion:
    stated = {"price_nano": 5, "credits_nano": 5, "tiers": ["free"], "stream_cap": 1, **columns}
    return PlanVersion.objects.create(
        plan=of, version=number, **{"published_at": clock.now() - DAY, **stated}
    )


@pytest.mark.parametrize(
    "change",
    [{"price_nano": 6}, {"tiers": ["max"]}, {"day_cap": 1}, {"version": 9}, {"also_models": ["*"]}],
    ids=str,
)
def test_published_terms_do_not_change(change: dict[str, Any]) -> None:
    terms = version(plan(), 1)
    with pytest.raises(IntegrityError, match="do not change"), transaction.atomic():
        PlanVersion.objects.filter(pk=terms.pk).update(**change)
    with pytest.raises(IntegrityError, match="do not change"), transaction.atomic():
        PlanVersion.objects.filter(pk=terms.pk).update(published_at=clock.now() + DAY)


def test_terms_to_come_change_in_their_moment_alone() -> None:
    terms = version(plan(), 1, published_at=clock.now() + DAY)
    PlanVersion.objects.filter(pk=terms.pk).update(published_at=clock.now() + 2 * DAY)
    for change in ({"price_nano": 6}, {"published_at": clock.now() - DAY}):
        with pytest.raises(IntegrityError, match="do not change"), transaction.atomic():
            PlanVersion.objects.filter(pk=terms.pk).update(**change)


def test_terms_that_somebody_has_are_not_deleted() -> None:
    held, free = workspace().plan_version, version(plan(), 1)
    with pytest.raises(ProtectedError):
        held.delete()
    free.delete()


def test_the_newest_published_ones_are_taken() -> None:
    of = plan()
    assert plans.newest(of.slug) is None
    version(of, 1)
    second = version(of, 2)
    version(of, 3, published_at=clock.now() + DAY)
    assert plans.newest(of.slug) == second
    assert second in plans.on_offer()
    assert plans.on_offer().filter(plan=of).count() == 1


def test_custom_ones_keep_rank_and_prices_and_are_told_to_nobody_else() -> None:
    of = plan()
    base, now = version(of, 1, auto_models=["route/a"], request_weights=[["*", 2]]), clock.now()
    for factor, begins, ends in (
        (700_000, now - 3 * DAY, now - 2 * DAY),
        (800_000, now - 2 * DAY, now + DAY),
        (900_000, now + DAY, None),
    ):
        Multiplier.objects.create(
            scope="plan", target=of.slug, factor_ppm=factor, valid_from=begins, valid_until=ends, reason="x"
        )
    made = plans.custom(workspace_id=7, name="Northwind", slug="northwind", base=base, terms={"day_cap": 9})
    assert (made.plan.slug, made.plan.rank, made.plan.public) == ("custom-7-northwind", of.rank, False)
    assert (made.day_cap, made.auto_models, made.price_nano) == (9, ["route/a"], 5)
    copied = Multiplier.objects.filter(target=made.plan.slug).order_by("valid_from")
    assert [(row.factor_ppm, row.valid_until) for row in copied] == [(800_000, now + DAY), (900_000, None)]
    assert made not in plans.on_offer()
    again = plans.custom(workspace_id=7, name="Northwind", slug="northwind", base=made, terms={})
    assert (again.plan, again.version, copied.count()) == (made.plan, 2, 2)


def test_custom_ones_that_cannot_be_leave_nothing() -> None:
    base = version(plan(), 1)
    with pytest.raises(ValidationError):
        plans.custom(workspace_id=7, name="N", slug="n", base=base, terms={"tiers": []})
    assert not Plan.objects.filter(only_for=7).exists()


def test_two_plans_for_everyone_have_two_ranks() -> None:
    plan(rank=901)
    with pytest.raises(IntegrityError, match="plan_rank_once"), transaction.atomic():
        plan(rank=901, slug="other")
    plan(rank=901, slug="custom", only_for=3, public=False)
    with pytest.raises(IntegrityError, match="plan_of_one_is_not_public"), transaction.atomic():
        plan(rank=902, slug="public", only_for=4, public=True)


def test_the_plan_to_fall_back_on_is_the_lowest_that_costs_nothing() -> None:
    Plan.objects.filter(versions__isnull=True).delete()
    low, high = plan(rank=903), plan(rank=904)
    free = {"price_nano": 0, "credits_nano": 0}
    version(low, 1, **free)
    version(low, 2)
    taken = version(high, 1, **free)
    assert plans.without_price() == taken
