"""Sums: an event's counts go by the names of their classes, and days begin where UTC's do."""

import datetime

import pytest
from django.db import connection

from billing import sums
from billing.models import UsageEvent
from catalog.pricing import CLASSES, OUTPUT_CLASSES, PROMPT_CLASSES
from kernel import clock, ids
from tests.billing import rows


@pytest.mark.parametrize(
    ("day", "minute"),
    [
        (datetime.date(1970, 1, 1), 0),
        (datetime.date(1970, 1, 2), 1440),
        (datetime.date(2026, 11, 22), 20_779 * 1440),
    ],
)
def test_a_day_begins_at_its_first_minute(day: datetime.date, minute: int) -> None:
    assert sums.first_minute(day) == minute
    assert clock.start_of_minute(minute).isoformat() == f"{day}T00:00:00+00:00"


def test_counts_go_by_the_names_of_their_classes() -> None:
    event = UsageEvent(**{column: place for place, column in enumerate(sums.COUNTS, 1)})
    counts = sums.counts(event)
    assert [getattr(counts, name) for name in CLASSES] == list(range(1, 13))
    assert (counts.input, counts.output, counts.web_search) == (1, 5, 12)


def read(columns: str, workspace: int) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM billing_usage_event WHERE workspace_id = %s", [workspace])
        [row] = cursor.fetchall()
    return tuple(row)


@pytest.mark.django_db
def test_a_correction_is_summed_and_not_counted() -> None:
    workspace = rows.workspace()
    for status, cost in (("ok", 1), ("failed", 2), ("failed", 4)):
        rows.settle(workspace, status=status, cost=cost, images=cost)
    for status in ("ok", "failed"):
        rows.settle(workspace, request_id=ids.request_id(), rev=1, status=status, cost=10, images=10)
    wanted = ("requests", "failed", "cost", "images")
    found = read(", ".join(sums.EVENT_MEASURES[name] for name in wanted), workspace)
    assert dict(zip(wanted, found, strict=True)) == {"requests": 3, "failed": 2, "cost": 27, "images": 27}


@pytest.mark.django_db
def test_what_went_in_and_what_came_out_are_added_up_each() -> None:
    workspace = rows.workspace()
    values = {name: 2**place for place, name in enumerate((*PROMPT_CLASSES, *OUTPUT_CLASSES))}
    rows.settle(workspace, **{f"{name}_tokens": value for name, value in values.items()}, minute_no=2_879)
    found = read(f"{sums.PROMPT}, {sums.COMPLETION}, {sums.DAY}", workspace)
    of = {name: sum(values[each] for each in name) for name in (PROMPT_CLASSES, OUTPUT_CLASSES)}
    assert found == (of[PROMPT_CLASSES], of[OUTPUT_CLASSES], datetime.date(1970, 1, 2))
