"""What comes of the calls to providers: counted in the process, written every two seconds, never on a request's way."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg
import structlog
from django.db import connection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from kernel import clock

from .beats import COUNTS, HISTOGRAMS, Beats, total
from .histograms import ADDED_MS, FIRST_BYTE_MS, TOKENS_PER_SECOND
from .vitals import PROVIDER, Health, Vitals

__all__ = ["LEAST_TOKENS", "Checked", "Pulse", "claim_quiet", "drop_old", "kind_of", "note_checks"]

log = structlog.get_logger()

EVERY_SECONDS = 2.0
LEAST_TOKENS = 10
"""Answers of fewer output tokens say nothing of a provider's speed."""
QUIET_MINUTES = 5
"""A provider that nobody called for so long is asked how it is."""
MODEL_MINUTES_KEPT, MINUTES_KEPT, HOURS_KEPT = timedelta(hours=2), timedelta(days=2), timedelta(days=30)
_MOST_PLACES = 20_000
_ROWS_PER_CALL = 50_000
_POOL_SECONDS = 2.0

_KINDS: Mapping[str, str | None] = {
    "timeout": "timeouts",
    "connect_timeout": "timeouts",
    "rate_limited": "rate_limited",
    "status_429": "rate_limited",
    "refused_key": "refused_keys",
    "status_401": "refused_keys",
    "status_402": "refused_keys",
    "status_403": "refused_keys",
    "keys_aside": "refused_keys",
    # Nobody was called: the request needs what the dialect has no words for, or the place is left alone for a while.
    "unsupported": None,
    "open": None,
    "own_key_unreadable": None,
}
# Rows come in order, so that two processes cannot lock each other's crosswise.
_WRITE = f"""
INSERT INTO billing_health AS kept (span, begins, provider_id, model_id, {", ".join(COUNTS + HISTOGRAMS)})
SELECT span, begins, provider_id, model_id, {", ".join(COUNTS)}, {
    ", ".join(f"{name}::int[]" for name in HISTOGRAMS)
}
FROM unnest(%s::smallint[], %s::int[], %s::bigint[], %s::bigint[], {
    ", ".join(("%s::bigint[]",) * len(COUNTS) + ("%s::text[]",) * len(HISTOGRAMS))
})
  noted (span, begins, provider_id, model_id, {", ".join(COUNTS + HISTOGRAMS)})
ON CONFLICT (span, begins, provider_id, model_id) DO UPDATE SET
  {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in COUNTS)},
  {
    ", ".join(
        f'''{name} = (SELECT coalesce(array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY bucket), '{{}}')
    FROM unnest(kept.{name}, excluded.{name}) WITH ORDINALITY sums (a, b, bucket))'''
        for name in HISTOGRAMS
    )
}"""

_CLAIM = """
INSERT INTO billing_health_check AS kept (provider_id, minute_no)
SELECT provider_id, %s FROM unnest(%s::bigint[]) asked (provider_id)
WHERE NOT EXISTS (SELECT FROM billing_health h WHERE h.span = 1 AND h.provider_id = asked.provider_id
                  AND h.model_id = %s AND h.begins >= %s AND h.calls > 0)
ON CONFLICT (provider_id) DO UPDATE SET minute_no = excluded.minute_no WHERE kept.minute_no < excluded.minute_no
RETURNING provider_id"""

_Place = tuple[int, int, int]  # minute, provider, model
_Row = tuple[int, int, int, int]  # span in minutes, its first minute, provider, model


