"""The replay of 30 days on other terms: what is certain, what is possible, what it costs; and what it reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Workspace
from billing.models import DailyUsage, UsageBucket
from billing.replay import replay, windows
from billing.replay.paying import tariff
from billing.replay.shelf import OTHERWISE
from catalog.models import Model, Multiplier, Plan, PlanVersion
from inference import deal
from kernel import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db
USD = 10**9
YESTERDAY = clock.utc_day(clock.now()) - timedelta(days=1)


def workspace(**terms: Any) -> Workspace:
    return Workspace.objects.select_related("plan_version__plan").get(pk=rows.workspace(**terms))


def other(before: PlanVersion, **terms: Any) -> PlanVersion:
    """The next version of the same plan, with no cap unless named."""
    kept = {"price_nano": 0, "credits_nano": 0, "tiers": ["free", "lite"], "stream_cap": 7, "period": "month"}
    kept |= {"version": before.version + 1}
    return PlanVersion.objects.create(plan=before.plan, published_at=clock.now(), **{**kept, **terms})


def model(tier: str = "lite") -> int:
    pk, _ = rows.price(input=1)
    Model.objects.filter(pk=pk).update(tier=tier)
    return pk


def used(
    place: Workspace, number: int, *, model_id: int = 1, quarter: int = 40, days_ago: int = 0, cost: int = 0, failed: int = 0
) -> None:  # fmt: skip
    """Write a quarter's sum and add it to its day's, as the roll-up does."""
    day = YESTERDAY - timedelta(days=days_ago)
    sums = {"requests": number, "failed": failed, "cost": cost, "provider_cost": 0}
    named = {
        "workspace_id": place.pk,
        "api_key_id": quarter,
        "model_id": model_id,
        "provider_id": 1,
        "tag": "",
    }
    starts = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=15 * quarter)
    UsageBucket.objects.create(starts_at=starts, **named, **sums)
    DailyUsage.objects.create(day=day, **named, **sums)


def met(place: Workspace, **terms: Any) -> windows.Met:
    after = other(place.plan_version, **terms)
    return replay.each(place, [after])[after.pk].met


def test_a_day_is_told_exactly() -> None:
    place = workspace()
    used(place, 70, quarter=1)
    used(place, 50, quarter=90)
    used(place, 100, days_ago=1)
    seen = met(place, day_cap=100)
    assert (seen.day, seen.days, seen.surely, seen.requests) == (20, 1, 20, 220)


def test_an_hour_is_told_exactly_by_the_clock() -> None:
    place = workspace()
    used(place, 60, quarter=43)  # 10:45
    used(place, 60, quarter=44)  # 11:00
    used(place, 30, quarter=47)
    seen = met(place, hour_cap=60)
    assert (seen.hour, seen.hours) == (30, 1)
    used(place, 61, quarter=44, days_ago=1)
    seen = met(place, hour_cap=60, version=3)
    assert (seen.hour, seen.hours) == (31, 2)


@pytest.mark.parametrize(
    ("number", "surely", "maybe"), [(10, 0, False), (11, 0, True), (150, 0, True), (151, 1, False), (400, 250, False)]
)  # fmt: skip
def test_a_minute_is_told_within_its_quarter(number: int, surely: int, maybe: bool) -> None:
    place = workspace()
    used(place, number)
    seen = met(place, minute_cap=10)
    assert (seen.minute, seen.maybe) == (surely, maybe)


def test_what_failed_may_have_given_its_count_back() -> None:
    place = workspace()
    used(place, 120, failed=30)
    assert met(place, day_cap=100).day == 0


def test_a_request_counts_as_many_as_the_new_terms_say() -> None:
    place, heavy = workspace(), model()
    used(place, 60, model_id=heavy)
    name = Model.objects.get(pk=heavy).public_id
    assert met(place, day_cap=100, request_weights=[[name, 2]]).day == 20


def test_a_call_counts_as_at_the_gateway_where_no_terms_say_so() -> None:
    assert dict(OTHERWISE) == deal._WEIGHTS


def test_requests_to_models_that_are_left_out_are_refused_and_count_in_no_window() -> None:
    place, kept, lost = workspace(tiers=["free", "lite", "premium"]), model(), model("premium")
    used(place, 90, model_id=kept, quarter=1)
    used(place, 30, model_id=lost, quarter=2, cost=3 * USD)
    used(place, 20, model_id=lost, days_ago=1, cost=USD)
    seen = met(place, day_cap=100)
    assert (seen.lost, seen.day, seen.lost_cost) == (50, 0, 4 * USD)
    assert met(place, day_cap=80, version=3).day == 10


def test_only_thirty_days_are_replayed() -> None:
    place = workspace()
    used(place, 500, days_ago=29)
    assert met(place, day_cap=1).requests == 0


def test_what_is_paid_is_the_price_and_the_usage_beyond_the_credits() -> None:
    place = workspace(price_nano=10 * USD, credits_nano=10 * USD)
    used(place, 5, cost=25 * USD)
    after = other(place.plan_version, price_nano=20 * USD, credits_nano=30 * USD)
    line = replay.each(place, [after])[after.pk]
    assert (line.paid, line.pays, line.more) == (25 * USD, 20 * USD, -5 * USD)


def test_usage_is_charged_by_the_factor_of_the_other_plan() -> None:
    place = workspace()
    used(place, 5, cost=9 * USD)
    now = clock.now()
    own = {"scope": "plan", "valid_from": now, "reason": "r"}
    dear = Plan.objects.create(slug="dear", name="Dear", rank=place.plan_version.plan.rank + 1)
    after = PlanVersion.objects.create(plan=dear, version=1, published_at=now, price_nano=0, credits_nano=0, tiers=["free"], stream_cap=1)  # fmt: skip
    Multiplier.objects.create(target=place.plan_version.plan.slug, factor_ppm=900_000, **own)
    Multiplier.objects.create(target="dear", factor_ppm=1_000_000, **own)
    assert replay.each(place, [after])[after.pk].pays == 10 * USD
    Multiplier.objects.filter(target="dear").delete()  # list prices
    assert replay.each(place, [after])[after.pk].pays == 10 * USD


def test_a_week_is_counted_up_to_thirty_days_and_once_is_not_counted() -> None:
    weekly = workspace(price_nano=7 * USD, credits_nano=14 * USD, period="week").plan_version
    once = workspace(price_nano=7 * USD, period="none").plan_version
    assert (tariff(weekly).price, tariff(weekly).credits) == (30 * USD, 60 * USD)
    assert (tariff(once).price, tariff(once).credits) == (0, 0)


def test_everyone_on_some_terms_is_replayed_and_the_worst_are_named_first() -> None:
    first = workspace()
    before = first.plan_version
    second = Workspace.objects.create(name="Second", slug="second", plan_version=before)
    idle = Workspace.objects.create(name="Idle", slug="idle", plan_version=before)
    used(first, 110)
    used(second, 150)
    seen = replay.cohort(before, other(before, day_cap=100))
    assert (seen.replayed, seen.refused, seen.dearer, seen.left_out) == (3, 2, 0, 0)
    assert [line.workspace_id for line in seen.worst] == [second.pk, first.pk]
    assert idle.pk not in {line.workspace_id for line in seen.worst}


def test_who_would_pay_a_nano_more_is_named_and_who_would_pay_the_same_is_not() -> None:
    first = workspace()
    used(first, 1)
    same, dearer = (
        other(first.plan_version, price_nano=nano, version=number) for nano, number in ((0, 8), (1, 9))
    )
    seen = replay.cohort(first.plan_version, same)
    assert (seen.dearer, seen.more, seen.worst) == (0, 0, ())
    seen = replay.cohort(first.plan_version, dearer)
    assert (seen.dearer, seen.more, [line.more for line in seen.worst]) == (1, 1, [1])


def test_of_too_many_those_that_spent_most_are_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST", 1)
    first = workspace()
    second = Workspace.objects.create(name="Second", slug="second", plan_version=first.plan_version)
    used(first, 110, cost=3)
    used(first, 110, cost=9, days_ago=29)  # is too long ago
    used(second, 110, cost=1)
    used(second, 110, cost=5, days_ago=28)
    seen = replay.cohort(first.plan_version, other(first.plan_version, day_cap=100))
    assert (seen.replayed, seen.left_out) == (1, 1)
    assert [line.workspace_id for line in seen.worst] == [second.pk]


def test_quarters_are_read_only_of_days_that_could_meet_a_cap_and_by_index() -> None:
    place = workspace()
    used(place, 5)
    with CaptureQueriesContext(connection) as queries:
        met(place, hour_cap=10)
    [sql] = [query["sql"] for query in queries if "billing_usage_bucket" in query["sql"]]
    rows.run("SET LOCAL enable_seqscan = off")
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan


def test_usage_that_takes_too_long_to_read_is_said_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(replay, "met", slow)
    place = workspace()
    with pytest.raises(replay.TooMuch):
        replay.each(place, [other(place.plan_version)])
