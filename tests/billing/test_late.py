"""A settlement that comes after the reaper's says what truly served, and moves the sums by the difference only."""

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


def settle(*items: Settlement) -> list[str | None]:
    async def work() -> list[str | None]:
        async with await psycopg.AsyncConnection.connect(postgres.conninfo(), autocommit=True) as connection:
            return await late.settle(connection, items)

    return async_to_sync(work)()


def test_names_what_served_where_the_reaper_could_not_know() -> None:
    workspace = rows.workspace()
    admitted, served = rows.price(output=1_000), rows.price(output=5_000_000)
    request = rows.settle(
        workspace, status="reaped", usage_source="none", model_id=admitted[0], price_version_id=admitted[1]
    )
    truth = Settlement(
        request_id=request,
        workspace_id=workspace,
        status="ok",
        http_status=200,
        usage_source="upstream",
        cost=50_000,
        multipliers="",
        counts=Counts(output=10),
        provider_id=8,
        endpoint_id=9,
        model_id=served[0],
        chain_id=7,
        price_version_id=served[1],
    )
    assert settle(truth) == ["corrected"]
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
    truths = [
        Settlement(request, workspace, "ok", 200, "upstream", cost, "")
        for request, cost in zip(reaped, (9, 50), strict=True)
    ]
    for _ in range(2):
        assert settle(*truths) == ["corrected", "corrected"]
    assert KeyBudget.objects.get(pk=key).spent == 9
    assert rows.account(workspace)["unbilled"] == 59
