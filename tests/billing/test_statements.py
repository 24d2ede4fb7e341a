"""Statements: never behind, never double, limits as admission sees them."""

import datetime
import threading
import time

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import ApiKey
from billing import rollup, statements
from catalog.models import Model
from kernel import clock
from tests.billing import rows

TODAY = clock.utc_day(clock.now())
YESTERDAY = TODAY - datetime.timedelta(days=1)


def model(name: str) -> int:
    made = Model.objects.create(
        public_id=name,
        name=name,
        author="sandbox",
        tier="lite",
        context_length=1000,
        max_output_tokens=100,
        created_at=clock.now(),
    )
    return made.pk


def minute_of(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days * 1440


@pytest.mark.django_db
def test_a_new_workspace_has_nothing() -> None:
    workspace = rows.workspace()
    assert statements.balance(workspace) == statements.Balance(0, 0, 0, 0, 0, 0)
    assert statements.daily(workspace, YESTERDAY, TODAY) == []
    assert statements.recent(workspace) == []
    assert statements.spend_today(workspace) == 0


@pytest.mark.django_db
def test_an_unknown_workspace_has_no_statement() -> None:
    with pytest.raises(LookupError):
        statements.balance(-1)
    with pytest.raises(LookupError):
        statements.limits(-1)


@pytest.mark.django_db
def test_the_balance_says_what_may_still_be_spent() -> None:
    workspace = rows.workspace()
    rows.admit(workspace, hold=300)
    rows.settle(workspace, cost=50)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_account SET posted = 1000, overdraft_limit = 7, withheld = 90, lapsing = 5, lapse_minute = 0"
            " WHERE workspace_id = %s",
            [workspace],
        )
    assert statements.balance(workspace) == statements.Balance(
        posted=1000, unbilled=50, held=300, withheld=95, available=562, open_requests=1
    )


def usage(workspace: int, one: int, other: int) -> None:
    rows.settle(workspace, model_id=one, cost=10, input_tokens=1, cached_tokens=2, cache_write_tokens=3)
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
        statements.DailyRow(TODAY, one, "sandbox/one", 3, 1, 10, 30, 15),
    ]
    rollup.close(workspace)
    assert statements.daily(workspace, YESTERDAY, TODAY) == open_number
    rollup.post(workspace)
    assert statements.daily(workspace, YESTERDAY, TODAY) == open_number
    rows.settle(workspace, model_id=one, cost=1)
    assert statements.daily(workspace, TODAY, TODAY)[0].requests == 4
    assert statements.spend_today(workspace) == 16
    assert statements.totals(workspace, YESTERDAY, TODAY) == statements.Totals(5, 1, 10, 36, 17)


@pytest.mark.django_db
def test_usage_of_a_model_that_is_gone_keeps_its_number() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, model_id=424242, cost=1)
    assert [row.model for row in statements.daily(workspace, TODAY, TODAY)] == ["model 424242"]
    assert statements.recent(workspace)[0].model == "model 424242"


@pytest.mark.django_db
def test_recent_requests_come_newest_first_with_their_names() -> None:
    workspace, one = rows.workspace(), model("sandbox/one")
    key = ApiKey.objects.create(
        workspace_id=workspace, name="laptop", digest=b"d", prefix="rk_1", last_four="abcd"
    )
    made = []
    for number in range(5):
        time.sleep(0.002)  # ids sort by millisecond
        made.append(rows.settle(workspace, model_id=one, api_key_id=key.pk, cost=number, ttfb_ms=number))
        if number == 2:
            rollup.close(workspace)
    latest = statements.recent(workspace, 3)
    assert [row.request_id for row in latest] == made[:1:-1]
    assert (latest[0].model, latest[0].key_name, latest[0].cost, latest[0].ttfb_ms) == (
        "sandbox/one",
        "laptop",
        4,
        4,
    )


@pytest.mark.django_db
def test_a_correction_is_part_of_its_request() -> None:
    workspace = rows.workspace()
    request = rows.settle(workspace, cost=10, input_tokens=5, status="reaped")
    rows.settle(workspace, cost=50, cached_tokens=5)
    rows.settle(workspace, request_id=request, rev=1, cost=-3, input_tokens=2)
    rows.settle(workspace, request_id=request, rev=255, cost=4, output_tokens=8)
    [row] = [row for row in statements.recent(workspace) if row.request_id == request]
    assert (row.cost, row.input_tokens, row.output_tokens) == (11, 7, 8)
    assert len(statements.recent(workspace)) == 2
    assert statements.totals(workspace, TODAY, TODAY).requests == 2
    assert statements.totals(workspace, TODAY, TODAY).cost == 61


def set_windows(workspace: int, minute: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE billing_account SET minute_no = %s, minute_count = 3, hour_count = 4, day_count = 5,
               open_streams = 2 WHERE workspace_id = %s""",
            [minute, workspace],
        )


@pytest.mark.django_db
def test_limits_count_the_present_windows() -> None:
    workspace = rows.workspace(minute_cap=10, hour_cap=None, day_cap=100, stream_cap=7)
    now = clock.minute_number() + 1440  # a row of a process whose clock is ahead counts, as in admission
    set_windows(workspace, now)
    limits = statements.limits(workspace)
    used = [meter.used for meter in (limits.minute, limits.hour, limits.day, limits.streams)]
    caps = [meter.cap for meter in (limits.minute, limits.hour, limits.day, limits.streams)]
    assert (used, caps) == ([3, 4, 5, 2], [10, None, 100, 7])


@pytest.mark.django_db
@pytest.mark.parametrize(("ago", "left"), [(60, [0, 0]), (1440, [0, 0, 0])])
def test_windows_that_have_passed_count_nothing(ago: int, left: list[int]) -> None:
    workspace = rows.workspace()
    set_windows(workspace, clock.minute_number() - ago)
    limits = statements.limits(workspace)
    assert [meter.used for meter in (limits.minute, limits.hour, limits.day)][: len(left)] == left
    assert limits.streams.used == 2


@pytest.mark.django_db
def test_windows_end_at_the_next_full_minute_hour_and_day() -> None:
    limits = statements.limits(rows.workspace())
    ends = [meter.resets_at for meter in (limits.minute, limits.hour, limits.day)]
    minute, hour, day = (end for end in ends if end is not None)
    assert (minute.second, hour.minute, (day.hour, day.minute)) == (0, 0, (0, 0))
    lengths = (datetime.timedelta(minutes=1), datetime.timedelta(hours=1), datetime.timedelta(days=1))
    assert all(
        clock.now()
        < end + datetime.timedelta(seconds=5)
        <= clock.now() + length + datetime.timedelta(seconds=6)
        for end, length in zip((minute, hour, day), lengths, strict=True)
    )
    assert limits.streams.resets_at is None


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
