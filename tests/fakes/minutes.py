"""Minutes of UTC, by which tries are counted: what is played within one of them."""

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["within_one_minute"]

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
