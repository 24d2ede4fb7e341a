"""Moving all who have some terms: who and what is told before, done once for each, credits from the next period."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.models import Workspace
from billing.models import Subscription, SubscriptionChange
from billing.subscriptions import book, cohort, granting
from catalog.models import Model, PlanVersion
from kernel import clock
from tests.billing.subscriptions import rows

pytestmark = pytest.mark.django_db


def versions(**after: object) -> tuple[PlanVersion, PlanVersion]:
    first = rows.terms(usd=10, credits_usd=10, day_cap=500, tiers=["free", "lite"])
    return first, rows.version(
        first.plan,
        2,
        **{"price_nano": 10 * rows.USD, "credits_nano": 10 * rows.USD, "tiers": ["free", "lite"], **after},
    )


def move(before: PlanVersion, after: PlanVersion) -> int:
    return cohort.move(before, after, token=uuid4(), actor="ann@example.com", reason="a test")


def test_tells_who_and_what_before() -> None:
    before, after = versions(price_nano=12 * rows.USD, tiers=["free"], also_models=["route/kept*"])
    for name, tier in (("route/lost", "lite"), ("route/kept-1", "lite"), ("route/free", "free")):
        facts = {"author": "t", "context_length": 9, "max_output_tokens": 1, "created_at": clock.now()}
        Model.objects.create(public_id=name, name=name, tier=tier, **facts)
    workspace = rows.workspace(before)
    seen = cohort.preview(before, after)
    assert (seen.moved, seen.names, seen.left_with_stripe) == (1, (workspace.name,), 0)
    told = {each.name: (each.before, each.after) for each in seen.comparison.differences}
    assert told == {
        "Price": ("$10.00 a month", "$12.00 a month"),
        "Tiers": ("free, lite", "free"),
        "Requests a day": ("500", "no cap"),
    }
    assert (seen.comparison.lost, seen.comparison.gained) == (("route/lost",), ())


def test_moves_all_at_once_and_their_credits_with_the_next_period() -> None:
    before, after = versions(credits_nano=15 * rows.USD)
    made = [rows.workspace(before) for _ in range(3)]
    for workspace in made:
        book.begin(workspace, actor="test")
    assert (move(before, after), move(before, after)) == (3, 0)
    pks = [workspace.pk for workspace in made]
    assert set(Workspace.objects.filter(pk__in=pks).values_list("plan_version", flat=True)) == {after.pk}
    assert [rows.grants(pk) for pk in pks] == [[1000]] * 3
    end = Subscription.objects.first().current_period_end  # type: ignore[union-attr]
    assert end is not None
    granting.grant_due(rows.noon(end), seconds=20)
    assert [rows.grants(pk) for pk in pks] == [[1000, 1500]] * 3
    assert SubscriptionChange.objects.filter(kind="moved", reason="a test").count() == 3


def test_leaves_those_behind_whose_price_is_stripes() -> None:
    before, after = versions(price_nano=12 * rows.USD)
    workspace = rows.workspace(before)
    row = book.new(workspace.pk, before, clock.utc_day(clock.now()))
    Subscription.objects.filter(pk=row.pk).update(
        source="stripe", stripe_subscription_id="sub_1", due_on=None
    )
    assert cohort.preview(before, after).left_with_stripe == 1
    assert move(before, after) == 0


def test_begins_and_ends_subscriptions_where_that_changes() -> None:
    free = rows.terms()
    paid = rows.version(free.plan, 2, credits_nano=rows.USD)
    workspace = rows.workspace(free)
    assert move(free, paid) == 1
    assert rows.grants(workspace.pk) == [100]
    assert move(paid, free) == 1
    assert book.active(workspace.pk) is None


def test_refuses_another_kind_of_period_and_what_is_to_come() -> None:
    before, after = versions(period="week")
    with pytest.raises(cohort.Unlike):
        move(before, after)
    soon = PlanVersion(plan=before.plan, version=9, published_at=clock.now() + timedelta(days=1))
    with pytest.raises(ValueError, match="not published"):
        move(before, soon)
