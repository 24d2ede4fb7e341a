"""Beat or worker is away: it is named, web processes charge meanwhile, and all of it ends by itself."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from billing import parts
from billing.models import LedgerTransaction
from kernel import clock
from tests.billing import rows
from tests.fakes.gateway import Gateway

from .background import HEALED_SECONDS, beating, causes, sweeping
from .town import SHORT, Town

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900), pytest.mark.usefixtures("committed")]


NOBODY = "redis://127.0.0.1:1/0"
EVERY_SECONDS = 10
"""Twice as long as a beat that lives is silent."""


def charged(workspace: int) -> list[str]:
    """Return who charged a workspace, once for each charge."""
    return list(LedgerTransaction.objects.filter(workspace_id=workspace).values_list("actor", flat=True))


def owing() -> int:
    """Return a workspace with a request that waits to be charged, since an hour."""
    workspace = rows.workspace()
    rows.settle(workspace, cost=5, recorded_at=clock.now() - timedelta(hours=1))
    return workspace


@pytest.fixture(scope="module")
def celery(town: Town) -> Iterator[dict[str, Any]]:
    """A worker, started again when it ends itself, and two beats; yields the environment in which they run."""
    environment: dict[str, Any] = {"REDIS_URL": town.valkey.url, **SHORT}
    with sweeping(again=True, **environment), beating(**environment), beating(**environment):
        yield environment


def test_without_a_beat_web_processes_charge_and_say_so(town: Town) -> None:
    gateway = town.gateways[0]
    gateway.eventually(lambda: causes(town) == {"beat"}, within=HEALED_SECONDS)
    workspace = owing()
    gateway.eventually(lambda: charged(workspace) == ["web"], within=HEALED_SECONDS)


def test_a_beat_that_starts_without_a_broker_says_so_again_and_again() -> None:
    def says_so() -> bool:
        return any(
            part.kind == "beat" and part.said == {"sends_for": None} and part.silent < EVERY_SECONDS
            for part in parts.heard()
        )

    with beating(REDIS_URL=NOBODY):
        Gateway.eventually(says_so, within=HEALED_SECONDS)
        time.sleep(EVERY_SECONDS)
        Gateway.eventually(says_so, within=2 * EVERY_SECONDS)


def test_two_beats_charge_once(town: Town, celery: dict[str, Any]) -> None:
    gateway, workspaces = town.gateways[0], [owing() for _ in range(3)]
    gateway.eventually(lambda: causes(town) == set(), within=HEALED_SECONDS)
    gateway.eventually(lambda: all(charged(each) for each in workspaces), within=HEALED_SECONDS)
    time.sleep(3)  # more sweeps of both come
    assert [len(charged(each)) for each in workspaces] == [1, 1, 1]
    assert [rows.account(each)["posted"] for each in workspaces] == [-5, -5, -5]
