"""What admission and settlement may ask of the database, however many come at once: each statement is one commit."""

import asyncio
from collections import Counter

import pytest
from asgiref.sync import async_to_sync
from psycopg import AsyncRawCursor

from billing.gate import Gate
from billing.settlement import SETTLE, Settlement
from billing.taking import TAKE
from kernel import failpoints

from . import rows
from .test_admission import ask

pytestmark = pytest.mark.usefixtures("committed")

BATCH = 256


def statements(number: int, *, workspaces: int) -> Counter[str]:
    """Return which statements were begun while so many requests were admitted at once, then settled at once."""
    whose = [rows.workspace() for _ in range(workspaces)]
    for each in whose:
        rows.fund(each, 10**9)
    begun: Counter[str] = Counter()

    async def play() -> None:
        gate = Gate()
        await gate.start()
        failpoints.arm(lambda name: begun.update([name]))
        try:
            await _cycles(gate, [whose[place % workspaces] for place in range(number)])
        finally:
            failpoints.arm(None)
            await gate.stop()

    async_to_sync(play)()
    assert all(rows.account(each)["held"] == 0 for each in whose)
    assert sum(rows.count("billing_usage_event", each) for each in whose) == number
    return begun


async def _cycles(gate: Gate, whose: list[int]) -> None:
    asks = [ask(workspace_id=each, hold=250, minute_cap=None, hour_cap=None, day_cap=None) for each in whose]
    await asyncio.gather(*(gate.admit(each) for each in asks))
    settled = [
        Settlement(
            request_id=each.request_id, workspace_id=each.workspace_id, status="ok", http_status=200,
            usage_source="upstream", cost=7, multipliers="",
        )
        for each in asks
    ]  # fmt: skip
    await asyncio.gather(*(gate.settle(each) for each in settled))


@pytest.mark.parametrize(
    ("number", "workspaces", "batches"),
    [(1, 1, 1), (BATCH, 1, 1), (BATCH, 16, 1), (2 * BATCH, 1, 2)],
    ids=["a lone request", "one workspace", "many workspaces", "more than a batch"],
)
def test_a_batch_is_admitted_by_one_statement_and_settled_by_one(
    number: int, workspaces: int, batches: int
) -> None:
    begun = statements(number, workspaces=workspaces)
    assert begun["admit.begun"] == begun["settle.begun"] == batches
    assert begun["admit.read"] == 0  # nobody is refused, so nothing is read to decide by


def test_each_is_planned_once_and_finds_its_rows_by_their_keys() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 10**9)

    async def play() -> tuple[list[tuple[int, int]], list[str]]:
        gate = Gate()
        await gate.start()
        try:
            for _ in range(8):
                await _cycles(gate, [workspace])
            return await _plans(gate)
        finally:
            await gate.stop()

    counts, plans = async_to_sync(play)()
    assert counts == [(8, 0), (8, 0)]
    for plan in plans:
        assert "Index Scan using billing_account_pkey" in plan
        assert "Seq Scan" not in plan


async def _plans(gate: Gate) -> tuple[list[tuple[int, int]], list[str]]:
    """Return how often admission and settlement took their kept plan and another, and both plans."""
    counts, plans = [], []
    for batcher, statement in ((gate._admissions, TAKE), (gate._settlements, SETTLE)):
        session = batcher._connection
        assert session is not None
        kept = await session.execute(
            b"SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = %s",
            [statement],
        )
        counts += await kept.fetchall()
        told = await AsyncRawCursor(session).execute(b"EXPLAIN (GENERIC_PLAN) " + statement.encode())
        plans.append("\n".join(line for (line,) in await told.fetchall()))
    return counts, plans
