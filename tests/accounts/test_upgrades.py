"""Upgrades: one at a time, from their beginning to exactly their end, also in what a process keeps of callers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from psycopg_pool import AsyncConnectionPool

from accounts import keys, upgrades
from accounts.callers import Directory
from accounts.models import PlanUpgrade, User, Workspace
from catalog import plans
from catalog.models import PlanVersion
from kernel import clock, postgres
from tests.accounts.rows import person, plan, workspace
from tests.fakes.signed_in import signed_in

pytestmark = pytest.mark.usefixtures("committed")

HOUR = timedelta(hours=1)


def granted(
    place: Workspace, starts_at: datetime, ends_at: datetime, terms: PlanVersion | None = None
) -> PlanUpgrade:
    by: User = person()
    return upgrades.grant(
        place, terms or plan(), starts_at=starts_at, ends_at=ends_at, reason="a test", by=by
    )


def found(*questions: Callable[[Directory], Awaitable[Any]], **options: Any) -> list[Any]:
    async def walk() -> list[Any]:
        pool = AsyncConnectionPool[Any](
            postgres.conninfo(), min_size=1, max_size=2, open=False, kwargs={"autocommit": True}
        )
        await pool.open(wait=True)
        try:
            directory = Directory(pool, **options)
            return [await question(directory) for question in questions]
        finally:
            await pool.close()

    return asyncio.run(walk())


def test_in_force_it_is_the_plan_that_counts_for_keys_and_people() -> None:
    place, now = workspace(), clock.now()
    _, secret = keys.mint(place, name="k")
    who = signed_in(place)
    upgrade = granted(place, now - HOUR, now + HOUR)
    by_key, by_token = found(lambda d: d.find(secret), lambda d: d.find_person(who.access))
    for caller in (by_key, by_token):
        assert caller.plan_version_id == upgrade.plan_version_id
        assert 3500 < caller.plan_changes_in <= 3600
    assert Workspace.objects.get(pk=place.pk).terms == upgrade.plan_version


@pytest.mark.parametrize(("starts", "ends"), [(-2, -1), (1, 2)])
def test_before_and_after_the_standing_plan_counts(starts: int, ends: int) -> None:
    place, now = workspace(), clock.now()
    _, secret = keys.mint(place, name="k")
    granted(place, now + starts * HOUR, now + ends * HOUR)
    (caller,) = found(lambda d: d.find(secret))
    assert caller.plan_version_id == place.plan_version_id
    assert (caller.plan_changes_in is None) == (ends < 0)
    assert Workspace.objects.get(pk=place.pk).terms == place.plan_version


def test_what_is_kept_of_a_caller_ends_with_it() -> None:
    place, now = workspace(), clock.now()
    _, secret = keys.mint(place, name="k")
    end = now + timedelta(seconds=1.2)
    granted(place, now, end)
    seen: list[tuple[datetime, int]] = []

    async def look(directory: Directory) -> None:
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            before = clock.now()
            caller = await directory.find(secret)
            assert caller is not None
            seen.append((before, caller.plan_version_id))
            await asyncio.sleep(0.01)

    found(look, keep_seconds=60)
    late = [at - end for at, terms in seen if at >= end and terms != place.plan_version_id]
    assert late == []
    assert any(terms != place.plan_version_id for at, terms in seen if at < end)


def test_one_begins_within_what_is_kept() -> None:
    place, now = workspace(), clock.now()
    _, secret = keys.mint(place, name="k")
    upgrade = granted(place, now + timedelta(seconds=0.6), now + HOUR)

    async def wait(directory: Directory) -> int:
        await asyncio.sleep(0.7)
        caller = await directory.find(secret)
        assert caller is not None
        return caller.plan_version_id

    before, after = found(lambda d: d.find(secret), wait, keep_seconds=60)
    assert (before.plan_version_id, after) == (place.plan_version_id, upgrade.plan_version_id)


def test_two_do_not_overlap_but_may_meet() -> None:
    place, now = workspace(), clock.now()
    first = granted(place, now, now + HOUR)
    granted(place, now + HOUR, now + 2 * HOUR)
    granted(workspace(), now, now + HOUR)
    with pytest.raises(ValidationError, match="overlaps"):
        granted(place, now + HOUR / 2, now + 3 * HOUR)
    with pytest.raises(IntegrityError, match="upgrade_one_at_a_time"):
        PlanUpgrade.objects.filter(pk=first.pk).update(ends_at=now + HOUR + timedelta(seconds=1))
    with pytest.raises(ValidationError, match="must end after it begins"):
        granted(workspace(), now, now)


def test_it_ends_now_and_one_to_come_is_dropped() -> None:
    place, now = workspace(), clock.now()
    running, coming = granted(place, now - HOUR, now + HOUR), granted(place, now + 2 * HOUR, now + 3 * HOUR)
    assert upgrades.standing(place) == running
    assert upgrades.end(running)
    assert upgrades.standing(place) == coming
    assert not upgrades.end(running)
    assert upgrades.end(coming)
    assert upgrades.standing(place) is None
    assert Workspace.objects.get(pk=place.pk).terms == place.plan_version


def test_the_custom_plan_of_another_is_refused() -> None:
    place, other = workspace(), workspace()
    base = PlanVersion.objects.select_related("plan").get(pk=place.plan_version_id)
    own = plans.custom(workspace_id=place.pk, name=place.name, slug=place.slug, base=base, terms={})
    now = clock.now()
    granted(place, now, now + HOUR, own)
    with pytest.raises(IntegrityError, match="custom terms of workspace"):
        granted(other, now, now + HOUR, own)
    with pytest.raises(IntegrityError, match="custom terms of workspace"):
        Workspace.objects.filter(pk=other.pk).update(plan_version=own)
    Workspace.objects.filter(pk=place.pk).update(plan_version=own)


def test_the_statement_finds_it_by_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"EXPLAIN SELECT {upgrades.PLAN} FROM accounts_workspace w {upgrades.IN_FORCE} WHERE w.id = 1"
        )
        told = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("ROLLBACK")
    assert "Seq Scan" not in told
    assert "Index Cond: (workspace_id = w.id)" in told
