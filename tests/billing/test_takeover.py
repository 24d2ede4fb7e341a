"""Takeover: the web process charges only what Celery left too long, and says so."""

import asyncio
import datetime

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from billing import rollup, takeover
from billing.models import LedgerTransaction, UsageEvent
from kernel import clock, degraded
from kernel.modes import LATE
from tests.billing import rows


@pytest.mark.django_db
def test_what_celery_will_still_charge_is_left_to_it(settings: Settings) -> None:
    settings.TAKEOVER_SECONDS = 3600
    workspace = rows.workspace()
    rows.settle(workspace, cost=5)
    takeover.look()
    assert not degraded.holds(LATE)
    assert rows.account(workspace)["unbilled"] == 5


@pytest.mark.django_db
def test_what_is_overdue_is_charged_and_said() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=5, recorded_at=clock.now() - datetime.timedelta(hours=1))
    assert takeover.look() >= 1
    assert degraded.holds(LATE)
    assert LedgerTransaction.objects.get(workspace_id=workspace).actor == "web"
    takeover.look()
    assert not degraded.holds(LATE)


@pytest.mark.django_db
def test_a_closed_number_that_nobody_posts_is_posted() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=5, recorded_at=clock.now() - datetime.timedelta(hours=1))
    rollup.close(workspace)
    takeover.look()
    assert rows.account(workspace)["posted"] == -5


@pytest.mark.django_db
def test_dead_workers_leave_nothing_open() -> None:
    request = rows.admit(rows.workspace())
    takeover.look()
    assert UsageEvent.objects.get(request_id=request).status == "reaped"


@pytest.mark.usefixtures("committed")
def test_the_watch_charges_and_ends_when_it_is_told_to() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=5, recorded_at=clock.now() - datetime.timedelta(hours=1))

    async def live() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(takeover.watch(stop))
        while not degraded.holds(LATE):
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(task, 5)

    asyncio.run(live())
    connection.close()
    assert rows.account(workspace)["posted"] == -5


@pytest.mark.usefixtures("committed")
def test_the_watch_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def away() -> int:
        looks.append(1)
        raise OperationalError("the database is away")

    monkeypatch.setattr(takeover, "look", away)
    monkeypatch.setattr(takeover, "_PERIOD_SECONDS", 0.01)

    async def live() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(takeover.watch(stop))
        while len(looks) < 3:
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(task, 5)

    asyncio.run(live())
