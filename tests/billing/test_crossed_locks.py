"""Sessions that lock accounts in another order than ours: whoever is the victim, every settlement is made, once."""

import asyncio

import psycopg
import pytest

from billing.admission import Granted
from billing.gate import Gate
from kernel import postgres
from tests.billing import rows

from .test_admission import ask
from .test_gate import funded, settlement, verdicts, with_gate

pytestmark = pytest.mark.usefixtures("committed")
_LOCK = b"SELECT FROM billing_account WHERE workspace_id = %s FOR UPDATE"


def test_they_lose_no_settlement_and_make_none_twice() -> None:
    first, second = sorted((funded(1_000), funded(1_000)))

    async def work(gate: Gate) -> None:
        asks = [ask(workspace_id=each, hold=10, minute_cap=None) for each in (first, second)]
        assert all(isinstance(verdict, Granted) for verdict in await verdicts(gate, asks))
        async with await psycopg.AsyncConnection.connect(postgres.conninfo(lock_seconds=20)) as crossing:
            await crossing.execute(_LOCK, [second])
            settling = asyncio.gather(
                *(gate.settle(settlement(item.request_id, item.workspace_id)) for item in asks)
            )
            try:
                await crossing.execute(_LOCK, [first])
            except psycopg.errors.DeadlockDetected:
                await crossing.rollback()
            await crossing.commit()
            await settling

    with_gate(work)
    for workspace in (first, second):
        assert rows.count("billing_usage_event", workspace) == 1
        assert (rows.account(workspace)["held"], rows.account(workspace)["unbilled"]) == (0, 7)
