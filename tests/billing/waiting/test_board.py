"""All of the desk."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.waiting.board import SOURCES
from kernel import clock

pytestmark = pytest.mark.django_db


def test_each_kind_is_read_in_one_query_at_most() -> None:
    for source in SOURCES:
        with CaptureQueriesContext(connection) as queries:
            source.find(clock.now())
        assert len(queries) == (0 if source.name == "journals" else 1), source.name
