"""The present of sweeps is the database's: a worker whose clock is off says so, and ends nothing early."""

from datetime import timedelta

import pytest
from django.db import connection
from structlog.testing import capture_logs

from billing import present, takeover, tasks
from kernel import clock, ids
from tests.billing import rows

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(params=[HOUR, -HOUR], ids=["an hour ahead", "an hour behind"])
def off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """A process whose clock is off."""
    by: timedelta = request.param
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + by)
    return by


def open_at_a_worker(workspace: int, *, silent_seconds: int) -> None:
    worker = ids.request_id()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_worker (worker_id, host, pid, started_at, heartbeat_at, draining)
               VALUES (%s, 'here', 1, clock_timestamp(), clock_timestamp() - make_interval(secs => %s), false)""",
            [worker, silent_seconds],
        )
    rows.admit(workspace, worker_id=worker)


def test_a_clock_that_is_right_is_not_mentioned() -> None:
    with capture_logs() as lines:
        before = clock.now()
        assert before - timedelta(seconds=2) < present.now() < clock.now() + timedelta(seconds=2)
    assert lines == []


def test_a_clock_that_is_off_is_told_and_not_followed(off: timedelta) -> None:
    with capture_logs() as lines:
        found = present.now()
    assert abs(clock.now() - off - found) < timedelta(minutes=1)
    [line] = lines
    assert (line["event"], line["log_level"]) == ("the clock of this process is off", "error")
    assert abs(line["seconds_ahead"] - off.total_seconds()) < 60


def test_nobody_is_taken_for_dead_by_a_wrong_clock(off: timedelta) -> None:
    living, dead = rows.workspace(), rows.workspace()
    open_at_a_worker(living, silent_seconds=0)
    open_at_a_worker(dead, silent_seconds=600)
    tasks.reap()
    assert [rows.count("billing_admission", each) for each in (living, dead)] == [1, 0]
    open_at_a_worker(dead, silent_seconds=600)
    takeover.look()
    assert [rows.count("billing_admission", each) for each in (living, dead)] == [1, 0]


@pytest.mark.parametrize(("seconds", "told"), [(1.1, False), (-1.1, False), (2.94, True), (-2.94, True)])
def test_a_clock_is_off_by_more_than_two_seconds(
    seconds: float, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=seconds))
    with capture_logs() as lines:
        present.now()
    assert [line["event"] for line in lines] == (["the clock of this process is off"] if told else [])
    assert all(line["seconds_ahead"] == round(line["seconds_ahead"], 1) for line in lines)


def test_a_question_that_takes_long_makes_no_clock_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    real, moments = clock.now, iter([timedelta(seconds=-3), timedelta(seconds=3)])
    monkeypatch.setattr(clock, "now", lambda: real() + next(moments))
    with capture_logs() as lines:
        present.now()
    assert lines == []
