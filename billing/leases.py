"""Whose leases are left behind: the open requests of a dead worker end as events, charged by their last checkpoint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction

from billing import pinned
from billing.models import UsageEvent
from billing.settlement import SETTLE, Settlement, parameters
from catalog import pricing
from kernel.failpoints import failpoint

__all__ = ["forget_workers", "reap"]

log = structlog.get_logger()

_BATCH = 500
_PAGES = 20
_LOCK_MILLISECONDS = 500
_LONGEST = 2**31 - 1  # milliseconds, the width of the column
_REMEMBERED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Left:
    """A lease that its worker left: what is needed to end its request."""

    request_id: UUID
    workspace_id: int
    model_id: int
    provider_id: int
    price_version_id: int
    multipliers: str
    hold: int
    admitted_at: datetime
    first_byte_at: datetime | None
    input_tokens: int
    output_tokens: int


def reap(now: datetime) -> int:
    """End open requests whose worker is silent for WORKER_SILENCE_SECONDS, or unknown; return how many (at most 500).

    What was delivered up to the last checkpoint is charged; a request that delivered nothing is free. The lease's
    deletion decides between two reapers, and between a reaper and a worker that wakes: that one then writes the
    difference as revision 1. A lease that cannot be priced stays, for the audit to name, and stops no other, unless
    10,000 older ones cannot be either.
    """
    for left in _left_behind(now):
        failpoint("reap.found")
        cards = pinned.cards({lease.price_version_id for lease in left})
        if ended := [settlement for lease in left if (settlement := _ended_or_kept(lease, cards, now))]:
            return _settle(ended)
    return 0


def forget_workers(now: datetime) -> int:
    """Delete workers that are silent for a day and hold no lease; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM billing_worker w WHERE heartbeat_at < %s AND NOT EXISTS (
                   SELECT FROM billing_admission o WHERE o.worker_id = w.worker_id)""",
            [now - _REMEMBERED],
        )
        return int(cursor.rowcount)


def _left_behind(now: datetime) -> Iterator[list[_Left]]:
    """Yield what is left behind, the oldest first, 500 at a time."""
    alive_since = now - timedelta(seconds=settings.WORKER_SILENCE_SECONDS)
    last = (datetime.min.replace(tzinfo=UTC), UUID(int=0))
    for _ in range(_PAGES):
        left = _page(alive_since, last)
        if left:
            # Accounts in order, as every settlement takes them.
            yield sorted(left, key=lambda lease: lease.workspace_id)
        if len(left) < _BATCH:
            return
        last = (left[-1].admitted_at, left[-1].request_id)


def _page(alive_since: datetime, last: tuple[datetime, UUID]) -> list[_Left]:
    with connection.cursor() as cursor:
        # A worker announces itself before it admits.
        cursor.execute(
            """SELECT request_id, workspace_id, model_id, provider_id, price_version_id, multipliers, hold,
                   admitted_at, first_byte_at, progress_input, progress_output
               FROM billing_admission o
               WHERE (admitted_at, request_id) > (%s, %s) AND NOT EXISTS (
                   SELECT FROM billing_worker w WHERE w.worker_id = o.worker_id AND w.heartbeat_at >= %s)
               ORDER BY admitted_at, request_id LIMIT %s""",
            [*last, alive_since, _BATCH],
        )
        return [_Left(*row) for row in cursor.fetchall()]


def _ended_or_kept(lease: _Left, cards: dict[int, pricing.RateCard], now: datetime) -> Settlement | None:
    try:
        return _ended(lease, cards, now)
    except (KeyError, ValueError, pricing.Unpriced):
        log.exception("a lease cannot be priced", request_id=str(lease.request_id))
        return None


def _ended(lease: _Left, cards: dict[int, pricing.RateCard], now: datetime) -> Settlement:
    delivered = lease.first_byte_at is not None and lease.output_tokens > 0
    counts = pricing.Counts(input=lease.input_tokens, output=lease.output_tokens)
    sold = _sold(lease, cards, counts) if delivered else pricing.Counts()
    source = UsageEvent.Source.CHECKPOINT if delivered else UsageEvent.Source.NONE
    return Settlement(
        request_id=lease.request_id,
        workspace_id=lease.workspace_id,
        # Also where nothing was delivered: only what is `reaped` may be corrected by a worker that wakes.
        status=UsageEvent.Status.REAPED,
        http_status=200 if lease.first_byte_at else 503,
        error_code="" if lease.first_byte_at else "UNAVAILABLE",
        usage_source=source,
        cost=_cost(lease, cards, sold) if delivered else 0,
        multipliers=lease.multipliers,
        counts=sold,
        provider_cost=_provider_cost(lease, counts) if delivered else 0,
        provider_id=lease.provider_id,
        attempts=1 if lease.provider_id else 0,
        ttfb_ms=_milliseconds(lease.admitted_at, lease.first_byte_at) if lease.first_byte_at else None,
        latency_ms=_milliseconds(lease.admitted_at, now),
    )


def _sold(lease: _Left, cards: dict[int, pricing.RateCard], counts: pricing.Counts) -> pricing.Counts:
    factors = pricing.parse_factors(lease.multipliers)
    return pricing.within(cards[lease.price_version_id], counts, factors, amount=lease.hold)


def _cost(lease: _Left, cards: dict[int, pricing.RateCard], sold: pricing.Counts) -> int:
    return pricing.cost(cards[lease.price_version_id], sold, pricing.parse_factors(lease.multipliers))


def _provider_cost(lease: _Left, counts: pricing.Counts) -> int:
    card = pinned.provider_card(lease.model_id, lease.provider_id, lease.admitted_at)
    return pricing.cost(card, pricing.fold(card, counts)[0], ()) if card else 0


def _milliseconds(start: datetime, end: datetime) -> int:
    return min(max(0, round((end - start).total_seconds() * 1000)), _LONGEST)


def _settle(batch: Sequence[Settlement]) -> int:
    """Settle in the gateway's own statement; if an account stays locked, those that are free."""
    try:
        return _run(SETTLE, batch)
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        return _run(SETTLE.replace("FOR UPDATE)", "FOR UPDATE SKIP LOCKED)"), batch)


def _run(statement: str, batch: Sequence[Settlement]) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}")
        raw: psycopg.Connection[Any] = connection.connection
        failpoint("reap.begun")
        with connection.wrap_database_errors:
            ended = len(psycopg.RawCursor(raw).execute(statement.encode(), parameters(batch)).fetchall())
        failpoint("reap.written")
    failpoint("reap.committed")
    return ended
