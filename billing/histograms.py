"""Counts of figures by size, small enough to keep for every minute: percentiles of them are true within 14 %."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["ADDED_MS", "BUCKETS", "ERROR", "FIRST_BYTE_MS", "GROWTH", "TOKENS_PER_SECOND", "Scale"]

BUCKETS = 40
GROWTH = 1.3
ERROR = math.sqrt(GROWTH) - 1
"""How far a percentile may be from the figure it stands for, as a share of it: 0.1402, within the scale's ends."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Buckets that each reach 1.3 times as far as the one before; the first begins at 0, the last has no end."""

    least: float
    _log_least: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_log_least", math.log(self.least))

    def bucket(self, figure: float) -> int:
        """Return the number of the bucket that a figure belongs in."""
        if figure < self.least:
            return 0
        return min(BUCKETS - 1, 1 + int((math.log(figure) - self._log_least) / _LOG_GROWTH))

    def percentile(self, counts: Sequence[int], share: float) -> float | None:
        """Return the figure that a share (0 to 1) of what is counted does not exceed, or None where nothing is counted.

        Within `ERROR` of it from `least` up to the last bucket, and never more than `least` wrong below.
        """
        rank = max(1, math.ceil(share * sum(counts)))
        seen = 0
        for number, count in enumerate(counts):
            seen += count
            if seen >= rank:
                return self._middle(number)
        return None

    def _middle(self, bucket: int) -> float:
        # The geometric middle is as far, as a share, from the one end of the bucket as from the other.
        return self.least * GROWTH ** (bucket - 0.5) if bucket else self.least


_LOG_GROWTH = math.log(GROWTH)
FIRST_BYTE_MS = Scale(5.0)
"""Milliseconds: told apart from 5 ms to 139 s."""
TOKENS_PER_SECOND = Scale(0.5)
"""Output tokens a second: told apart from 0.5 to 13,900."""
ADDED_MS = Scale(0.1)
"""Milliseconds that Tollway adds: told apart from 0.1 ms to 2.8 s."""
