"""Tests whose work must be committed: several connections or processes meet on it."""

from collections.abc import Iterator

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Open the database without a transaction around the test, and without a flush after it.

    The tables of the money refuse to be emptied, so such a test makes workspaces of its own and leaves them.
    """
    with django_db_blocker.unblock():
        yield
        connections.close_all()
