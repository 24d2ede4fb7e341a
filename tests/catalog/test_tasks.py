"""Tests of catalog.tasks."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from catalog import chains
from catalog.models import Chain
from catalog.tasks import publish_due
from config.celery import app
from kernel import clock
from tests.fakes import chained
from tests.fakes.sweeping import running_worker


@pytest.mark.usefixtures("committed")
def test_a_real_worker_publishes_what_is_due(tmp_path: Path) -> None:
    model = chained.model()
    before, draft = chained.live(model, chained.hop()), chained.draft(model, chained.hop())
    chains.schedule(draft, clock.now() + timedelta(minutes=1))
    Chain.objects.filter(pk=draft.pk).update(publish_at=clock.now())
    with running_worker(tmp_path / "beat"):
        publish_due.delay()
        deadline = time.monotonic() + 120
        while Chain.objects.get(pk=draft.pk).status == "draft" and time.monotonic() < deadline:
            time.sleep(0.2)
    assert Chain.objects.get(pk=draft.pk).status == "live"
    assert Chain.objects.get(pk=before.pk).status == "retired"


def test_the_clock_asks_twice_a_minute() -> None:
    [entry] = [each for each in app.conf.beat_schedule.values() if each["task"] == publish_due.name]
    assert entry["schedule"] == 30
