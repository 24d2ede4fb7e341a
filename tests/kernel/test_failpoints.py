"""Failpoints: nothing where nobody armed them, and what the test says where one did."""

from collections.abc import Iterator

import pytest

from kernel import failpoints
from kernel.failpoints import failpoint


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


def test_do_nothing_in_a_process_that_nobody_armed() -> None:
    failpoint("a.place")


def test_tell_which_was_reached() -> None:
    reached: list[str] = []
    failpoints.arm(reached.append)
    failpoint("a.place")
    failpoint("another.place")
    failpoints.arm(None)
    failpoint("a.third")
    assert reached == ["a.place", "another.place"]


def test_let_through_what_the_test_raises() -> None:
    def fail(name: str) -> None:
        raise RuntimeError(name)

    failpoints.arm(fail)
    with pytest.raises(RuntimeError, match=r"a\.place"):
        failpoint("a.place")
