"""Tests of billing.gate on a real database: exact under concurrency, once under repetition."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import psycopg
import pytest
from asgiref.sync import async_to_sync

from billing import late
from billing.admission import Ask, Granted, Refused
from billing.checkpoints import Progress
from billing.gate import Gate, Unavailable
from billing.settlement import FailedAttempt, Settlement
from catalog.pricing import Counts
from kernel import clock, ids, postgres

from . import rows
from .test_admission import ask

pytestmark = pytest.mark.usefixtures("committed")


def settlement(request_id: UUID, workspace_id: int, **fields: object) -> Settlement:
    base: dict[str, object] = {
        "status": "ok",
        "http_status": 200,
        "usage_source": "upstream",
        "cost": 7,
        "multipliers": "",
    }
    return Settlement(request_id=request_id, workspace_id=workspace_id, **{**base, **fields})  # type: ignore[arg-type]


def with_gate(work: Callable[[Gate], Awaitable[None]]) -> None:
    async def run() -> None:
        gate = Gate()
        await gate.start()
        try:
            await work(gate)
        finally:
            await gate.stop()

    async_to_sync(run)()


async def verdicts(gate: Gate, asks: Sequence[Ask]) -> list[Granted | str]:
    async def one(item: Ask) -> Granted | str:
        try:
            return await gate.admit(item)
        except Refused as refusal:
            return refusal.code

    return await asyncio.gather(*(one(item) for item in asks))


def funded(nano: int, **terms: object) -> int:
    workspace = rows.workspace(**terms)
    rows.fund(workspace, nano)
    return workspace


def test_admits_exactly_as_many_as_the_credit_covers() -> None:
    workspace = funded(1000)

    async def work(gate: Gate) -> None:
        asks = [ask(workspace_id=workspace, hold=250, minute_cap=None) for _ in range(200)]
        found = await verdicts(gate, asks)
        assert sum(isinstance(verdict, Granted) for verdict in found) == 4
        assert {verdict for verdict in found if isinstance(verdict, str)} == {"CREDITS_HELD"}

    with_gate(work)
    assert rows.account(workspace)["held"] == 1000


def test_a_refused_request_consumes_nothing() -> None:
    workspace = rows.workspace()

    async def work(gate: Gate) -> None:
        found = await verdicts(
            gate, [ask(workspace_id=workspace, minute_cap=None, stream=True, stream_cap=0) for _ in range(20)]
        )
        assert set(found) == {"CONCURRENT_STREAM_LIMIT_EXCEEDED"}

    with_gate(work)
    account = rows.account(workspace)
    assert (account["minute_count"], account["day_count"], account["held"], account["open_streams"]) == (
        0,
        0,
        0,
        0,
    )


def test_settles_each_request_once_and_returns_its_hold_and_slot() -> None:
    workspace = funded(10_000)

    async def work(gate: Gate) -> None:
        asks = [
            ask(workspace_id=workspace, hold=100, stream=True, minute_cap=None, stream_cap=50)
            for _ in range(40)
        ]
        await verdicts(gate, asks)
        assert gate.open_requests == 40
        failed = FailedAttempt(1, 3, 4, "glm", "http_500", 500, clock.now(), 12)
        await asyncio.gather(
            *(
                gate.settle(
                    settlement(
                        item.request_id,
                        workspace,
                        counts=Counts(input=3, output=2),
                        failed_attempts=(failed,),
                    )
                )
                for item in asks
            ),
            *(gate.settle(settlement(item.request_id, workspace)) for item in asks),
        )
        assert gate.open_requests == 0

    with_gate(work)
    account = rows.account(workspace)
    assert (account["held"], account["open_streams"], account["unbilled"]) == (0, 0, 40 * 7)
    assert rows.count("billing_usage_event", workspace) == 40
    assert rows.count("billing_attempt", workspace) in range(1, 41)
    assert rows.count("billing_admission", workspace) == 0


def test_an_admission_whose_caller_left_is_given_back() -> None:
    workspace = funded(1000)

    async def work(gate: Gate) -> None:
        task = asyncio.create_task(gate.admit(ask(workspace_id=workspace, hold=600)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if rows_left := await asyncio.to_thread(rows.count_apart, "billing_usage_event", workspace):
                assert rows_left == 1
                return
        pytest.fail("the admission was not given back")

    with_gate(work)
    assert rows.account(workspace)["held"] == 0


def test_a_lost_connection_loses_no_settlement() -> None:
    workspace = funded(100_000)

    async def work(gate: Gate) -> None:
        asks = [ask(workspace_id=workspace, hold=1, minute_cap=None, hour_cap=None) for _ in range(300)]
        await verdicts(gate, asks)

        async def cut() -> None:
            for _ in range(10):
                await asyncio.to_thread(rows.cut_gates)
                await asyncio.sleep(0.02)

        cutting = asyncio.create_task(cut())
        for start in range(0, 300, 30):
            await asyncio.gather(
                *(gate.settle(settlement(item.request_id, workspace)) for item in asks[start : start + 30])
            )
        await cutting

    with_gate(work)
    account = rows.account(workspace)
    assert (account["held"], account["unbilled"]) == (0, 300 * 7)
    assert rows.count("billing_usage_event", workspace) == 300


def test_a_checkpoint_follows_an_open_stream() -> None:
    workspace = rows.workspace()
    item = ask(workspace_id=workspace, stream=True)

    async def work(gate: Gate) -> None:
        await gate.admit(item)
        gate.progress(item.request_id, Progress(workspace, 1, 1, 1, 5, clock.now(), 11, 22, "1:1000000"))
        await asyncio.sleep(1.5)

    with_gate(work)
    assert rows.progress(item.request_id) == (5, 11, 22, "1:1000000")


def test_a_settlement_after_the_reaper_adds_only_the_difference() -> None:
    workspace = rows.workspace()
    request = rows.settle(
        workspace, cost=5, status="reaped", usage_source="checkpoint", input_tokens=10, output_tokens=2
    )
    truth = settlement(request, workspace, cost=9, counts=Counts(input=10, output=6))

    async def work() -> list[str | None]:
        async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as connection:
            return [*(await late.settle(connection, [truth])), *(await late.settle(connection, [truth]))]

    assert async_to_sync(work)() == ["corrected", "corrected"]
    assert rows.account(workspace)["unbilled"] == 9
    assert rows.sums(workspace) == (2, 9, 6)
    assert rows.count("billing_usage_event", workspace) == 2
    assert ids.revision_id(request, 1) in rows.event_ids(workspace)


def test_a_stuck_workspace_delays_no_other() -> None:
    stuck, free = rows.workspace(), rows.workspace()

    async def work(gate: Gate) -> None:
        held = ask(workspace_id=stuck)
        await gate.admit(held)
        async with rows.holding(stuck):
            settling = asyncio.create_task(gate.settle(settlement(held.request_id, stuck)))
            waiting = asyncio.create_task(gate.admit(ask(workspace_id=stuck)))
            for _ in range(20):  # behind the stuck one they would be refused, or never end
                item = ask(workspace_id=free, minute_cap=None)
                await gate.admit(item)
                await gate.settle(settlement(item.request_id, free))
            assert not settling.done()
            with pytest.raises(Unavailable):
                await waiting
        await settling

    with_gate(work)
    assert rows.count("billing_usage_event", free) == 20
    assert rows.count("billing_usage_event", stuck) == 1
