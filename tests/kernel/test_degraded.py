"""Degraded modes: which hold is told in one order, with the moment each began, and in one header."""

from kernel import clock, degraded
from kernel.modes import BEAT, DATABASE, MODES, REDIS


def names() -> list[str]:
    return [held.mode.name for held in degraded.current()]


def test_health_says_nothing() -> None:
    assert (names(), degraded.headers()) == ([], [])


def test_the_gravest_is_told_first_and_each_ends_alone() -> None:
    degraded.note(REDIS, held=True)
    degraded.note(DATABASE, held=True)
    assert degraded.headers() == [("X-Tollway-Degraded", "database, redis")]
    degraded.note(DATABASE, held=False)
    assert degraded.headers() == [("X-Tollway-Degraded", "redis")]
    assert degraded.holds(REDIS)
    assert not degraded.holds(DATABASE)


def test_a_mode_that_is_noted_again_began_when_it_was_noted_first() -> None:
    degraded.note(REDIS, held=True)
    noted = clock.now()
    degraded.note(REDIS, held=True)
    [held] = degraded.current()
    assert held.since <= noted


def test_what_others_are_in_is_told_to_people_and_not_in_the_answers_of_this_process() -> None:
    degraded.learn(["beat", "a mode of a later release"])
    assert (names(), degraded.headers()) == (["beat"], [])
    assert not degraded.holds(BEAT)
    degraded.learn([])
    assert names() == []


def test_every_mode_says_what_it_means_how_far_it_goes_and_what_ends_it() -> None:
    for name, mode in MODES.items():
        assert name == mode.name
        assert all([mode.title, mode.callers, mode.operators, mode.bound, mode.heals]), name
