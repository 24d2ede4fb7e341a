"""The broker is away, full, or restarts again and again: it is named, and all of it ends by itself; part of `make outages`."""

import time
from typing import Any

import pytest

from .background import HEALED_SECONDS, causes
from .offered import under
from .test_background_outages import celery, charged, owing
from .town import Town

__all__ = ["celery"]

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900), pytest.mark.usefixtures("committed")]


@pytest.mark.parametrize("condition", ["stopped", "full"])
def test_without_a_broker_it_is_named_and_ends_with_its_return(
    town: Town, celery: dict[str, Any], condition: str
) -> None:
    gateway = town.gateways[0]
    gateway.eventually(lambda: causes(town) == set(), within=HEALED_SECONDS)
    with under(condition, town.valkey):
        gateway.eventually(lambda: causes(town) == {"broker"}, within=HEALED_SECONDS)
    gateway.eventually(lambda: causes(town) == set(), within=HEALED_SECONDS)
    workspace = owing()
    gateway.eventually(lambda: bool(charged(workspace)), within=HEALED_SECONDS)


def test_a_broker_that_restarts_again_and_again_is_found_again(town: Town, celery: dict[str, Any]) -> None:
    gateway = town.gateways[0]
    for _ in range(3):
        town.valkey.stop()
        town.valkey.start()
        time.sleep(0.5)
    gateway.eventually(lambda: causes(town) == set(), within=HEALED_SECONDS)
    workspace = owing()
    gateway.eventually(lambda: bool(charged(workspace)), within=HEALED_SECONDS)
