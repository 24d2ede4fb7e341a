"""Refusals: counted all, told of the first few, written apart from the request's way, and dropped in time."""

import asyncio
import datetime
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from billing import refusals, tasks
from billing.models import Refusal as Kept
from billing.models import RefusalCount
from billing.reach import UNBOUNDED
from billing.refusals import DETAILS, Refusal, Refusals
from kernel import clock, ids, postgres
from tests.billing import rows
from tests.billing.plans import assert_index_bound

MINUTE = datetime.timedelta(minutes=1)
_COUNT = "SELECT count(*) FROM billing_refusal WHERE workspace_id = %s"


def request_at(moment: datetime.datetime) -> UUID:
    """Return a request id of another moment than the present."""
    present = ids.request_id().int
    return UUID(int=present & (2**80 - 1) | int(moment.timestamp() * 1000) << 80)


def refusal(workspace: int, **fields: Any) -> Refusal:
    return Refusal(
        **{
            "request_id": ids.request_id(),
            "workspace_id": workspace,
            "api_key_id": 1,
            "model": "route/one",
            "code": "MINUTE_REQUEST_LIMIT_EXCEEDED",
            "message": "The limit is reached.",
            "refused_at": clock.now(),
            **fields,
        }
    )


def with_refusals(work: Callable[[Refusals], Awaitable[None]]) -> None:
    async def run() -> None:
        conninfo = postgres.conninfo()
        async with AsyncConnectionPool(conninfo, min_size=1, open=False, kwargs={"autocommit": True}) as pool:
            await work(Refusals(pool))

    async_to_sync(run)()


def write(*noted: Refusal) -> None:
    """Note refusals in a process of their own and write them."""

    async def work(kept: Refusals) -> None:
        for each in noted:
            kept.note(each)
        await kept.write()

    with_refusals(work)


def counts(workspace: int) -> dict[tuple[str, str], int]:
    found = RefusalCount.objects.filter(workspace_id=workspace)
    return {(row.model, row.code): row.refusals for row in found}


@pytest.mark.usefixtures("committed")
def test_tell_everything_that_was_noted() -> None:
    workspace = rows.workspace()
    noted = refusal(workspace, cap=50, used=50, weight=2, resets_at=clock.now() + MINUTE, required=3, held=1)
    write(noted)
    assert refusals.find(workspace, noted.request_id, reach=UNBOUNDED) == noted
    assert refusals.find(rows.workspace(), noted.request_id, reach=UNBOUNDED) is None
    assert refusals.newest(workspace, reach=UNBOUNDED) == noted


@pytest.mark.usefixtures("committed")
def test_count_all_and_tell_of_the_first_of_a_minute() -> None:
    workspace, now = rows.workspace(), clock.now()
    first, later = DETAILS - 5, 10  # so many are noted by one process, so many by another
    write(*(refusal(workspace, request_id=request_at(now)) for _ in range(first)))
    write(*(refusal(workspace, request_id=request_at(now)) for _ in range(later)))
    assert counts(workspace) == {("route/one", "MINUTE_REQUEST_LIMIT_EXCEEDED"): first + later}
    assert Kept.objects.filter(workspace_id=workspace).count() == DETAILS
    write(refusal(workspace, request_id=request_at(now + MINUTE)))
    assert Kept.objects.filter(workspace_id=workspace).count() == DETAILS + 1
    newest = refusals.newest(workspace, reach=UNBOUNDED)
    assert newest is not None
    assert refusals.count(newest) == 1


@pytest.mark.usefixtures("committed")
def test_of_one_process_are_kept_within_their_bound() -> None:
    workspace, now = rows.workspace(), clock.now()

    async def work(kept: Refusals) -> None:
        for _ in range(3):
            for _ in range(100):
                kept.note(refusal(workspace, request_id=request_at(now)))
            await kept.write()

    with_refusals(work)
    assert list(counts(workspace).values()) == [300]
    assert Kept.objects.filter(workspace_id=workspace).count() == DETAILS


@pytest.mark.usefixtures("committed")
def test_count_by_model_only_what_names_a_model_of_ours() -> None:
    workspace, now = rows.workspace(), clock.now()
    noted = [
        refusal(workspace, request_id=request_at(now), code="INVALID_MODEL", model=f"made-up-{number}")
        for number in range(3)
    ]
    write(*noted)
    assert counts(workspace) == {("", "INVALID_MODEL"): 3}
    told = refusals.find(workspace, noted[0].request_id, reach=UNBOUNDED)
    assert told is not None
    assert told.model == "made-up-0"


@pytest.mark.usefixtures("committed")
def test_keep_no_more_than_a_line_of_what_was_sent() -> None:
    workspace = rows.workspace()
    noted = refusal(workspace, model="m" * 1000, message="x" * 1000)
    write(noted)
    assert refusals.find(workspace, noted.request_id, reach=UNBOUNDED) == replace(
        noted, model="m" * 128, message="x" * 500
    )


@pytest.mark.usefixtures("committed")
def test_wait_for_a_connection_and_are_written_at_the_end() -> None:
    workspace = rows.workspace()
    noted = refusal(workspace)

    async def work(kept: Refusals) -> None:
        async with kept._pool.connection():  # the only one
            kept.note(noted)
            await kept.write()
        kept.start()
        await kept.stop()

    with_refusals(work)
    assert refusals.find(workspace, noted.request_id, reach=UNBOUNDED) == noted


@pytest.mark.usefixtures("committed")
def test_are_written_within_a_second_by_themselves() -> None:
    workspace = rows.workspace()
    noted = refusal(workspace)

    async def work(kept: Refusals) -> None:
        kept.start()
        kept.note(noted)
        async with await AsyncConnection.connect(postgres.conninfo(), autocommit=True) as apart:
            for _ in range(40):
                await asyncio.sleep(0.05)
                row = await (await apart.execute(_COUNT, [workspace])).fetchone()
                if row == (1,):
                    break
            assert row == (1,)
        await kept.stop()

    with_refusals(work)


@pytest.mark.django_db
def test_are_dropped_after_seven_days_and_their_counts_after_ninety() -> None:
    workspace = rows.workspace()
    for days in (6.9, 7.1, 89, 91.5):
        request = request_at(clock.now() - datetime.timedelta(days=days))
        told = {"workspace_id": workspace, "api_key_id": 1, "model": "m", "code": "c"}
        minute = refusals.minute_of(request)
        RefusalCount.objects.create(minute_no=minute, refusals=1, **told)
        amounts = dict.fromkeys(("weight", "cap", "used", "required", "available", "held"), 0)
        Kept.objects.create(
            request_id=request, minute_no=minute, message="", refused_at=clock.now(), **told, **amounts
        )
    assert refusals.drop_old(clock.now() - datetime.timedelta(days=1)) >= 3  # as it was a day ago
    assert Kept.objects.filter(workspace_id=workspace).count() == 2
    tasks.make_partitions()
    assert Kept.objects.filter(workspace_id=workspace).count() == 1
    assert RefusalCount.objects.filter(workspace_id=workspace).count() == 3


@pytest.mark.django_db
def test_are_found_by_an_index() -> None:
    workspace = rows.workspace()
    with CaptureQueriesContext(connection) as queries:
        refusals.find(workspace, ids.request_id(), reach=UNBOUNDED)
        refusals.newest(workspace, reach=UNBOUNDED)
        refusals.count(refusal(workspace))
        refusals.drop_old(clock.now())
    assert_index_bound(queries)
