"""What was read a moment ago and serves still: one reading for all who ask meanwhile, in this process."""

import functools
import time
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

__all__ = ["Kept", "kept"]

P = ParamSpec("P")
T = TypeVar("T")


class Kept(Generic[P, T]):
    """A function whose answer is kept for some seconds, one for each set of positional arguments it is called with.

    Nothing but time and `forget` lets one go: whoever calls it bounds what it is called with.
    """

    def __init__(self, read: Callable[P, T], seconds: float) -> None:
        functools.update_wrapper(self, read)
        self._read = read
        self._seconds = seconds
        self._answers: dict[object, tuple[float, T]] = {}

    def __call__(self, *args: P.args, **named: P.kwargs) -> T:
        """Return the answer that is kept, or read it anew."""
        now = time.monotonic()
        known = self._answers.get(args)
        if known is None or known[0] <= now:
            known = self._answers[args] = now + self._seconds, self._read(*args, **named)
        return known[1]

    def forget(self) -> None:
        """Drop what is kept."""
        self._answers.clear()


def kept(seconds: float) -> Callable[[Callable[P, T]], Kept[P, T]]:
    """Return what makes a function keep its answers so long."""
    return lambda read: Kept(read, seconds)
