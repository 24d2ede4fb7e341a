"""What hostile upstreams cost the gateway's memory."""

import pytest

from inference.hearing import MAX_ANSWER_BYTES
from tests.upstreams.case import Case
from tests.upstreams.silences import CASES as SILENCES
from tests.upstreams.spellings import CASES
from tests.upstreams.stage import Stage

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(300)]

GREATEST_GROWTH_KIB = 8 * 1024
ENDLESS = [case for case in CASES if case.number == "U14" and case.name.startswith("endless")]
# Breaks off as well, but at once: what its kind of end needs for the first time is no growth.
CUT = next(case for case in SILENCES if case.name == "reset")


@pytest.mark.parametrize("case", ENDLESS, ids=lambda case: case.name)
def test_is_bounded_while_a_stream_never_ends(stage: Stage, case: Case) -> None:
    short, endless = ([trial for trial in stage.set_up([each]) if trial.stream] for each in (CUT, case))
    for trial in short:
        stage.run(stage.play(trial))
    before = stage.held()
    stage.forget_peak()
    for trial in endless:
        stage.run(stage.play(trial))
    grown = stage.held().peak - before.resident
    assert all(trial.faulty.calls for trial in endless)
    assert grown < GREATEST_GROWTH_KIB, f"{grown} KiB"


def test_is_that_of_one_answer_while_whole_answers_never_end(stage: Stage) -> None:
    endless = [
        trial for _ in range(3) for trial in stage.set_up(ENDLESS[:1]) if not trial.stream and trial.only
    ]
    before = stage.held()
    stage.forget_peak()
    for trial in endless:
        stage.run(stage.play(trial))
    grown = stage.held().peak - before.resident
    assert all(trial.faulty.calls for trial in endless)
    assert grown < 2 * MAX_ANSWER_BYTES // 1024, f"{grown} KiB"
