"""How many requests may be tried once more."""

from inference.budget import ALWAYS, RetryBudget


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(budget: RetryBudget) -> int:
    number = 0
    while budget.take():
        number += 1
    return number


def test_a_quiet_site_has_some() -> None:
    assert taken(RetryBudget(clock=Clock())) == ALWAYS


def test_a_busy_site_has_a_fifth_of_its_requests() -> None:
    budget = RetryBudget(clock=Clock())
    for _ in range(1000):
        budget.note_walk()
    assert taken(budget) == 200


def test_it_comes_back_after_ten_seconds() -> None:
    clock = Clock()
    budget = RetryBudget(clock=clock)
    assert taken(budget) == ALWAYS
    clock.now += 9
    assert not taken(budget)
    clock.now += 1
    assert taken(budget) == ALWAYS
