"""How each model fared at each provider over thirty days, and how soon it began to answer: read twice a minute at most."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from kernel import clock
from kernel.kept import kept

from .beats import State, judge
from .histograms import BUCKETS, FIRST_BYTE_MS

__all__ = ["DAYS", "Fared", "Record", "record"]

DAYS = 30
_KEPT_SECONDS = 30.0
_NOW_MINUTES = 30
_FAILED = "timeouts + rate_limited + refused_keys + errors"
# Rows of hours: at most places × 720, read once for all who look.
_BY_DAY = f"""
SELECT provider_id, model_id, begins / 1440, sum(calls)::bigint, sum({_FAILED})::bigint
FROM billing_health WHERE span = 60 AND begins >= %s AND model_id <> 0 GROUP BY 1, 2, 3"""
_LATELY = f"""
SELECT provider_id, model_id, sum(calls)::bigint, sum({_FAILED})::bigint
FROM billing_health WHERE span = 1 AND begins >= %s AND model_id <> 0 GROUP BY 1, 2"""
_FIRST_BYTES = """
SELECT provider_id, model_id, bucket, sum(answers)::bigint
FROM billing_health, unnest(first_byte) WITH ORDINALITY counted (answers, bucket)
WHERE span = 60 AND begins >= %s AND model_id <> 0 GROUP BY 1, 2, 3"""

_Place = tuple[int, int]  # provider, model
_Made = tuple[int, int]  # calls, and failed ones


@dataclass(frozen=True, slots=True)
class Fared:
    """How calls fared: the state of each UTC day, oldest first; the share (0 to 1) answered; the median of first bytes.

    `now` is by the last half hour. What is not known is UNKNOWN or None, never a guess.
    """

    days: tuple[State, ...]
    share: float | None
    first_byte_ms: float | None
    now: State

    @property
    def bad_days(self) -> int:
        """On how many days fewer calls were answered than of a place in health."""
        return sum(day in (State.DEGRADED, State.DOWN) for day in self.days)


class Record:
    """What was counted of every place, at one moment."""

    def __init__(
        self,
        by_day: Mapping[_Place, Mapping[int, _Made]],
        lately: Mapping[_Place, _Made],
        first_bytes: Mapping[_Place, Mapping[int, int]],
        *,
        today: int,
    ) -> None:
        self._by_day, self._lately, self._first_bytes = by_day, lately, first_bytes
        self._today = today

    def of(self, places: Iterable[tuple[int, int]]) -> Fared:
        """Return how calls to places (provider, model) fared together; a failed one counts though another answered."""
        chosen = list(places)
        days: dict[int, list[_Made]] = defaultdict(list)
        for place in chosen:
            for day, made in self._by_day.get(place, {}).items():
                days[day].append(made)
        whole = _sum(made for day in days.values() for made in day)
        span = range(self._today - DAYS + 1, self._today + 1)
        return Fared(
            days=tuple(judge(*_sum(days.get(day, []))) for day in span),
            share=(whole[0] - whole[1]) / whole[0] if whole[0] else None,
            first_byte_ms=FIRST_BYTE_MS.percentile(self._answers(chosen), 0.5),
            now=judge(*_sum(self._lately[place] for place in chosen if place in self._lately)),
        )

    def _answers(self, places: Iterable[_Place]) -> list[int]:
        answers = [0] * BUCKETS
        for place in places:
            for bucket, count in self._first_bytes.get(place, {}).items():
                answers[bucket - 1] += count
        return answers


@kept(_KEPT_SECONDS)
def record() -> Record:
    """Return what was counted, at most half a minute old."""
    minute = clock.minute_number()
    today = minute // clock.MINUTES_PER_DAY
    by_day: dict[_Place, dict[int, _Made]] = defaultdict(dict)
    first_bytes: dict[_Place, dict[int, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY, [(today - DAYS + 1) * clock.MINUTES_PER_DAY])
        for provider, model, day, calls, failed in cursor.fetchall():
            by_day[provider, model][day] = calls, failed
        cursor.execute(_LATELY, [minute - _NOW_MINUTES])
        lately = {(provider, model): (calls, failed) for provider, model, calls, failed in cursor.fetchall()}
        cursor.execute(_FIRST_BYTES, [minute - clock.MINUTES_PER_DAY])
        for provider, model, bucket, count in cursor.fetchall():
            first_bytes[provider, model][bucket] = count
    return Record(by_day, lately, first_bytes, today=today)


def _sum(made: Iterable[_Made]) -> _Made:
    calls = failed = 0
    for each in made:
        calls, failed = calls + each[0], failed + each[1]
    return calls, failed
