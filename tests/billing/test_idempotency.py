"""A key marks one request: the first takes it, others hear of the first, failures give it back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from psycopg_pool import AsyncConnectionPool

from billing import idempotency
from billing.idempotency import Marked, Repeated, Repeats
from billing.models import IdempotencyKey
from kernel import clock, ids, postgres

from . import rows

pytestmark = pytest.mark.usefixtures("committed")

DAY, MINUTE = timedelta(hours=24), timedelta(minutes=1)


def with_repeats(work: Callable[[Repeats], Awaitable[None]]) -> None:
    @async_to_sync
    async def run() -> None:
        async with AsyncConnectionPool(
            postgres.conninfo(), min_size=1, max_size=4, open=False, kwargs={"autocommit": True}
        ) as pool:
            await work(Repeats(pool))

    run()


def marked(workspace: int, key: str = "k", body: bytes = b"body") -> Marked:
    return Marked(workspace, key, ids.request_id(), body)


def test_the_first_takes_it_and_others_hear_of_the_first() -> None:
    first = marked(rows.workspace())

    async def work(repeats: Repeats) -> None:
        await repeats.take(first)
        for body, same in ((b"body", True), (b"other", False)):
            with pytest.raises(Repeated) as repeated:
                await repeats.take(marked(first.workspace_id, body=body))
            assert (repeated.value.first, repeated.value.same) == (first.request_id, same)
        await repeats.take(marked(first.workspace_id, key="another"))

    with_repeats(work)


def test_it_is_the_workspaces_own() -> None:
    async def work(repeats: Repeats) -> None:
        for workspace in workspaces:
            await repeats.take(marked(workspace))

    workspaces = [rows.workspace(), rows.workspace()]
    with_repeats(work)


def test_of_many_at_once_exactly_one_takes_it() -> None:
    workspace = rows.workspace()

    async def work(repeats: Repeats) -> None:
        asked = [marked(workspace) for _ in range(40)]
        verdicts = await asyncio.gather(*map(repeats.take, asked), return_exceptions=True)
        taken = [item.request_id for item, verdict in zip(asked, verdicts, strict=True) if verdict is None]
        assert len(taken) == 1
        assert {verdict.first for verdict in verdicts if isinstance(verdict, Repeated)} == set(taken)

    with_repeats(work)


def test_given_back_it_is_free_but_only_by_who_took_it() -> None:
    workspace = rows.workspace()

    async def work(repeats: Repeats) -> None:
        first = marked(workspace)
        await repeats.take(first)
        await repeats.give_back(marked(workspace))
        with pytest.raises(Repeated):
            await repeats.take(marked(workspace))
        await repeats.give_back(first)
        await repeats.take(marked(workspace))

    with_repeats(work)


def test_after_a_day_it_is_free_and_forgotten() -> None:
    workspace = rows.workspace()

    async def work(repeats: Repeats) -> None:
        await repeats.take(marked(workspace, body=b"new"))

    with_repeats(work)
    row = IdempotencyKey.objects.get(workspace_id=workspace)
    IdempotencyKey.objects.filter(pk=row.pk).update(used_at=clock.now() - DAY + MINUTE)
    idempotency.forget()
    assert IdempotencyKey.objects.filter(pk=row.pk).exists()
    with pytest.raises(Repeated):
        with_repeats(work)
    IdempotencyKey.objects.filter(pk=row.pk).update(used_at=clock.now() - DAY - MINUTE)
    with_repeats(work)
    assert IdempotencyKey.objects.get(pk=row.pk).request_id != row.request_id
    IdempotencyKey.objects.filter(pk=row.pk).update(used_at=clock.now() - DAY - MINUTE)
    assert idempotency.forget() >= 1
    assert not IdempotencyKey.objects.filter(pk=row.pk).exists()
