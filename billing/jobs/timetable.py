"""What background work is ordered how often, held against how it went last."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery.schedules import crontab
from django.conf import settings

from billing.models import JobRun

__all__ = ["Job", "timetable"]

_DAILY = timedelta(days=1)
_TURNS_MISSED = 3
_SLACK = timedelta(minutes=2)
"""A turn takes its time, and beat may have been restarted."""


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of work: what it is called, how often it is ordered (None: when something asks for it), its last run."""

    title: str
    task: str
    every: timedelta | None
    run: JobRun | None
    late: bool


def timetable(now: datetime) -> list[Job]:
    """Return all work that is ordered, by its name, then what was done besides. One query."""
    runs = {run.name: run for run in JobRun.objects.all()}
    ordered = sorted(_ordered(runs, now), key=lambda job: job.title)
    known = {job.task for job in ordered}
    beside = (Job(name.partition(".")[2].replace("_", " "), name, None, run, late=False) for name, run in sorted(runs.items()) if name not in known)  # fmt: skip
    return [*ordered, *beside]


def _ordered(runs: dict[str, JobRun], now: datetime) -> Iterator[Job]:
    timetable: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    for title, entry in timetable.items():
        schedule = entry["schedule"]
        every = _DAILY if isinstance(schedule, crontab) else timedelta(seconds=float(schedule))
        run = runs.get(entry["task"])
        late = run is not None and now - run.ended_at > _TURNS_MISSED * every + _SLACK
        yield Job(title, entry["task"], every, run, late)
