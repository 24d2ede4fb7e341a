"""Holds that grow under a key's budget: by what its window leaves, shared by its requests, and no other's rows are held."""

import asyncio
from uuid import UUID

import psycopg
import pytest

from billing import holds
from billing.holds import Extension
from billing.models import KeyBudget
from kernel import clock, ids, postgres

from . import rows
from .test_budgets import put, standing
from .test_gate import funded
from .test_holds import held

pytestmark = pytest.mark.usefixtures("committed")


def budgeted(limit: int = 1_000) -> tuple[int, int]:
    """Return a workspace and a key of it that has a budget."""
    workspace, key = funded(10_000), ids.request_id().int % 10**12
    put(workspace, key, limit)
    return workspace, key


def opened(workspace: int, key: int, *, hold: int = 100) -> UUID:
    """Open a request that its key's budget knows of."""
    KeyBudget.objects.filter(workspace_id=workspace, api_key_id=key).update(
        held=standing(workspace, key)[1] + hold
    )
    return rows.admit(workspace, hold=hold, api_key_id=key, budgeted=True)


def extended(*wanted: Extension, skip_locked: bool = False) -> list[int | None]:
    async def run() -> list[int | None]:
        conninfo = postgres.conninfo(lock_seconds=0.3)
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
            return await holds.extend(connection, wanted, skip_locked=skip_locked)

    return asyncio.run(run())


@pytest.mark.parametrize(("ahead", "left"), [(0, 600), (1, 600), (-1, 900)], ids=["now", "ahead", "over"])
def test_what_a_key_spent_counts_in_its_window(ahead: int, left: int) -> None:
    workspace, key = budgeted()
    request = opened(workspace, key)
    day = clock.minute_number() // 1440 + ahead
    KeyBudget.objects.filter(workspace_id=workspace, api_key_id=key).update(spent=300, window_day=day)
    assert extended(Extension(request, workspace, 5_000)) == [left]
    assert standing(workspace, key) == (300, 100 + left)


def test_requests_of_one_key_share_what_its_budget_leaves() -> None:
    workspace, key = budgeted()
    requests = [opened(workspace, key) for _ in range(3)]
    assert extended(*(Extension(each, workspace, 300) for each in requests)) == [300, 300, 100]
    assert standing(workspace, key) == (0, 1_000)
    assert held(workspace) == (1_000, 1_000)


def test_a_budget_is_let_alone_whose_account_somebody_holds() -> None:
    (stuck, key), (free, other) = budgeted(), budgeted()
    wanted = [Extension(opened(stuck, key), stuck, 50), Extension(opened(free, other), free, 50)]
    with psycopg.connect(postgres.conninfo()) as apart:
        for table in ("billing_account", "billing_key_budget"):
            apart.execute(f"SELECT FROM {table} WHERE workspace_id = %s FOR UPDATE".encode(), [stuck])
        assert extended(*wanted, skip_locked=True) == [None, 50]
    assert (standing(stuck, key), standing(free, other)) == ((0, 100), (0, 150))


def test_who_can_have_nothing_is_told_so_beside_accounts_that_are_held() -> None:
    workspace, key = budgeted(100)
    assert extended(Extension(opened(workspace, key), workspace, 1), skip_locked=True) == [0]
    assert extended(Extension(ids.request_id(), workspace, 1), skip_locked=True) == [0]
