"""Leaving an upstream alone."""

import pytest

from inference.breaker import Breaker, Place

HERE, THERE = (1, "m"), (1, "other")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def allows(breaker: Breaker, place: Place) -> bool:
    """Tell whether a request gets in, and begin the probe if it is one."""
    verdict = breaker.verdict(place)
    if verdict == "probe":
        breaker.begin_probe(place)
    return verdict != "open"


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(clock=clock)
    for _ in range(5):
        assert allows(breaker, HERE)
        breaker.failed(HERE)
    return breaker


def test_opens_after_five_failures_in_a_row() -> None:
    breaker = broken(Clock())
    assert not allows(breaker, HERE)
    assert allows(breaker, THERE)


def test_begins_anew_after_a_success() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(4):
            breaker.failed(HERE)
        breaker.succeeded(HERE)
    assert allows(breaker, HERE)


def test_lets_one_probe_through_after_a_minute() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 59.9
    assert not allows(breaker, HERE)
    clock.now += 0.2
    assert [allows(breaker, HERE) for _ in range(100)].count(True) == 1


def test_closes_when_the_probe_succeeds() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 61
    assert allows(breaker, HERE)
    breaker.succeeded(HERE)
    assert allows(breaker, HERE)
    assert allows(breaker, HERE)


def test_stays_open_another_minute_when_the_probe_fails() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 61
    assert allows(breaker, HERE)
    breaker.failed(HERE)
    clock.now += 59
    assert not allows(breaker, HERE)
    clock.now += 2
    assert allows(breaker, HERE)


def test_probes_again_when_the_probe_ended_without_a_verdict() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 61
    assert allows(breaker, HERE)
    breaker.unknown(HERE)
    assert allows(breaker, HERE)


def test_waits_as_long_as_it_was_asked_to_but_a_minute_at_most() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    breaker.asked_to_wait(HERE, 3600)
    breaker.asked_to_wait(THERE, 2)
    assert not allows(breaker, HERE)
    clock.now += 3
    assert allows(breaker, THERE)
    clock.now += 58
    assert allows(breaker, HERE)


def test_does_not_count_being_asked_to_wait_as_failure() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(9):
        breaker.asked_to_wait(HERE, 1)
    clock.now += 2
    assert allows(breaker, HERE)


def test_opens_when_more_than_half_of_twenty_calls_failed() -> None:
    breaker = Breaker(clock=Clock())
    for _ in range(10):
        breaker.failed(HERE)
        assert allows(breaker, HERE)
        breaker.succeeded(HERE)
    breaker.failed(HERE)  # 11 of 21
    assert not allows(breaker, HERE)


def test_bears_with_one_that_fails_half_of_the_time() -> None:
    breaker = Breaker(clock=Clock())
    for _ in range(50):
        breaker.failed(HERE)
        breaker.succeeded(HERE)
    assert allows(breaker, HERE)


def test_forgets_failures_after_half_a_minute() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(4):
        for _ in range(4):
            breaker.failed(HERE)
        breaker.succeeded(HERE)
        clock.now += 40
    assert allows(breaker, HERE)


def test_tells_what_it_found_out() -> None:
    told: list[tuple[Place, float, bool]] = []
    clock = Clock()
    breaker = Breaker(clock=clock, changed=lambda *news: told.append(news))
    breaker.asked_to_wait(THERE, 7)
    for _ in range(5):
        breaker.failed(HERE)
    clock.now += 61
    breaker.succeeded(HERE)
    assert told == [(THERE, 7, False), (HERE, 60, True), (HERE, 0, True)]


@pytest.mark.parametrize("tripped", [False, True])
def test_takes_over_what_it_hears(tripped: bool) -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    breaker.heard(HERE, 10, tripped=tripped)
    assert breaker.verdict(HERE) == "open"
    clock.now += 11
    assert breaker.verdict(HERE) == ("probe" if tripped else "closed")
    breaker.heard(HERE, 0, tripped=True)
    assert breaker.verdict(HERE) == "closed"
