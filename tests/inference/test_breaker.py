"""Leaving an upstream alone."""

from inference.breaker import Breaker

HERE, THERE = (1, "m"), (1, "other")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(clock=clock)
    for _ in range(5):
        assert breaker.allows(HERE)
        breaker.failed(HERE)
    return breaker


def test_opens_after_five_failures_in_a_row() -> None:
    breaker = broken(Clock())
    assert not breaker.allows(HERE)
    assert breaker.allows(THERE)


def test_begins_anew_after_a_success() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(4):
            breaker.failed(HERE)
        breaker.succeeded(HERE)
    assert breaker.allows(HERE)


def test_lets_one_probe_through_after_a_minute() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 59.9
    assert not breaker.allows(HERE)
    clock.now += 0.2
    assert [breaker.allows(HERE) for _ in range(100)].count(True) == 1


def test_closes_when_the_probe_succeeds() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 61
    assert breaker.allows(HERE)
    breaker.succeeded(HERE)
    assert breaker.allows(HERE)
    assert breaker.allows(HERE)


def test_stays_open_another_minute_when_the_probe_fails() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 61
    assert breaker.allows(HERE)
    breaker.failed(HERE)
    clock.now += 59
    assert not breaker.allows(HERE)
    clock.now += 2
    assert breaker.allows(HERE)


def test_probes_again_when_the_probe_ended_without_a_verdict() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 61
    assert breaker.allows(HERE)
    breaker.unknown(HERE)
    assert breaker.allows(HERE)


def test_waits_as_long_as_it_was_asked_to_but_a_minute_at_most() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    breaker.asked_to_wait(HERE, 3600)
    breaker.asked_to_wait(THERE, 2)
    assert not breaker.allows(HERE)
    clock.now += 3
    assert breaker.allows(THERE)
    clock.now += 58
    assert breaker.allows(HERE)


def test_does_not_count_being_asked_to_wait_as_failure() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(9):
        breaker.asked_to_wait(HERE, 1)
    clock.now += 2
    assert breaker.allows(HERE)
