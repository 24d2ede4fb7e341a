"""Charge numbers of a time: found by halving, with the one that was open when it began and no one beyond its end."""

from datetime import datetime, timedelta

import pytest

from billing import numbers, rollup
from kernel import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db

BASE = clock.now() - timedelta(days=40)


def day(number: int) -> datetime:
    """Return the moment that the events of a number were recorded at."""
    return BASE + timedelta(days=3 * number)


def used(*numbers: int) -> int:
    workspace = rows.workspace()
    for number in numbers:
        rows.settle(workspace, recorded_at=day(number))
        rollup.close(workspace)
    return workspace


def test_the_number_that_was_open_when_a_time_began_is_the_first() -> None:
    workspace = used(*range(1, 9))
    used(1, 8, 8, 8, 8)  # of others nothing counts
    assert numbers.between(workspace, day(3), day(5)) == (2, 6)
    assert numbers.between(workspace, day(3) + timedelta(hours=1), day(5)) == (3, 6)
    assert numbers.between(workspace, day(3), day(5) + timedelta(days=2)) == (2, 6)
    assert numbers.between(workspace, day(3), day(5) + timedelta(days=2, seconds=1)) == (2, 7)


def test_a_time_before_all_and_one_after_all_have_what_may_still_come() -> None:
    workspace = used(*range(1, 9))
    assert numbers.between(workspace, BASE, BASE) == (0, 1)
    assert numbers.between(workspace, clock.now(), clock.now()) == (8, 9)


def test_without_an_account_there_are_none() -> None:
    assert numbers.between(-1, BASE, clock.now()) == (1, 0)
