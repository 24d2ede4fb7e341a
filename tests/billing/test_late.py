"""A settlement that comes after the reaper's says what truly served, and moves the sums by the difference only."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from asgiref.sync import async_to_sync

from billing import budgets, late
from billing.models import KeyBudget, UsageEvent
from billing.settlement import Settlement
from catalog.pricing import Counts
from kernel import clock, ids, postgres

from . import rows

pytestmark = pytest.mark.usefixtures("committed")


def settle(*items: Settlement, skip_locked: bool = False) -> list[str | None]:
    async def work() -> list[str | None]:
        async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as connection:
            return await late.settle(connection, items, skip_locked=skip_locked)

    return async_to_sync(work)()


def truth(request: UUID, workspace: int, cost: int = 0, **fields: Any) -> Settlement:
    return Settlement(request, workspace, "ok", 200, "upstream", cost, "", **fields)


def test_says_of_each_what_became_of_it() -> None:
    workspace = rows.workspace()
    leased = rows.admit(workspace, hold=9)
    reaped = rows.settle(workspace, cost=1, status="reaped")
    done = rows.settle(workspace, cost=2)
    batch = [truth(request, workspace, 3) for request in (done, leased, ids.request_id(), reaped)]
    assert settle(*batch) == ["before", "settled", "unknown", "corrected"]
    assert settle(truth(leased, workspace, 3)) == ["before"]
    account = rows.account(workspace)
    assert (account["held"], account["unbilled"]) == (0, 2 + 3 + 3)


def test_leaves_what_somebody_holds_where_it_may() -> None:
    held, free = rows.workspace(), rows.workspace()
    batch = [truth(rows.admit(workspace), workspace, 3) for workspace in (held, free)]
    with rows.locked(held):
        assert settle(*batch, skip_locked=True) == [None, "settled"]
    assert [rows.account(workspace)["unbilled"] for workspace in (held, free)] == [0, 3]
    assert settle(*batch) == ["settled", "before"]


def test_keeps_what_was_admitted_where_it_says_nothing_else() -> None:
    workspace = rows.workspace()
    names = {"model_id": 3, "chain_id": 4, "provider_id": 5, "endpoint_id": 6, "price_version_id": 7}
    request = rows.settle(workspace, status="reaped", weight=2, hold=8, provider_cost=30, **names)
    settle(truth(request, workspace, provider_cost=50))
    correction = UsageEvent.objects.get(id=ids.revision_id(request, 1))
    assert {name: getattr(correction, name) for name in names} == names
    assert (correction.weight, correction.hold, correction.provider_cost) == (0, 0, 20)


def test_names_what_served_where_the_reaper_could_not_know() -> None:
    workspace = rows.workspace()
    admitted, served = rows.price(output=1_000), rows.price(output=5_000_000)
    request = rows.settle(
        workspace, status="reaped", usage_source="none", model_id=admitted[0], price_version_id=admitted[1]
    )
    names = {"provider_id": 8, "endpoint_id": 9, "chain_id": 7}
    names |= {"model_id": served[0], "price_version_id": served[1]}
    assert settle(truth(request, workspace, 50_000, counts=Counts(output=10), **names)) == ["corrected"]
    correction = UsageEvent.objects.get(id=ids.revision_id(request, 1))
    assert (correction.model_id, correction.price_version_id) == served
    assert (correction.chain_id, correction.provider_id, correction.endpoint_id) == (7, 8, 9)
    assert rows.findings(workspace) == {}


def test_moves_the_budget_of_the_key_once() -> None:
    workspace, key = rows.workspace(), ids.request_id().int % 10**12
    today, before = clock.minute_number(), clock.minute_number() - 1440
    reaped = [
        rows.settle(workspace, cost=5, status="reaped", api_key_id=key, minute_no=minute)
        for minute in (today, before)
    ]
    budgets.put(workspace, key, limit=100, period=KeyBudget.Period.DAY, actor="test")
    truths = [truth(request, workspace, cost) for request, cost in zip(reaped, (9, 50), strict=True)]
    for _ in range(2):
        assert settle(*truths) == ["corrected", "corrected"]
    assert KeyBudget.objects.get(pk=key).spent == 9
    assert rows.account(workspace)["unbilled"] == 59


def test_gives_a_budget_back_no_more_than_it_has_spent() -> None:
    workspace, key = rows.workspace(), ids.request_id().int % 10**12
    request = rows.settle(workspace, cost=9, status="reaped", api_key_id=key)
    budgets.put(workspace, key, limit=100, period=KeyBudget.Period.DAY, actor="test")
    rows.run("UPDATE billing_key_budget SET spent = 4 WHERE api_key_id = %s", key)
    assert settle(truth(request, workspace, cost=2)) == ["corrected"]
    assert KeyBudget.objects.get(pk=key).spent == 0
