"""One stage for all faults of a test process."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.upstreams.stage import Stage, staged


@pytest.fixture(scope="package")
def stage(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """The gateways and the faulty provider."""
    with django_db_blocker.unblock(), staged(tmp_path_factory.mktemp("stage")) as running:
        yield running
