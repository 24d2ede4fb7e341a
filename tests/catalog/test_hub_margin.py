"""The hub's margin is a row of every database, before any demo; what an operator made of it stays."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from catalog import demo
from catalog.models import Multiplier
from kernel import clock

pytestmark = pytest.mark.django_db
MIGRATION: Any = import_module("catalog.migrations.0012_hub_margin")
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


def rows() -> list[tuple[int, datetime, datetime | None]]:
    found = Multiplier.objects.filter(scope="dialect", target="hub").order_by("valid_from")
    return list(found.values_list("factor_ppm", "valid_from", "valid_until"))


def test_a_fresh_database_has_it_with_a_note() -> None:
    row = Multiplier.objects.get(scope="dialect", target="hub")
    assert (row.factor_ppm, row.valid_from, row.valid_until) == (1_400_000, BEGINNING, None)
    assert "hub" in row.reason


def test_the_demo_adds_no_second_one() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    assert rows() == [(1_400_000, BEGINNING, None)]


def test_it_is_taken_back_and_made_again() -> None:
    MIGRATION.remove(apps, None)
    assert rows() == []
    MIGRATION.add(apps, None)
    assert rows() == [(1_400_000, BEGINNING, None)]


def test_another_margin_of_an_operators_is_left_alone() -> None:
    Multiplier.objects.filter(scope="dialect", target="hub").update(factor_ppm=1_200_000)
    MIGRATION.remove(apps, None)
    MIGRATION.add(apps, None)
    assert rows() == [(1_200_000, BEGINNING, None)]


def test_a_margin_that_an_operator_ended_does_not_come_back() -> None:
    now = clock.now()
    Multiplier.objects.filter(scope="dialect", target="hub").update(valid_until=now)
    MIGRATION.add(apps, None)
    assert rows() == [(1_400_000, BEGINNING, now)]
