"""What is ordered and how it went: late is what has missed three turns, and two minutes."""

import socket
from datetime import timedelta

import pytest
from django.conf import settings

from billing.jobs import noting
from billing.jobs.timetable import timetable
from billing.models import JobRun
from kernel import clock

pytestmark = pytest.mark.django_db

NOW, INSTANT = clock.now(), timedelta(microseconds=1)


def test_each_is_late_once_three_turns_and_two_minutes_are_over() -> None:
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        noting.note(entry["task"], seconds=1)
    by_turn = {job.every: job for job in timetable(NOW)}
    assert set(by_turn) > {timedelta(days=1)}  # by the hour of the day, and by seconds
    for every, job in by_turn.items():
        assert every is not None
        missed = 3 * every + timedelta(minutes=2)
        for since, late in ((timedelta(), False), (missed, False), (missed + INSTANT, True)):
            JobRun.objects.filter(name=job.task).update(ended_at=NOW - since)
            assert {each.title: each.late for each in timetable(NOW)}[job.title] == late, (job.title, since)


def test_what_is_done_besides_comes_last_by_its_own_name() -> None:
    noting.note("billing.of_an_older_release", seconds=1)
    *ordered, beside = timetable(NOW)
    assert [job.title for job in ordered] == sorted(settings.CELERY_BEAT_SCHEDULE)
    assert (beside.title, beside.task) == ("of an older release", "billing.of_an_older_release")
    assert (beside.every, beside.late) == (None, False)


def test_a_run_is_noted_with_the_beginning_of_a_long_host_and_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "h" * 300)
    noting.note("billing.odd_job", seconds=0.5, error="x" * 900)
    noting.note("billing.odd_job", seconds=0.5, error="y" * 900)
    run = JobRun.objects.get(name="billing.odd_job")
    assert (run.host, run.error) == ("h" * 100, "y" * 500)
    assert (run.runs, run.failures, run.failed) == (2, 2, True)
