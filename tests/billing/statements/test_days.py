"""Days: never behind, never double, and by model."""

import threading
import time

import pytest
from django.conf import settings
from django.db import connection

from billing import rollup, statements
from billing.reach import UNBOUNDED
from tests.billing import rows
from tests.billing.statements.used import TODAY, YESTERDAY, minute_of, model


@pytest.mark.django_db
def test_a_new_workspace_has_nothing() -> None:
    workspace = rows.workspace()
    assert statements.balance(workspace) == statements.Balance(0, 0, 0, 0, 0, 0)
    assert statements.daily(workspace, YESTERDAY, TODAY) == []
    assert statements.recent(workspace, reach=UNBOUNDED) == []
    assert statements.spend_today(workspace) == 0


def usage(workspace: int, one: int, other: int) -> None:
    rows.settle(workspace, model_id=one, cost=10, input_tokens=1, cached_tokens=5, output_tokens=1)
    rows.settle(workspace, model_id=one, cost=5, output_tokens=10, reasoning_tokens=20, image_in_tokens=4)
    rows.settle(workspace, model_id=one, status="failed", http_status=502)
    rows.settle(workspace, model_id=other, cost=1, minute_no=minute_of(YESTERDAY), audio_out_tokens=6)
    rows.settle(workspace, model_id=other, cost=99, minute_no=minute_of(YESTERDAY) - 1)


@pytest.mark.django_db
def test_a_day_reads_the_same_before_during_and_after_posting() -> None:
    workspace, one, other = rows.workspace(), model("sandbox/one"), model("sandbox/other")
    usage(workspace, one, other)
    open_number = statements.daily(workspace, YESTERDAY, TODAY)
    assert open_number == [
        statements.DailyRow(YESTERDAY, other, "sandbox/other", 1, 0, 0, 6, 1),
        statements.DailyRow(TODAY, one, "sandbox/one", 3, 1, 10, 31, 15),
    ]
    rollup.close(workspace)
    assert statements.daily(workspace, YESTERDAY, TODAY) == open_number
    rollup.post(workspace)
    assert statements.daily(workspace, YESTERDAY, TODAY) == open_number
    usage(workspace, one, other)
    assert statements.daily(workspace, YESTERDAY, TODAY) == [
        statements.DailyRow(YESTERDAY, other, "sandbox/other", 2, 0, 0, 12, 2),
        statements.DailyRow(TODAY, one, "sandbox/one", 6, 2, 20, 62, 30),
    ]
    assert statements.spend_today(workspace) == 30
    assert statements.totals(workspace, YESTERDAY, TODAY) == statements.Totals(8, 2, 20, 74, 32)


@pytest.mark.django_db
def test_a_day_ends_with_its_last_minute() -> None:
    workspace = rows.workspace()
    for cost, minute in ((1, -1441), (2, -1440), (4, -1), (8, 0)):
        rows.settle(workspace, cost=cost, minute_no=minute_of(TODAY) + minute)
    assert statements.totals(workspace, YESTERDAY, YESTERDAY).cost == 2 + 4


@pytest.mark.django_db
def test_usage_of_a_model_that_is_gone_keeps_its_number() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, model_id=424242, cost=1)
    assert [row.model for row in statements.daily(workspace, TODAY, TODAY)] == ["model 424242"]
    assert statements.recent(workspace, reach=UNBOUNDED)[0].model == "model 424242"


@pytest.mark.usefixtures("committed")
def test_a_page_is_never_behind_and_never_double_while_usage_is_posted() -> None:
    workspace = rows.workspace()
    stop = time.monotonic() + 3
    settled = 0

    def charge() -> None:
        try:
            while time.monotonic() < stop:
                rollup.close(workspace)
                rollup.post(workspace)
        finally:
            connection.close()

    roller = threading.Thread(target=charge)
    roller.start()
    try:
        while time.monotonic() < stop:
            rows.settle(workspace, cost=7)
            settled += 1
            seen = statements.totals(workspace, YESTERDAY, TODAY)
            assert (seen.requests, seen.cost) == (settled, settled * 7)
    finally:
        roller.join()
    assert settled > 50
    assert rows.account(workspace)["charged_no"] > 3
    assert settings.TIME_ZONE == "UTC"
