"""One town for all tests of degraded modes."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.fakes.gateway import running_gateway
from tests.fakes.upstream import running_sandbox
from tests.fakes.valkey import own_valkey

from .town import SHORT, Town


@pytest.fixture(scope="package")
def town(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """Start it once; it ends with the last test of this directory."""
    log = tmp_path_factory.mktemp("town") / "calls.jsonl"
    with (
        django_db_blocker.unblock(),
        own_valkey() as valkey,
        running_sandbox(log) as sandbox,
        running_gateway(REDIS_URL=valkey.url, **SHORT) as one,
        running_gateway(REDIS_URL=valkey.url, **SHORT) as other,
    ):
        yield Town([one, other], valkey, sandbox, log)
