"""One seed makes load and kills: the same again, another for another seed, in the shares that were promised."""

from collections import Counter

import pytest

from .asked import STREAMS, WORKSPACES, drawn
from .kills import planned


def test_makes_the_same_of_the_same_seed_and_another_of_another() -> None:
    assert drawn(seed=1, requests=200, seconds=10) == drawn(seed=1, requests=200, seconds=10)
    assert drawn(seed=1, requests=200, seconds=10) != drawn(seed=2, requests=200, seconds=10)
    assert planned(seed=1, kills=60, seconds=600) == planned(seed=1, kills=60, seconds=600)
    assert planned(seed=1, kills=60, seconds=600) != planned(seed=2, kills=60, seconds=600)


def test_draws_streams_and_workspaces_in_their_shares_and_marks_each_request() -> None:
    asked = drawn(seed=1, requests=4_000, seconds=100)
    assert sum(one.stream for one in asked) / len(asked) == pytest.approx(STREAMS, abs=0.03)
    assert {one.workspace for one in asked} == set(range(WORKSPACES))
    assert len({one.marker for one in asked}) == len(asked)
    assert all(one.prompt.startswith(f"{one.marker} ") for one in asked)
    assert all(one.stream for one in asked if one.hang_up_after is not None)
    assert [one.due for one in asked] == sorted(one.due for one in asked)
    assert asked[-1].due < 100


def test_kills_web_and_celery_a_third_each_and_the_engines_a_sixth_each() -> None:
    plan = planned(seed=1, kills=60, seconds=600)
    parts = Counter(one.part for one in plan)
    assert parts == {"web": 20, "worker": 15, "beat": 5, "postgres": 10, "valkey": 10}
    assert [one.due for one in plan] == sorted(one.due for one in plan)
    assert 0 <= plan[0].due <= plan[-1].due < 600
