"""Credit cannot be overdrawn: of 200 requests at once, in two processes, exactly as many begin as it covers."""

import random

import pytest

from tests.billing import overdrawing

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(240)]
ROUNDS = 20


def test_lets_in_exactly_what_the_credit_covers() -> None:
    dice = random.Random(ROUNDS)
    with overdrawing.gates() as pipes:
        played = [overdrawing.play(pipes, dice) for _ in range(ROUNDS)]
    assert [each for each in played if not each.exact] == []
    codes = {code for each in played for code in each.refused}
    assert codes <= {"CREDITS_HELD", "INSUFFICIENT_CREDITS"}
    # Both processes took part, and it was not always all or nothing.
    assert all(sum(each.by_process[place] for each in played) > 0 for place in range(overdrawing.PROCESSES))
    assert any(0 < each.admitted < overdrawing.AT_ONCE for each in played)
