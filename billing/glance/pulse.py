"""How upstreams answered in a span and before it: by the counts that every process keeps of its calls, by the hour."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.beats import Beats, total
from billing.health import HOURS_KEPT
from kernel import clock
from kernel.replica import reading

from .span import Span

__all__ = ["Pulse", "added_ms", "first_token_ms", "pulse"]

_TAIL = 0.95
# The counts of a row are read beside its histograms, whose buckets are told apart by a hundred.
_CALLS, _FAILURES, _ADDED = 0, -1, 100
_BUCKETS = f"""
        SELECT bucket, number FROM unnest(h.first_byte) WITH ORDINALITY counted (number, bucket)
        UNION ALL SELECT {_ADDED} + bucket, number FROM unnest(h.added) WITH ORDINALITY counted (number, bucket)"""
# Hours are whole: the one in which the moment before lies counts from its beginning to its end.
_READ = f"""
SELECT side, slot, provider_id, bucket, sum(number)::bigint FROM (
    SELECT 0 AS side, (begins - %(begins)s) / %(minutes)s AS slot, provider_id, b.bucket, b.number
    FROM billing_health h CROSS JOIN LATERAL ({_BUCKETS}
        UNION ALL VALUES ({_CALLS}, h.calls),
            ({_FAILURES}, h.timeouts + h.rate_limited + h.refused_keys + h.errors)) b (bucket, number)
    WHERE h.span = 60 AND h.model_id = 0 AND h.begins >= %(begins)s
    UNION ALL
    SELECT 1, 0, 0, b.bucket, b.number
    FROM billing_health h CROSS JOIN LATERAL ({_BUCKETS}) b (bucket, number)
    WHERE h.span = 60 AND h.model_id = 0
        AND h.begins >= %(begins)s - %(back)s AND h.begins <= %(until)s - %(back)s) counted
WHERE number > 0
GROUP BY GROUPING SETS ((side, slot, bucket), (side, provider_id, bucket))"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """All calls of the span and of the time before, by slot and by upstream.

    `kept` tells whether the time before is kept as far back as it is asked for.
    """

    now: Beats
    before: Beats
    kept: bool
    slots: tuple[Beats, ...]
    providers: Mapping[int, Beats]


def first_token_ms(beats: Beats) -> float | None:
    """Return the milliseconds to the first token that 95 of 100 answers do not exceed; None where nothing answered."""
    return beats.first_byte_ms(_TAIL)


def added_ms(beats: Beats) -> float | None:
    """Return the milliseconds that Tollway adds to half of the answers at most; None where nothing answered."""
    return beats.added_ms()


def pulse(span: Span) -> Pulse:
    """Return how upstreams answered, true within `histograms.ERROR`."""
    slots: dict[int, Beats] = {}
    providers: dict[int, Beats] = {}
    before = Beats()
    with reading() as cursor:
        cursor.execute(_READ, _values(span))
        for side, slot, provider, bucket, number in cursor.fetchall():
            if side == 1:
                if slot is not None:
                    _count(before, bucket, number)
            elif slot is not None:
                _count(slots.setdefault(slot, Beats()), bucket, number)
            else:
                _count(providers.setdefault(provider, Beats()), bucket, number)
    return Pulse(
        now=total(providers.values()),
        before=before,
        kept=span.back * 2 <= HOURS_KEPT,
        slots=tuple(slots.get(slot, Beats()) for slot in range(span.slots)),
        providers=providers,
    )


def _count(beats: Beats, bucket: int, number: int) -> None:
    if bucket == _CALLS:
        beats.calls += number
    elif bucket == _FAILURES:
        beats.errors += number
    elif bucket > _ADDED:
        beats.added[bucket - _ADDED - 1] += number
    else:
        beats.first_byte[bucket - 1] += number


def _values(span: Span) -> dict[str, int]:
    now = clock.minute_number(span.now.timestamp())
    return {
        "begins": clock.minute_number(span.begins.timestamp()),
        "until": now - now % 60,
        "back": int(span.back.total_seconds()) // 60,
        "minutes": 60 if span.by_hour else clock.MINUTES_PER_DAY,
    }
