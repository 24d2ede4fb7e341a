"""Tests of catalog.declared as a whole: the demo there and back, and what an operator does with a file."""

import pytest
from django.db import transaction

from catalog import demo
from catalog.declared import applying, exporting, reading
from catalog.models import CatalogRevision
from kernel import clock

pytestmark = pytest.mark.django_db

SANDBOX = "http://127.0.0.1:8099/v1"


def apply(text: str, **environment: str) -> list[str]:
    """Apply a file and return the lines of its diff."""
    return [str(change) for change in applying.apply(reading.read(text), environment).changes]


def revision() -> int:
    return CatalogRevision.objects.get().number


def test_the_demo_goes_to_a_file_and_comes_back_as_it_was() -> None:
    with transaction.atomic():
        demo.load(sandbox_url=SANDBOX)
        text = exporting.export(clock.now())
        transaction.set_rollback(True)
    assert apply(text)
    assert exporting.export(clock.now()) == text


def test_an_export_that_is_applied_changes_nothing() -> None:
    demo.load(sandbox_url=SANDBOX)
    before = revision()
    assert apply(exporting.export(clock.now())) == []
    assert revision() == before
