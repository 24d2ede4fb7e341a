"""The long run of hostile peers: `make hostile` writes what it came to into docs/hostile-peers.md."""

import os
import sys
import time

import pytest

from tests.chaos.page import commit, written
from tests.fakes.gateway import ROOT
from tests.fakes.held import Held
from tests.hostile.bombs import grown
from tests.hostile.report import Campaign, Streams
from tests.hostile.siege import besieged
from tests.upstreams.endings import Endings
from tests.upstreams.stage import Stage

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(4 * 3600)]

SECONDS = float(os.environ.get("SECONDS_OF_SIEGE", "60"))
STREAMS = int(os.environ.get("STREAMS", "10000"))
SEED = 1
QUIET_SECONDS = 100.0
PAGE = ROOT / "docs" / "hostile-peers.md"


def test_campaign(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    """Play everything, print and write the tables, and fail for every broken promise."""
    began, load, at = time.monotonic(), os.getloadavg()[0], commit()
    siege = besieged(seconds=SECONDS)
    stage: Stage = request.getfixturevalue("stage")  # its gateways would work beside the siege
    bombs = grown(stage)
    streams = _streams(stage)
    campaign = Campaign(siege, bombs, streams, time.monotonic() - began, load, at)
    with capsys.disabled():
        sys.stdout.write("\n" + campaign.told())
    PAGE.write_text(written(PAGE.read_text(), campaign.told()))
    assert not campaign.broken, "\n".join(campaign.broken)


def _streams(stage: Stage) -> Streams:
    Endings(stage, number=50, seed=0).play()  # pools fill, and what is loaded once is loaded
    before = _quiet(stage)
    endings, began = Endings(stage, number=STREAMS, seed=SEED), time.monotonic()
    endings.play()
    seconds = time.monotonic() - began
    wrong = list(endings.wrong())
    booked = {f"to end by {end}: `{status}`": number for (end, status), number in endings.booked().items()}
    return Streams(STREAMS, seconds, booked, before, _quiet(stage), wrong)


def _quiet(stage: Stage) -> Held:
    """Return what the gateway holds once idle connections are gone, or no later than they must be."""
    deadline = time.monotonic() + QUIET_SECONDS
    while (held := stage.held()).wires and time.monotonic() < deadline:
        time.sleep(1)
    return held
