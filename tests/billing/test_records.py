"""Requests as flat records: whole UTC days of one workspace, corrections in the sums, the newest first, in pages."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from billing import records, rollup, sums
from catalog.models import Model, Provider
from kernel import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db

DAY = clock.utc_day(clock.now()) - timedelta(days=1)
FIRST = sums.first_minute(DAY)


def settle(workspace: int, minute: int, **columns: Any) -> UUID:
    return rows.settle(workspace, minute_no=minute, **columns)


def ids(workspace: int, *, limit: int = 10, offset: int = 0) -> list[UUID]:
    return [row.request_id for row in records.records(workspace, DAY, DAY, limit=limit, offset=offset)]


def test_a_day_is_listed_from_its_first_minute_to_its_last_the_newest_first() -> None:
    workspace = rows.workspace()
    settle(workspace, FIRST - 1)
    one = settle(workspace, FIRST)
    rollup.close(workspace)
    now = clock.now()
    three = settle(workspace, FIRST + 1439, recorded_at=now)
    two = settle(workspace, FIRST + 700, recorded_at=now - timedelta(seconds=5))
    last = max(three, same := settle(workspace, FIRST + 800, recorded_at=now))
    settle(workspace, FIRST + 1440)
    settle(rows.workspace(), FIRST + 700)
    assert ids(workspace) == [last, min(three, same), two, one]
    assert (ids(workspace, limit=1), ids(workspace, limit=2, offset=2)) == ([last], [two, one])


def test_a_request_is_told_with_its_corrections_and_by_its_names() -> None:
    workspace = rows.workspace()
    model, version = rows.price(input=1)
    provider = Provider.objects.create(slug="told", name="Told").pk
    columns = {"model_id": model, "price_version_id": version, "provider_id": provider}
    request = settle(workspace, FIRST, cost=50, input_tokens=100, output_tokens=7, **columns)
    correction = {"request_id": request, "rev": 1, "cost": -20, "input_tokens": -40, "output_tokens": -2}
    settle(workspace, FIRST, **columns, **correction)
    settle(workspace, FIRST + 1, cost=1_000, input_tokens=1)
    _, found = records.records(workspace, DAY, DAY, limit=10, offset=0)
    assert (found.request_id, found.model, found.provider) == (
        request,
        Model.objects.get(pk=model).public_id,
        "told",
    )
    assert (found.prompt_tokens, found.completion_tokens, found.cost) == (60, 5, 30)
    [strange] = records.records(workspace, DAY, DAY, limit=1, offset=0)
    assert (strange.model_id, strange.provider) == (1, "")


def test_a_page_begins_no_further_than_can_be_read() -> None:
    workspace = rows.workspace()
    assert ids(workspace, offset=records.DEEPEST) == []
    for offset in (-1, records.DEEPEST + 1):
        with pytest.raises(ValueError, match="offset must be between 0 and"):
            ids(workspace, offset=offset)
