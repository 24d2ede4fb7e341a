"""Whether each request costs what its counts, its pinned price and its factors say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from billing import pinned, sums
from billing.invariants import FINDINGS_SHOWN, Finding, Outcome
from catalog import pricing

__all__ = ["check"]

_ROWS_PER_FETCH = 5_000
_SAYS = "every request costs its counts × its pinned rates × its factors, or nothing where nothing came out"

# Corrections are signed differences: only a request as a whole has a price.
_REQUESTS = f"""
SELECT e.workspace_id, {sums.DAY.replace("minute_no", "e.minute_no")}, e.request_id, e.price_version_id,
    coalesce(r.multipliers, e.multipliers), e.status <> 'ok' OR m.capability IS NULL OR m.capability = 'chat',
    e.cost + coalesce(r.cost, 0), {", ".join(f"e.{name} + coalesce(r.{name}, 0)" for name in sums.COUNTS)}
FROM billing_usage_event e
LEFT JOIN catalog_model m ON m.id = e.model_id
LEFT JOIN (
    SELECT workspace_id, request_id, (array_agg(multipliers ORDER BY rev DESC))[1] AS multipliers,
        sum(cost)::bigint AS cost, {", ".join(f"sum({name})::bigint AS {name}" for name in sums.COUNTS)}
    FROM billing_usage_event WHERE rev > 0 GROUP BY 1, 2) r
    ON r.workspace_id = e.workspace_id AND r.request_id = e.request_id
WHERE e.rev = 0 AND (e.workspace_id = %(only)s OR %(only)s::bigint IS NULL)
"""


@dataclass(frozen=True, slots=True)
class _Request:
    workspace_id: int
    day: date
    request_id: UUID
    price_version_id: int
    multipliers: str
    may_be_free: bool
    cost: int
    counts: pricing.Counts


def check(cursor: CursorWrapper, *, workspace_id: int | None = None) -> Outcome:
    """Compute the cost of every request anew, of all workspaces or one, and compare.

    `cursor` is the audit's, so that prices and events are of one snapshot; about 15 µs a request.
    """
    cursor.execute("SELECT DISTINCT price_version_id FROM catalog_rate")
    cards = pinned.cards(version for (version,) in cursor.fetchall())
    compared, broken, findings = 0, 0, []
    for request in _requests(workspace_id):
        compared += 1
        wrong = _compare(request, cards)
        if wrong is not None:
            broken += 1
            if broken <= FINDINGS_SHOWN:
                findings.append(wrong)
    return Outcome("Cost", _SAYS, compared, broken, tuple(findings))


def _requests(workspace_id: int | None) -> Iterator[_Request]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_REQUESTS, {"only": workspace_id})
        while rows := cursor.fetchmany(_ROWS_PER_FETCH):
            for workspace, day, request, version, multipliers, may_be_free, cost, *counts in rows:
                yield _Request(
                    workspace, day, request, version, multipliers, may_be_free, cost, pricing.Counts(*counts)
                )


def _compare(request: _Request, cards: dict[int, pricing.RateCard]) -> Finding | None:
    if request.cost == 0 and request.may_be_free and not _came_out(request.counts):
        return None
    try:
        expected = str(_price(request, cards))
    except pricing.Unpriced as error:
        expected = str(error)
    except (KeyError, ValueError):
        expected = f"price version {request.price_version_id} × {request.multipliers!r}"
    if expected == str(request.cost):
        return None
    return Finding(
        request.workspace_id, request.day, f"request {request.request_id}", expected, str(request.cost)
    )


def _came_out(counts: pricing.Counts) -> bool:
    return counts.completion_tokens > 0 or counts.image > 0


def _price(request: _Request, cards: dict[int, pricing.RateCard]) -> int:
    factors = pricing.parse_factors(request.multipliers)
    return pricing.cost(cards[request.price_version_id], request.counts, factors)