class Pulse:
    """The health that one process sees and knows: notes its own calls, and keeps a copy of what all processes wrote."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._noted: dict[_Place, Beats] = {}
        self._vitals = Vitals(pool)
        self._end = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def health(self) -> Health:
        """The copy, about 10 s old; empty until the first was read, and when none could be for 5 minutes."""
        return self._vitals.current

    def start(self) -> None:
        """Begin to write and to read."""
        self._tasks = [
            asyncio.create_task(self._run(), name="health"),
            asyncio.create_task(self._vitals.watch(), name="vitals"),
        ]

    async def stop(self) -> None:
        """Write what is left, and end."""
        self._end.set()
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def answered(
        self,
        *,
        provider_id: int,
        model_id: int,
        first_byte_ms: int | None,
        output_tokens: int,
        seconds: float,
        added_ms: float | None = None,
    ) -> None:
        """Count a call that was answered to its end.

        `first_byte_ms` is from the sending to the first event of a stream, or to the whole answer of what never
        streams (embeddings, rerank, images); None for a chat that was asked for whole, which tells nothing of it.
        `seconds` is what the output tokens took: from the first event to the last, or the whole call. `added_ms` is what
        passed until the first event, or the whole answer, beside the calls to providers.
        """
        beats = self._beats(provider_id, model_id)
        if beats is None:
            return
        beats.calls += 1
        if first_byte_ms is not None:
            beats.first_byte[FIRST_BYTE_MS.bucket(first_byte_ms)] += 1
        if added_ms is not None:
            beats.added[ADDED_MS.bucket(added_ms)] += 1
        if output_tokens >= LEAST_TOKENS and seconds > 0:
            beats.speed[TOKENS_PER_SECOND.bucket(output_tokens / seconds)] += 1

    def failed(self, *, provider_id: int, model_id: int, outcome: str) -> None:
        """Count a call that brought nothing, or broke off; `outcome` as the list of attempts has it.

        Not for what is a caller's own fault: a bad request, or a key of the caller's own that the provider refused.
        """
        kind = kind_of(outcome)
        beats = self._beats(provider_id, model_id) if kind is not None else None
        if beats is not None and kind is not None:
            beats.calls += 1
            setattr(beats, kind, getattr(beats, kind) + 1)

    async def write(self) -> None:
        """Write what is noted. What cannot reach the database waits; what may have reached it is not sent twice."""
        if not self._noted:
            return
        try:
            async with self._pool.connection(timeout=_POOL_SECONDS) as connection:
                noted, self._noted = self._noted, {}
                await connection.execute(_WRITE.encode(), _parameters(_rows(noted)))
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("health not written", error=type(error).__name__)

    def _beats(self, provider_id: int, model_id: int) -> Beats | None:
        place = (clock.minute_number(), provider_id, model_id)
        beats = self._noted.get(place)
        if beats is None and len(self._noted) < _MOST_PLACES:
            beats = self._noted[place] = Beats()
        return beats

    async def _run(self) -> None:
        ending = False
        while not ending:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    ending = await self._end.wait()
            await self.write()


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one check of a provider: it answered, refused our key, or did neither."""

    provider_id: int
    outcome: Literal["ok", "refused_key", "failed"]


def kind_of(outcome: str) -> str | None:
    """Return the column that counts an outcome of a failed attempt; None if it says nothing of the provider."""
    return _KINDS.get(outcome, "errors")


def note_checks(checks: Iterable[Checked], minute: int) -> None:
    """Write what came of checks made in a minute since 1970, with Django's connection."""
    noted: dict[_Place, Beats] = {}
    for check in checks:
        beats = noted.setdefault((minute, check.provider_id, PROVIDER), Beats())
        beats.checks += 1
        beats.checks_failed += check.outcome == "failed"
        beats.checks_refused += check.outcome == "refused_key"
    if noted:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, _parameters(_rows(noted)))


def claim_quiet(providers: Iterable[int], minute: int) -> set[int]:
    """Return those of the providers that nobody called for 5 minutes and that no other worker checks this minute.

    `minute` is since 1970. Whoever gets a provider is the one to check it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [minute, sorted(set(providers)), PROVIDER, minute - QUIET_MINUTES])
        return {row[0] for row in cursor.fetchall()}


def drop_old(now: datetime) -> int:
    """Delete what is kept no longer, at most 50,000 rows of each kind a call; return how many."""
    minute = clock.minute_number(now.timestamp())
    kinds = (
        ("span = 1 AND model_id <> 0", MODEL_MINUTES_KEPT),
        ("span = 1", MINUTES_KEPT),
        ("span = 60", HOURS_KEPT),
    )
    dropped = 0
    with connection.cursor() as cursor:
        for condition, kept in kinds:
            cursor.execute(
                f"""DELETE FROM billing_health WHERE ctid = ANY (ARRAY(
                       SELECT ctid FROM billing_health WHERE {condition} AND begins < %s LIMIT %s))""",
                [minute - kept // timedelta(minutes=1), _ROWS_PER_CALL],
            )
            dropped += cursor.rowcount
    return dropped


def _rows(noted: Mapping[_Place, Beats]) -> dict[_Row, Beats]:
    """Return what is added to which row: each place counts for its minute and hour, and for its provider's."""
    minutes: dict[_Row, Beats] = {}
    for (minute, provider, model), beats in noted.items():
        minutes[1, minute, provider, model] = beats
        if model != PROVIDER:
            minutes.setdefault((1, minute, provider, PROVIDER), Beats()).add(beats)
    hours: dict[_Row, list[Beats]] = defaultdict(list)
    for (_, minute, provider, model), beats in minutes.items():
        hours[60, minute - minute % 60, provider, model].append(beats)
    return minutes | {row: parts[0] if len(parts) == 1 else total(parts) for row, parts in hours.items()}


def _parameters(rows: Mapping[_Row, Beats]) -> list[list[Any]]:
    places = sorted(rows)
    return [
        *([place[number] for place in places] for number in range(4)),
        *([getattr(rows[place], name) for place in places] for name in COUNTS),
        *([_literal(getattr(rows[place], name)) for place in places] for name in HISTOGRAMS),
    ]


def _literal(counts: Sequence[int]) -> str:
    """Return an array as PostgreSQL reads it, without the empty buckets at its end."""
    end = len(counts)
    while end and not counts[end - 1]:
        end -= 1
    return "{" + ",".join(map(str, counts[:end])) + "}"
