"""One gateway and one sandbox for all walks of a test process."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.fakes.gateway import Gateway, running_gateway
from tests.fakes.upstream import running_sandbox


@pytest.fixture(scope="package")
def sandbox() -> Iterator[str]:
    """The base URL of a running sandbox."""
    with running_sandbox() as base_url:
        yield base_url


@pytest.fixture(scope="package")
def gateway(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Gateway]:
    """A running gateway on the database of this run."""
    with running_gateway() as running:
        yield running
