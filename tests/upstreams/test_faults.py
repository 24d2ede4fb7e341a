"""Faults of upstreams."""

import pytest

from tests.upstreams.catalogue import CASES
from tests.upstreams.promises import quiet
from tests.upstreams.stage import Stage
from tests.upstreams.trial import Trial

# The first test waits for all of them, which a busy machine may need longer for than for one.
pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(900)]

NAMES = [
    f"{case.id}-{mode}-{place}"
    for case in CASES
    for mode in ("plain", "stream")
    for place in ("first", "only")
]


@pytest.fixture(scope="module")
def played(stage: Stage, request: pytest.FixtureRequest) -> dict[str, Trial]:
    """All trials that this run asks for, played at the same time: nearly all of them wait nearly all of the time."""
    calls = (getattr(item, "callspec", None) for item in request.session.items)
    wanted = {call.params.get("name") for call in calls if call is not None}
    cases = [case for case in CASES if any(str(name).startswith(f"{case.id}-") for name in wanted)]
    trials = {trial.id: trial for trial in stage.set_up(cases) if trial.id in wanted}
    stage.run(stage.play_all(trials.values()))
    return trials


@pytest.mark.parametrize("name", NAMES)
def test_reach_the_caller_as_an_answer_or_a_mapped_error(
    stage: Stage, played: dict[str, Trial], name: str
) -> None:
    stage.check(played[name])
    assert played[name].complaints == []


def test_leave_nothing_held(stage: Stage, played: dict[str, Trial]) -> None:
    assert list(quiet(stage.who)) == []
