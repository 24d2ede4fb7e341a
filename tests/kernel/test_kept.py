"""What is kept for a moment: read once, and anew when its time is over or it is dropped."""

import pytest

from kernel import kept as module
from kernel.kept import Kept, kept


class Clock:
    """Time that goes on when it is told to."""

    now = 1_000.0

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The only clock that what is kept looks at."""
    own = Clock()
    monkeypatch.setattr(module, "time", own)
    return own


def counted() -> tuple[Kept[[int], str], list[int]]:
    """Return a function that is kept for half a minute, and what it was really asked."""
    asked: list[int] = []

    @kept(30.0)
    def read(number: int) -> str:
        """Tell a number."""
        asked.append(number)
        return f"{number} for the {len(asked)}. time"

    return read, asked


def test_is_read_once_until_its_time_is_over(clock: Clock) -> None:
    read, asked = counted()
    assert read(7) == read(7) == "7 for the 1. time"
    clock.now += 29.9
    assert read(7) == "7 for the 1. time"
    clock.now += 0.1
    assert read(7) == "7 for the 2. time"
    assert asked == [7, 7]


def test_of_other_arguments_is_another(clock: Clock) -> None:
    read, asked = counted()
    assert [read(7), read(8), read(7)] == ["7 for the 1. time", "8 for the 2. time", "7 for the 1. time"]
    assert asked == [7, 8]


def test_is_dropped_at_once(clock: Clock) -> None:
    read, _ = counted()
    read(7)
    read.forget()
    assert read(7) == "7 for the 2. time"


def test_is_not_kept_where_reading_failed(clock: Clock) -> None:
    failing = [True]

    @kept(30.0)
    def read() -> str:
        if failing:
            raise OSError(failing.pop())
        return "read"

    with pytest.raises(OSError, match="True"):
        read()
    assert read() == "read"


def test_says_what_it_does_like_the_function_itself() -> None:
    read, _ = counted()
    assert read.__doc__ == "Tell a number."
