"""Counts of calls: what share was answered, and what that says of a place."""

import pytest

from billing.beats import COUNTS, Beats, State, judge, total
from billing.histograms import ADDED_MS, ERROR, FIRST_BYTE_MS, TOKENS_PER_SECOND


@pytest.mark.parametrize(
    ("made", "failed", "state"),
    [
        (0, 0, State.UNKNOWN),
        (1, 0, State.OPERATIONAL),
        (1, 1, State.OPERATIONAL),  # an accident
        (2, 2, State.DEGRADED),
        (3, 3, State.DOWN),
        (40, 2, State.OPERATIONAL),  # just 95 %
        (39, 2, State.DEGRADED),
        (6, 3, State.DEGRADED),  # just half
        (5, 3, State.DOWN),
        (10_000, 501, State.DEGRADED),
    ],
)
def test_are_judged_by_share_and_number(made: int, failed: int, state: State) -> None:
    assert judge(made, failed) is state


def test_have_the_share_that_was_answered() -> None:
    assert Beats().uptime is None
    assert Beats(checks=5).uptime is None
    assert Beats(calls=8, timeouts=1, rate_limited=1, refused_keys=1, errors=1).uptime == 0.5


def test_let_checks_speak_only_where_nobody_called() -> None:
    assert Beats(checks=3).state is State.OPERATIONAL
    assert Beats(checks=3, checks_failed=2, checks_refused=1).state is State.DOWN
    assert Beats(calls=1, checks=3, checks_failed=3).state is State.OPERATIONAL
    assert Beats(calls=3, errors=3, checks=3).state is State.DOWN


def test_tell_how_soon_answers_began_how_fast_they_were_and_what_was_added() -> None:
    beats = Beats()
    assert (beats.first_byte_ms(), beats.tokens_per_second(), beats.added_ms()) == (None, None, None)
    for scale, counts in (
        (FIRST_BYTE_MS, beats.first_byte),
        (TOKENS_PER_SECOND, beats.speed),
        (ADDED_MS, beats.added),
    ):
        for figure in (20.0, 20.0, 20.0, 900.0):
            counts[scale.bucket(figure)] += 1
    for told in (beats.first_byte_ms, beats.tokens_per_second, beats.added_ms):
        assert [told(), told(0.99)] == pytest.approx([20, 900], rel=ERROR)


def test_add_up() -> None:
    parts = []
    for number in (1, 2):
        part = Beats()
        for place, name in enumerate(COUNTS, start=1):
            setattr(part, name, place * number)
        part.first_byte[number] = part.speed[39] = part.added[3] = number
        parts.append(part)
    parts.append(Beats(first_byte=[0, 5], speed=[]))  # as they are kept: without the empty end
    whole = total(parts)
    assert [getattr(whole, name) for name in COUNTS] == [3 * place for place in range(1, len(COUNTS) + 1)]
    assert whole.first_byte[:4] == [0, 6, 2, 0]
    assert (whole.speed[39], sum(whole.speed)) == (3, 3)
    assert (whole.added[3], sum(whole.added)) == (3, 3)
