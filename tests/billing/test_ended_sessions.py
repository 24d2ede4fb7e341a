"""Sessions that PostgreSQL ended while nobody used them cost no request."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from asgiref.sync import async_to_sync
from psycopg_pool import AsyncConnectionPool

from billing.gate import Gate
from kernel import postgres

from . import rows
from .test_admission import ask
from .test_batcher import Desk, Item, play
from .test_gate import funded, settlement, with_gate

pytestmark = pytest.mark.usefixtures("committed")


async def cut(number: int) -> None:
    """End a session, and wait for it."""
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as other:
        ended = await other.execute("SELECT pg_terminate_backend(%s, 5000)", [number])
        assert await ended.fetchone() == (True,)


@pytest.mark.parametrize("persistent", [False, True])
def test_a_batch_goes_out_on_a_session_that_lives(persistent: bool) -> None:
    async def asked(items: list[Item], skip_locked: bool) -> Sequence[str | None]:
        await desk.used[-1].execute("SELECT 1")
        return [name for _, name in items]

    async def work(desk: Desk) -> None:
        await cut(desk.sessions[0].info.backend_pid)
        assert await desk.batcher.submit((1, "next")) == "next"
        assert await desk.batcher.submit((1, "and")) == "and"
        assert (desk.losses(), len(desk.sessions), desk.sessions[0].closed) == (0, 2, True)
        assert desk.used[0] is desk.used[1] is desk.sessions[1]

    desk = Desk(asked, persistent=persistent)
    play(desk, work)


def test_a_gate_whose_sessions_were_all_ended_admits_and_settles() -> None:
    workspace = funded(1000)

    async def work(gate: Gate) -> None:
        for _ in range(2):
            await asyncio.to_thread(rows.cut_gates)
            request = ask(workspace_id=workspace, hold=10)
            await gate.admit(request)
            await asyncio.to_thread(rows.cut_gates)
            await gate.settle(settlement(request.request_id, workspace, cost=7))
        assert gate.open_requests == 0

    with_gate(work)
    assert rows.account(workspace)["unbilled"] == 14


def test_a_pool_gives_out_a_session_that_lives() -> None:
    async def work() -> None:
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            postgres.conninfo(), min_size=1, max_size=1, open=False, check=postgres.heed
        )
        async with pool:
            async with pool.connection() as first:
                number = first.info.backend_pid
            await cut(number)
            async with pool.connection() as second:
                assert second.info.backend_pid != number
                await second.execute("SELECT 1")

    async_to_sync(work)()


def test_a_session_is_taken_for_ended_only_where_it_is() -> None:
    async def work() -> None:
        async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as session:
            assert not postgres.hung_up(session)
            await session.execute("SELECT generate_series(1, 10000)")
            await postgres.heed(session)
            await cut(session.info.backend_pid)
            with pytest.raises(psycopg.OperationalError, match="ended the session"):
                await postgres.heed(session)
            await session.close()
            assert postgres.hung_up(session)

    async_to_sync(work)()
