"""The long run over failpoints: `make failpoints` writes what it came to into docs/failpoints.md."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.billing.payments.till import Till
from tests.chaos.page import written
from tests.fakes.gateway import ROOT

from .faults import Action
from .forkserver import ForkServer
from .jobs import JOBS
from .payments import payment_jobs
from .playing import Trial, play_gateway, play_jobs, settled
from .report import Campaign
from .rig import Rig

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(4 * 3600)]

REPEAT = int(os.environ.get("REPEAT", "5"))
ACTIONS: tuple[Action, ...] = ("kill", "cut", "deaf")
PAGE = ROOT / "docs" / "failpoints.md"


def test_campaign(
    server: ForkServer, stage: Rig, home: Path, till: Till, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hit every failpoint so many times by each kind of fault, print and write the table, fail for all that is wrong."""
    began = time.monotonic()
    trials: list[Trial] = []
    for _ in range(REPEAT):
        for action in ACTIONS:
            # What commits unheard is done, and leaves nothing for the failpoints after it.
            trials += play_jobs(server, home, [*JOBS, *payment_jobs(till)], [action], apart=action == "deaf")
        trials += play_gateway(stage, ACTIONS)
    campaign = Campaign(
        repeat=REPEAT,
        trials=trials,
        disagreements=settled(stage),
        requests=len(stage.heard()),
        seconds=time.monotonic() - began,
    )
    with capsys.disabled():
        sys.stdout.write("\n" + campaign.told())
    PAGE.write_text(written(PAGE.read_text(), campaign.told()))
    wrong = [*campaign.missed, *campaign.broken]
    assert not wrong, "\n".join(wrong[:200])
