"""A hold that grows while its request is settled: the settlement, which began before, returns all of it."""

import asyncio
from typing import Any

import psycopg
import pytest

from billing import holds, late
from billing.gate import Gate
from billing.holds import Extension
from kernel import ids, postgres

from .test_budgets import put, standing
from .test_gate import funded, settlement, with_gate
from .test_holds import held, wish

pytestmark = pytest.mark.usefixtures("committed")
MORE = 900
_WAITING = b"SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"


async def waits(session: psycopg.AsyncConnection[Any]) -> None:
    """Return once a session waits for a lock; give up after ten seconds."""
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as apart:
        for _ in range(500):
            if (await apart.execute(_WAITING, [session.info.backend_pid])).rowcount:
                return
            await asyncio.sleep(0.02)
    raise AssertionError("it does not wait")


@pytest.mark.parametrize("budget", [False, True])
def test_is_returned_whole(budget: bool) -> None:
    workspace, key = funded(10_000), ids.request_id().int % 10**12
    if budget:
        put(workspace, key, 5_000)
    asks = [wish(workspace, key=key) for _ in range(2)]

    async def work(gate: Gate) -> None:
        for item in asks:
            await gate.admit(item)
        conninfo = postgres.conninfo(lock_seconds=20)
        growing = await psycopg.AsyncConnection.connect(conninfo)
        settling = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        async with growing, settling:
            wanted = [Extension(item.request_id, workspace, MORE) for item in asks]
            assert await holds.extend(growing, wanted) == [MORE, MORE]
            batch = [settlement(item.request_id, workspace, cost=50) for item in asks]
            settled = asyncio.create_task(late.settle(settling, batch))
            await waits(settling)
            await growing.commit()
            assert await settled == ["settled", "settled"]

    with_gate(work)
    assert held(workspace) == (0, 0)
    if budget:
        assert standing(workspace, key) == (100, 0)
