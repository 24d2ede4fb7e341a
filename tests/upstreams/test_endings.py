"""Streams that end in every way."""

import pytest

from tests.upstreams.endings import Endings
from tests.upstreams.stage import Stage

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(300)]


def test_leave_no_slot_hold_task_or_connection(stage: Stage) -> None:
    Endings(stage, number=10, seed=1).play()  # what is loaded once is loaded
    before = stage.held()
    endings = Endings(stage, number=200, seed=2)
    endings.play()
    assert list(endings.wrong()) == []
    stage.gateway.eventually(lambda: stage.held().wires == 0, within=90)
    after = stage.held()
    assert (after.tasks, after.files) == (before.tasks, before.files)
