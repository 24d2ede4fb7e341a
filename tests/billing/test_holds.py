"""Holds that grow: never beyond what is there, each nano once, and only for requests that are open."""

import asyncio
import threading

import pytest
from django.db import connection, transaction

from billing.admission import Ask, Granted
from billing.gate import Gate
from billing.models import Account, Admission, KeyBudget
from billing.proof.lots import LOTS
from billing.proof.rules import Scope, check, snapshot
from kernel import ids

from .test_admission import ask
from .test_budgets import put, standing
from .test_gate import funded, settlement, verdicts, with_gate

pytestmark = pytest.mark.usefixtures("committed")


def wish(workspace: int, *, hold: int = 100, key: int = 1, share: int = 1) -> Ask:
    return ask(workspace_id=workspace, api_key_id=key, hold=hold, minute_cap=None, share=share)


def held(workspace: int) -> tuple[int, int]:
    """What the account holds, and what its leases hold."""
    leases = Admission.objects.filter(workspace_id=workspace).values_list("hold", flat=True)
    return Account.objects.get(workspace_id=workspace).held, sum(leases)


def open_requests(workspace: int, asks: list[Ask], then: list[int]) -> list[int]:
    """Admit requests, ask for more for each at once, and return what they got."""
    got: list[int] = []

    async def work(gate: Gate) -> None:
        assert all(isinstance(verdict, Granted) for verdict in await verdicts(gate, asks))
        wanted = zip(asks, then, strict=True)
        got.extend(
            await asyncio.gather(
                *(gate.extend(item.request_id, workspace, more=more) for item, more in wanted)
            )
        )

    with_gate(work)
    return got


def test_a_hold_grows_by_what_is_there_and_no_more() -> None:
    workspace = funded(1_000)
    assert open_requests(workspace, [wish(workspace), wish(workspace)], [500, 500]) == [500, 300]
    assert held(workspace) == (1_000, 1_000)


def test_what_is_free_is_told_when_a_request_is_let_in() -> None:
    workspace = funded(1_000)
    found: list[Granted | str] = []

    async def work(gate: Gate) -> None:
        found.extend(await verdicts(gate, [wish(workspace, hold=300)]))

    with_gate(work)
    assert isinstance(found[0], Granted)
    assert found[0].free == 700


def test_a_key_holds_no_more_than_its_budget_leaves() -> None:
    workspace, key = funded(10_000), ids.request_id().int % 10**12
    put(workspace, key, 450)
    mine, another = wish(workspace, key=key), wish(workspace, key=key + 1)
    assert open_requests(workspace, [mine, another], [1_000, 1_000]) == [350, 1_000]
    assert standing(workspace, key) == (0, 450)
    assert held(workspace) == (1_550, 1_550)
    with snapshot() as cursor:
        assert [finding for rule in LOTS for finding in check(cursor, rule, Scope()).findings] == []


def test_each_key_has_its_own_budget_whatever_others_have() -> None:
    workspace, key = funded(10_000), ids.request_id().int % 10**12
    put(workspace, key, 450)
    put(workspace, key + 1, 250)
    mine, another = wish(workspace, key=key), wish(workspace, key=key + 1)
    assert open_requests(workspace, [mine, another], [1_000, 1_000]) == [350, 150]
    assert held(workspace) == (700, 700)


def test_what_a_key_spent_before_its_window_counts_no_more() -> None:
    workspace, key = funded(10_000), ids.request_id().int % 10**12
    put(workspace, key, 450)
    KeyBudget.objects.filter(workspace_id=workspace, api_key_id=key).update(spent=400, window_day=1)
    assert open_requests(workspace, [wish(workspace, key=key)], [1_000]) == [350]


def test_a_single_nano_is_had_too() -> None:
    workspace = funded(101)
    assert open_requests(workspace, [wish(workspace)], [1]) == [1]
    assert held(workspace) == (101, 101)


def test_an_extension_comes_back_whole_when_its_request_is_settled() -> None:
    workspace, key = funded(10_000), ids.request_id().int % 10**12
    put(workspace, key, 5_000)
    item = wish(workspace, key=key)

    async def work(gate: Gate) -> None:
        await gate.admit(item)
        assert await gate.extend(item.request_id, workspace, more=900) == 900
        await gate.settle(settlement(item.request_id, workspace, cost=950))
        assert await gate.extend(item.request_id, workspace, more=1) == 0

    with_gate(work)
    assert held(workspace) == (0, 0)
    assert standing(workspace, key) == (950, 0)


def test_a_request_that_wants_more_twice_at_once_gets_both() -> None:
    workspace = funded(1_000)
    item = wish(workspace)

    async def work(gate: Gate) -> None:
        await gate.admit(item)
        wants = (600, 200, 300)
        got = await asyncio.gather(*(gate.extend(item.request_id, workspace, more=more) for more in wants))
        assert got == [600, 200, 100]

    with_gate(work)
    assert held(workspace) == (1_000, 1_000)


def test_a_suspended_workspace_holds_no_more() -> None:
    workspace = funded(1_000)
    item = wish(workspace)

    async def work(gate: Gate) -> None:
        await gate.admit(item)
        await Account.objects.filter(workspace_id=workspace).aupdate(status=Account.Status.SUSPENDED)
        assert await gate.extend(item.request_id, workspace, more=10) == 0

    with_gate(work)
    assert held(workspace) == (100, 100)


def test_a_stuck_account_delays_no_other() -> None:
    stuck, other = funded(1_000), funded(1_000)
    release, locked = threading.Event(), threading.Event()

    def hold_the_row() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT FROM billing_account WHERE workspace_id = %s FOR UPDATE", [stuck])
            locked.set()
            release.wait(20)
        connection.close()

    first, second = wish(stuck), wish(other)

    async def work(gate: Gate) -> None:
        await verdicts(gate, [first, second])
        holder = asyncio.get_running_loop().run_in_executor(None, hold_the_row)
        await asyncio.to_thread(locked.wait, 20)
        waiting = asyncio.ensure_future(gate.extend(first.request_id, stuck, more=50))
        await asyncio.sleep(0)
        assert await gate.extend(second.request_id, other, more=50) == 50
        assert not waiting.done()
        release.set()
        await holder
        assert await waiting == 50

    with_gate(work)
    assert held(stuck) == held(other) == (150, 150)


def test_many_streams_never_hold_more_than_there_is() -> None:
    workspace = funded(5_000)
    asks = [wish(workspace, hold=10) for _ in range(100)]
    got = open_requests(workspace, asks, [77] * 100)
    assert sum(got) == 4_000
    assert held(workspace) == (5_000, 5_000)


def test_a_share_is_taken_as_the_rule_says() -> None:
    workspace = funded(1_000)
    found: list[Granted | str] = []

    async def work(gate: Gate) -> None:
        found.extend(
            await verdicts(gate, [wish(workspace, hold=250, share=4), wish(workspace, hold=188, share=4)])
        )
        found.extend(await verdicts(gate, [wish(workspace, hold=187, share=4), wish(workspace, hold=563)]))

    with_gate(work)
    assert [verdict if isinstance(verdict, str) else "" for verdict in found] == ["", "CREDITS_HELD", "", ""]


def test_a_request_that_is_not_open_gets_nothing() -> None:
    workspace = funded(1_000)

    async def work(gate: Gate) -> None:
        assert await gate.extend(ids.request_id(), workspace, more=10) == 0

    with_gate(work)
    assert held(workspace) == (0, 0)
