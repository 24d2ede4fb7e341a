"""What was told already of a catalogue and holds until its next border in time: a change of the minute, or a dated one."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Told"]

MOST = 20_000
"""Answers kept at a time; beyond them all are forgotten."""
T = TypeVar("T")


class _Stretch(NamedTuple, Generic[T]):
    since: datetime
    until: datetime
    answers: dict[Hashable, T]


class Told(Generic[T]):
    """Answers to questions that have one answer between two of the borders, and within one minute.

    Several threads may ask: whoever finds its answer keeps it in the stretch it asked in, which may be over by then.
    """

    def __init__(self, borders: Iterable[datetime]) -> None:
        self._borders = sorted(set(borders))
        never = datetime.min.replace(tzinfo=UTC)
        self._now: _Stretch[T] = _Stretch(never, never, {})

    def at(self, moment: datetime) -> dict[Hashable, T]:
        """Return the answers that hold at a moment, where those that are found for it are kept."""
        now = self._now
        if not now.since <= moment < now.until or len(now.answers) >= MOST:
            now = self._now = self._stretch(moment)
        return now.answers

    def _stretch(self, moment: datetime) -> _Stretch[T]:
        minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
        place = bisect_right(self._borders, moment)
        begun, coming = self._borders[:place][-1:], self._borders[place : place + 1]
        return _Stretch(max([minute, *begun]), min([minute + timedelta(minutes=1), *coming]), {})
