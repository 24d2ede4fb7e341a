"""The long run of faults: `make faults` writes what it came to into docs/faults-campaign.md."""

import os
import random
import sys
import time
from collections.abc import Sequence

import pytest

from catalog.models import Model
from tests.fakes.gateway import ROOT
from tests.fakes.held import Held
from tests.upstreams.case import Case
from tests.upstreams.catalogue import CASES
from tests.upstreams.promises import quiet
from tests.upstreams.report import Campaign
from tests.upstreams.stage import Stage
from tests.upstreams.trial import Trial

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(4 * 3600)]

REPEAT = int(os.environ.get("REPEAT", "20"))
# So many of each at the same time: the catalogue of a site has thousands of models at most.
AT_A_TIME = 5
SEED = 1
QUIET_SECONDS = 40.0
PAGE = ROOT / "docs" / "faults-campaign.md"
BEGIN, END = "<!-- run -->\n", "<!-- /run -->\n"


def test_campaign(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Play everything so many times, print and write the table, and fail for every broken promise."""
    _play(
        stage, 1, [case for case in CASES if not case.heavy]
    )  # pools fill, and what is loaded once is loaded
    before, began = _settled(stage, None), time.monotonic()
    trials: list[Trial] = []
    while (left := REPEAT - len(trials) // (4 * len(CASES))) > 0:
        trials += _play(stage, min(AT_A_TIME, left), CASES)
    campaign = Campaign(
        repeat=REPEAT,
        trials=trials,
        before=before,
        after=_settled(stage, before),
        left=list(quiet(stage.who)),
        seconds=time.monotonic() - began,
    )
    with capsys.disabled():
        sys.stdout.write("\n" + campaign.told())
    head, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(head + BEGIN + campaign.told() + END + rest.partition(END)[2])
    assert not campaign.wrong, "\n".join(campaign.wrong[:200])


def _play(stage: Stage, repeat: int, cases: Sequence[Case]) -> list[Trial]:
    trials = [trial for _ in range(repeat) for trial in stage.set_up(cases)]
    random.Random(SEED).shuffle(trials)
    stage.run(stage.play_all(trials))
    for trial in trials:
        stage.check(trial)
    Model.objects.filter(public_id__in=[trial.model for trial in trials]).update(active=False)
    return trials


def _settled(stage: Stage, before: Held | None) -> Held:
    """Return what the gateway holds once idle connections are gone, or no later than they must be."""
    ends = time.monotonic() + QUIET_SECONDS
    while True:
        time.sleep(1)
        held = stage.held()
        calm = held.wires == 0 and (before is None or held.files <= before.files)
        if calm or time.monotonic() > ends:
            return held
