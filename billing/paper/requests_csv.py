"""All requests of a month as CSV, read from one snapshot and sent in chunks, however many there are."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

import psycopg
from psycopg import IsolationLevel

from billing import sums
from billing.models import Paper
from billing.reach import Reach
from kernel import clock, money, postgres, spreadsheets
from kernel.spreadsheets import Figure

from . import reconciliation
from .face import CLASSES
from .months import Month

__all__ = ["Late", "Span", "busy", "chunks", "span"]

_ROWS_PER_CHUNK = 1_000
_SECONDS = 600.0
_SECONDS_PER_CHUNK = 30
_AT_ONCE = 4
_NO_END = 2**62
_FIRST_DAY = date(2000, 1, 1)
_HEADS = (
    *("admitted_at", "request_id", "correction", "model", "provider", "key", "tag", "streamed", "status"),
    *("http_status", "error_code", *CLASSES, "usd_exact"),
)
_under_way = 0


@dataclass(frozen=True, slots=True)
class Late:
    """Requests of days up to `last` that were charged with the numbers after `after_no`."""

    last: date
    after_no: int


@dataclass(frozen=True, slots=True)
class Span:
    """Which requests of a workspace are meant: those of UTC days, charged with numbers up to `charge_no`, and late ones.

    Of either, none of a day before `shown_from`.
    """

    workspace_id: int
    first: date
    last: date
    charge_no: int
    late: Late | None
    stated: bool
    shown_from: date


def span(workspace_id: int, month: Month, *, reach: Reach) -> Span:
    """Return the requests that a month's statement charges; without one, those of its days, charged yet or not.

    What is out of reach is left out.
    """
    shown_from = reach.first_day
    number = (
        Paper.objects.filter(workspace_id=workspace_id, kind=Paper.Kind.STATEMENT, period_start=month.first)
        .values_list("charge_no", flat=True)
        .first()
    )
    if number is None:
        return Span(workspace_id, month.first, month.last, _NO_END, None, stated=False, shown_from=shown_from)
    since = reconciliation.before(workspace_id, month)
    if since.end < _FIRST_DAY:
        return Span(workspace_id, _FIRST_DAY, month.last, number, None, stated=True, shown_from=shown_from)
    late = Late(since.end, since.charge_no)
    first = since.end + timedelta(days=1)
    return Span(workspace_id, first, month.last, number, late, stated=True, shown_from=shown_from)


def busy() -> bool:
    """Tell whether this process sends as many exports as it may at once: four."""
    return _under_way >= _AT_ONCE


async def chunks(span: Span) -> AsyncIterator[bytes]:
    """Yield the CSV of a span, late charges first, about a thousand rows at a time.

    A session of its own reads them in one repeatable-read transaction. After ten minutes, or where the receiver takes
    nothing for a minute, it raises TimeoutError or psycopg.Error: the download breaks off and is not taken for whole.
    """
    global _under_way
    _under_way += 1
    until = time.monotonic() + _SECONDS
    try:
        yield spreadsheets.rows([_HEADS]).encode()
        async with await _session() as session:
            for values in _parts(span):
                async with session.cursor("export") as rows:
                    await rows.execute(_READ, values)
                    while found := await rows.fetchmany(_ROWS_PER_CHUNK):
                        yield spreadsheets.rows(map(_row, found)).encode()
                        if time.monotonic() > until:
                            raise TimeoutError("the export took more than ten minutes")
    finally:
        _under_way -= 1


# The bounds of the id leave out the months' partitions that cannot hold the days.
_READ = f"""
SELECT e.admitted_at, e.request_id, e.rev, coalesce(m.public_id, 'model ' || e.model_id), coalesce(p.slug, ''),
    coalesce(k.name, ''), e.tag, e.stream, e.status, e.http_status, e.error_code,
    {", ".join(f"e.{name}" for name in CLASSES)}, e.cost
FROM billing_usage_event e LEFT JOIN catalog_model m ON m.id = e.model_id
LEFT JOIN catalog_provider p ON p.id = e.provider_id LEFT JOIN accounts_apikey k ON k.id = e.api_key_id
WHERE e.workspace_id = %(workspace)s AND e.charge_no > %(after_no)s AND e.charge_no <= %(charge_no)s
    AND e.minute_no BETWEEN %(first_minute)s AND %(last_minute)s
    AND e.id >= billing_first_id(%(first)s::date - 1) AND e.id < billing_first_id(%(last)s::date + 2)
ORDER BY e.charge_no
"""


def _parts(span: Span) -> list[Mapping[str, Any]]:
    own = _part(span, span.first, span.last, after_no=0)
    return (
        [own]
        if span.late is None
        else [_part(span, _FIRST_DAY, span.late.last, after_no=span.late.after_no), own]
    )


def _part(span: Span, first: date, last: date, *, after_no: int) -> Mapping[str, Any]:
    first = max(first, span.shown_from)
    return {
        "workspace": span.workspace_id,
        "after_no": after_no,
        "charge_no": span.charge_no,
        "first": first,
        "last": last,
        "first_minute": sums.first_minute(first),
        "last_minute": sums.first_minute(last) + clock.MINUTES_PER_DAY - 1,
    }


async def _session() -> psycopg.AsyncConnection[Any]:
    session = await psycopg.AsyncConnection.connect(
        postgres.conninfo(name="tollway export", statement_seconds=_SECONDS_PER_CHUNK)
    )
    await session.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await session.set_read_only(True)
    await session.execute("SET idle_in_transaction_session_timeout = '60s'")
    return session


def _row(found: Sequence[Any]) -> list[str]:
    at, request, rev, model, provider, key, tag, stream, status, http, code, *counts, cost = found
    return [
        Figure(f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"),
        Figure(str(request)),
        Figure(str(rev)),
        model,
        provider,
        key,
        tag,
        "yes" if stream else "no",
        status,
        Figure(str(http)),
        code,
        *(Figure(str(count)) for count in counts),
        Figure(money.show(cost)),
    ]
