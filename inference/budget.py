"""How many requests may be tried once more: a share of all, so that a provider in trouble is not flooded with repeats."""

import time
from collections import deque
from collections.abc import Callable

__all__ = ["RetryBudget"]

WINDOW_SECONDS = 10
SHARE = 0.2
ALWAYS = 10
"""Second passes that a window allows whatever the traffic, so that a quiet site repeats too."""


class RetryBudget:
    """The second passes of one process. Going on to the next hop is no repeat: it asks somebody else."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slices: deque[list[int]] = deque()

    def note_walk(self) -> None:
        """Count a request that begins its walk."""
        self._present()[1] += 1

    def take(self) -> bool:
        """Take one repeat, if the last ten seconds leave one."""
        present = self._present()
        walks = sum(walks for _, walks, _ in self._slices)
        repeats = sum(repeats for _, _, repeats in self._slices)
        if repeats >= max(ALWAYS, SHARE * walks):
            return False
        present[2] += 1
        return True

    def _present(self) -> list[int]:
        now = int(self._clock())
        while self._slices and self._slices[0][0] <= now - WINDOW_SECONDS:
            self._slices.popleft()
        if not self._slices or self._slices[-1][0] != now:
            self._slices.append([now, 0, 0])
        return self._slices[-1]
