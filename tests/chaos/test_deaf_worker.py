"""A worker that the broker gives nothing is named, and ends itself. No other may sweep beside it."""

from typing import Any

import pytest

from .background import HEALED_SECONDS, beating, causes, sweeping
from .town import SHORT, Town

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900), pytest.mark.usefixtures("committed")]


def test_a_worker_that_hears_nothing_is_named_and_ends_itself(town: Town) -> None:
    environment: dict[str, Any] = {"REDIS_URL": town.valkey.url, **SHORT}
    with beating(**environment), sweeping("-Q", "another queue", **environment) as worker:
        town.gateways[0].eventually(lambda: causes(town) == {"worker"}, within=HEALED_SECONDS)
        worker.process.wait(HEALED_SECONDS)
