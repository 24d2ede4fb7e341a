"""Minutes of UTC, by which tries are counted: what is played within one of them."""

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Turns", "within_one_minute"]

MOST_PLAYED = 5
T = TypeVar("T")


def within_one_minute(play: Callable[[], T]) -> T:
    """Return what a play that began and ended in one minute of UTC returned; play again where a minute ended in it.

    Each time it must count under another name. A machine on which it takes minutes fails.
    """
    for _ in range(MOST_PLAYED):
        minute = int(time.time()) // 60
        played = play()
        if int(time.time()) // 60 == minute:
            return played
    raise AssertionError(f"{MOST_PLAYED} times a minute ended meanwhile")


class Turns:
    """What a person may do so often in a minute; once more waits for the next minute."""

    def __init__(self, a_minute: int) -> None:
        self._left = self._most = a_minute - 1  # a turn of the end of a minute may be counted in the next
        self._minute = 0

    def take(self) -> None:
        """Wait until it is allowed."""
        if self._now() == self._minute and not self._left:
            time.sleep((self._minute + 1) * 60 - time.time())
        if self._now() != self._minute:
            self._minute, self._left = self._now(), self._most
        self._left -= 1

    @staticmethod
    def _now() -> int:
        return int(time.time()) // 60
