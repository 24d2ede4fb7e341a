"""Streams that end in every way."""

import time

import pytest

from tests.upstreams.endings import Endings
from tests.upstreams.stage import Stage

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(300)]
SOON_SECONDS = 20


def test_leave_no_slot_hold_task_or_connection(stage: Stage) -> None:
    Endings(stage, number=10, seed=1).play()  # what is loaded once is loaded
    before = stage.held()
    endings = Endings(stage, number=200, seed=2)
    endings.play()
    assert list(endings.wrong()) == []
    stage.gateway.eventually(lambda: stage.held().wires == 0, within=90)
    more = stage.held().beyond(before)
    for _ in range(SOON_SECONDS):
        if not more:
            break
        time.sleep(1)  # what is done every few seconds is a task while it is done
        more = stage.held().beyond(before)
    assert more == {}
