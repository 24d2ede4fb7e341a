"""How made-up requests lie in time: fewer at night and at weekends, more each week, and in bursts of one kind."""

import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate

from billing import sums
from kernel import clock

__all__ = ["Spread", "bursts", "within"]

_BY_HOUR = (3, 2, 2, 2, 2, 3, 5, 8, 12, 15, 16, 16, 15, 16, 17, 17, 16, 14, 11, 9, 7, 6, 5, 4)
_WEEKEND = 0.45
_GROWTH_PER_DAY = 1.006
_BURST = 14
"""How many requests of one kind come together on average."""
_GAP_SECONDS = (2, 40)
_MS_PER_QUARTER = 900_000


class Spread:
    """The UTC days of a span up to this moment, each with its share of the requests and its quarters of an hour."""

    def __init__(self, days: int, now: datetime) -> None:
        today = clock.utc_day(now)
        self.days = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
        self._ends_ms = int(now.timestamp() * 1000)
        self._quarters = {day: self._weights(day) for day in self.days}
        passed = list(
            accumulate(sum(self._quarters[day]) * _size(place, day) for place, day in enumerate(self.days))
        )
        self._passed = [0.0, *(each / passed[-1] for each in passed)]

    def share(self, place: int, requests: int) -> int:
        """Return how many of so many requests fall on the day of that place; over all days the sum is exact."""
        return round(requests * self._passed[place + 1]) - round(requests * self._passed[place])

    def begins_ms(self, day: date) -> int:
        """Return the first millisecond of a UTC day since 1970."""
        return sums.first_minute(day) * 60_000

    def ends_ms(self, day: date) -> int:
        """Return the millisecond after the day's last, or after the present one."""
        return min(self.begins_ms(day) + sums.QUARTERS_PER_DAY * _MS_PER_QUARTER, self._ends_ms)

    def moments(self, day: date, dice: random.Random) -> Iterator[int]:
        """Yield milliseconds since 1970 at which something may begin, without end."""
        passed = list(accumulate(self._quarters[day]))
        begins, ends = self.begins_ms(day), self.ends_ms(day)
        while True:
            quarter = bisect_right(passed, dice.random() * passed[-1])
            begun = begins + min(quarter, sums.QUARTERS_PER_DAY - 1) * _MS_PER_QUARTER
            yield min(begun + dice.randrange(_MS_PER_QUARTER), ends - 1)

    def _weights(self, day: date) -> list[float]:
        reached = self._ends_ms - self.begins_ms(day)
        # Of the present day only what has passed of it; its first quarter counts from its first moment.
        return [
            _BY_HOUR[quarter // 4] * max(0.0, min(1.0, reached / _MS_PER_QUARTER - quarter))
            for quarter in range(sums.QUARTERS_PER_DAY)
        ]


def bursts(requests: int, dice: random.Random) -> Iterator[int]:
    """Yield the lengths of bursts that come to so many requests."""
    while requests > 0:
        length = min(requests, 1 + int(dice.expovariate(1 / _BURST)))
        yield length
        requests -= length


def within(begun_ms: int, length: int, ends_ms: int, dice: random.Random) -> Iterator[int]:
    """Yield the moments of a burst, in milliseconds since 1970; what would come after `ends_ms` has come before."""
    least, most = (1000 * seconds for seconds in _GAP_SECONDS)
    gap = dice.randint(least, most)
    for place in range(length):
        at = begun_ms + place * gap + dice.randrange(gap)
        yield at if at < ends_ms else begun_ms - dice.randrange(gap)


def _size(place: int, day: date) -> float:
    return _GROWTH_PER_DAY**place * (_WEEKEND if day.weekday() >= 5 else 1)
