"""Finding callers: by key or token, at most one question for each at a time, and none for what is forged."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from accounts.callers import Caller, Directory, ForeignWorkspace
from accounts.models import ApiKey, Member
from kernel import ids, postgres
from tests.accounts.rows import workspace
from tests.fakes.signed_in import signed_in

pytestmark = pytest.mark.usefixtures("committed")

T = TypeVar("T")


class Counted(AsyncConnectionPool[Any]):
    """A real pool that counts how often it is asked."""

    asked = 0

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        self.asked += 1
        async with super().connection(timeout) as found:
            yield found


def run(walk: Callable[[Counted], Awaitable[T]]) -> T:
    async def within() -> T:
        pool = Counted(postgres.conninfo(), min_size=4, max_size=8, open=False, kwargs={"autocommit": True})
        await pool.open(wait=True)
        try:
            return await walk(pool)
        finally:
            await pool.close()

    return asyncio.run(within())


def test_what_is_forged_costs_no_query() -> None:
    who = signed_in(workspace())

    async def walk(pool: Counted) -> int:
        directory = Directory(pool)
        assert await directory.find("rk_" + "0" * 64) is None
        assert await directory.find_person(who.access[:-4] + "AAAA") is None
        assert await directory.find_person(who.refresh) is None
        return pool.asked

    assert run(walk) == 0


def test_many_who_ask_at_once_ask_the_database_once() -> None:
    who = signed_in(workspace())

    async def walk(pool: Counted) -> tuple[int, set[Caller | None]]:
        directory = Directory(pool)
        found = await asyncio.gather(*(directory.find_person(who.access) for _ in range(20)))
        return pool.asked, set(found)

    asked, found = run(walk)
    assert (asked, len(found)) == (1, 1)


def test_processes_that_meet_a_person_at_once_make_one_row_for_their_usage() -> None:
    place = workspace()
    who = signed_in(place, role=Member.Role.ADMIN)

    async def walk(pool: Counted) -> list[Caller | None]:
        return await asyncio.gather(*(Directory(pool).find_person(who.access) for _ in range(6)))

    (caller,) = set(run(walk))
    assert caller is not None
    row = ApiKey.objects.get(workspace=place, person=who.user)
    assert (caller.api_key_id, caller.role, caller.person_id) == (row.pk, "admin", who.user.pk)
    assert row.revoked_at is not None


def test_a_slug_that_looks_like_anothers_number_means_the_slug() -> None:
    first, second = workspace(), workspace()
    second.slug = str(first.pk)
    second.save()
    who = signed_in(first, second)

    async def walk(pool: Counted) -> Caller | None:
        return await Directory(pool).find_person(who.access, workspace=str(first.pk))

    found = run(walk)
    assert found is not None
    assert found.workspace_id == second.pk


def test_a_foreign_workspace_stays_foreign_when_asked_again() -> None:
    who, foreign = signed_in(workspace()), workspace()

    async def walk(pool: Counted) -> int:
        directory = Directory(pool)
        for _ in range(2):
            with pytest.raises(ForeignWorkspace):
                await directory.find_person(who.access, workspace=foreign.slug)
        return pool.asked

    assert run(walk) == 1


def test_a_person_of_no_workspace_is_nobody_here() -> None:
    who = signed_in()
    assert run(lambda pool: Directory(pool).find_person(who.access)) is None


def test_a_key_of_the_right_shape_is_asked_for_once_in_two_seconds() -> None:
    async def walk(pool: Counted) -> int:
        directory, unknown = Directory(pool), ids.mint_key()
        for _ in range(5):
            assert await directory.find(unknown) is None
        return pool.asked

    assert run(walk) == 1


def test_who_waits_for_a_busy_pool_is_told_within_seconds() -> None:
    async def within() -> float:
        pool = AsyncConnectionPool[Any](postgres.conninfo(), min_size=1, max_size=1, open=False)
        await pool.open(wait=True)
        loop, key = asyncio.get_running_loop(), ids.mint_key()
        async with pool, pool.connection():
            began = loop.time()
            with pytest.raises(PoolTimeout):
                await Directory(pool).find(key)
            return loop.time() - began

    assert 1.5 < asyncio.run(within()) < 10
