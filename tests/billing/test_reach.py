"""Reach: for so many UTC days single requests are shown, and sums for ever."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from accounts import upgrades
from accounts.models import User, Workspace
from billing import activity, first_day, home, reach, receipts, refusals, statements
from catalog.models import PlanVersion
from kernel import clock
from tests.billing import rows
from tests.billing.test_refusals import refusal, request_at, write

DAY = timedelta(days=1)


def midnight(days_ago: int) -> int:
    """Return the number of the first minute of a UTC day."""
    return (
        clock.minute_number() // clock.MINUTES_PER_DAY * clock.MINUTES_PER_DAY
        - days_ago * clock.MINUTES_PER_DAY
    )


def used(workspace: int, minute: int) -> UUID:
    """Settle a request that was admitted in a minute."""
    at = clock.start_of_minute(minute)
    model, version = rows.price(input=500, output=500)
    facts = {"model_id": model, "price_version_id": version, "admitted_at": at, "minute_no": minute}
    return rows.settle(workspace, cost=7, request_id=request_at(at), **facts)


@pytest.mark.parametrize(("days", "first"), [(1, 0), (2, 1), (30, 29)])
def test_counts_the_present_day_as_one_of_them(days: int, first: int) -> None:
    within = reach.of(days)
    assert within.first_minute == midnight(first)
    assert within.holds(midnight(first))
    assert not within.holds(midnight(first) - 1)
    assert within.first_day == clock.utc_day(clock.now()) - first * DAY


def test_is_without_a_bound_where_the_terms_set_none() -> None:
    assert reach.of(None) == reach.UNBOUNDED
    assert reach.UNBOUNDED.holds(0)
    assert reach.of(32_767).holds(0)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, ""),
        (1, "Requests are shown for 1 UTC day on this plan."),
        (30, "Requests are shown for 30 UTC days on this plan."),
    ],
)
def test_is_said_in_a_sentence(days: int | None, words: str) -> None:
    assert reach.of(days).words == words


@pytest.mark.django_db
def test_hides_the_receipt_of_the_minute_before_and_shows_the_first() -> None:
    workspace, within = rows.workspace(), reach.of(3)
    hidden, shown = used(workspace, midnight(2) - 1), used(workspace, midnight(2))
    assert receipts.find(workspace, hidden, reach=within) is None
    assert receipts.find(workspace, hidden, reach=reach.UNBOUNDED) is not None
    assert receipts.find(workspace, shown, reach=within) is not None


@pytest.mark.django_db
def test_hides_the_latest_requests_of_days_before() -> None:
    workspace = rows.workspace()
    hidden, shown = used(workspace, midnight(2) - 1), used(workspace, midnight(2))
    latest = statements.recent(workspace, reach=reach.of(3))
    assert [row.request_id for row in latest] == [shown]
    everything = statements.recent(workspace, reach=reach.UNBOUNDED)
    assert [row.request_id for row in everything] == [shown, hidden]


@pytest.mark.usefixtures("committed")
def test_hides_refusals_of_days_before() -> None:
    workspace = rows.workspace()
    edge = clock.start_of_minute(midnight(2))
    old = refusal(workspace, request_id=request_at(edge - timedelta(seconds=1)))
    write(old)
    assert refusals.find(workspace, old.request_id, reach=reach.of(3)) is None
    assert refusals.newest(workspace, reach=reach.of(3)) is None
    assert refusals.newest(workspace, reach=reach.of(4)) == old
    first = refusal(workspace, request_id=request_at(edge))
    write(first)
    assert refusals.find(workspace, first.request_id, reach=reach.of(3)) == first
    assert refusals.newest(workspace, reach=reach.of(3)) == first


@pytest.mark.django_db
def test_leaves_sums_whole() -> None:
    workspace = rows.workspace(retention_days=1)
    used(workspace, midnight(5))
    today = clock.utc_day(clock.now())
    [row] = activity.by_day(workspace, today - 10 * DAY, today)
    assert (row.requests, row.cost) == (1, 7)
    assert statements.totals(workspace, today - 10 * DAY, today).cost == 7


@pytest.mark.django_db
def test_is_that_of_an_upgrade_while_it_is_in_force() -> None:
    workspace = Workspace.objects.get(pk=rows.workspace(retention_days=1))
    longer = Workspace.objects.get(pk=rows.workspace(retention_days=4)).plan_version
    used(workspace.pk, midnight(3))
    assert seen(workspace) == 0
    now = clock.now()
    by = User.objects.create_user("operator@example.com")
    upgrades.grant(workspace, longer, starts_at=now, ends_at=now + DAY, reason="a test", by=by)
    assert seen(Workspace.objects.get(pk=workspace.pk)) == 1


def seen(workspace: Workspace) -> int:
    """Return how many requests Home lists."""
    return len(home.home(workspace, chosen=home.RANGES["30d"]).recent)


@pytest.mark.django_db
def test_takes_nobody_who_has_called_for_a_newcomer() -> None:
    newcomer = Workspace.objects.get(pk=rows.workspace(retention_days=1))
    assert isinstance(home.home(newcomer, chosen=home.RANGES["30d"]).first_day, first_day.FirstDay)
    used(newcomer.pk, midnight(200))
    assert home.home(newcomer, chosen=home.RANGES["30d"]).first_day is None
    assert PlanVersion.objects.get(workspaces=newcomer).retention_days == 1


def test_reaches_no_further_back_than_time_is_counted() -> None:
    assert (reach.of(50_000).first_minute, reach.of(None).first_minute) == (0, 0)
    assert reach.of(None).first_day == date(1970, 1, 1)
