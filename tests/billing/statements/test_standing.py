"""What is left, and the limits as admission sees them."""

import datetime

import pytest
from django.db import connection

from billing import statements
from kernel import clock
from tests.billing import rows


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


@pytest.mark.django_db
@pytest.mark.parametrize(("ahead", "withheld"), [(0, 5), (2, 0)])
def test_the_balance_is_without_what_has_ended_by_now(ahead: int, withheld: int) -> None:
    workspace = rows.workspace()
    rows.run(
        "UPDATE billing_account SET lapsing = 5, lapse_minute = %s WHERE workspace_id = %s",
        clock.minute_number() + ahead,
        workspace,
    )
    assert statements.balance(workspace).withheld == withheld


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
def test_windows_count_from_their_first_moment_on() -> None:
    workspace = rows.workspace()
    present, limits = -1, None
    while clock.minute_number() != present:  # the minute may end meanwhile
        present = clock.minute_number()
        set_windows(workspace, present)
        limits = statements.limits(workspace)
    assert limits is not None
    assert [meter.used for meter in (limits.minute, limits.hour, limits.day)] == [3, 4, 5]


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
