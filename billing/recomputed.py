"""Whether each request costs what its counts, its pinned price and its factors say, worked out a second way."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import prod
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from billing import pinned, sums
from billing.proof.rules import BEGINNING, FINDINGS_SHOWN, NEAR, ONLY, Finding, Outcome
from catalog import pricing
from kernel.money import PICO_PER_NANO

__all__ = ["check"]

_ROWS_PER_FETCH = 5_000
_NO_END = 2**62
_SAYS = "every request costs its counts × its pinned rates × its factors, or nothing where nothing came out"

_KEPT = f"{ONLY} AND id >= {NEAR}"
_PAIRS = tuple(zip(pricing.CLASSES, sums.COUNTS, strict=True))
_RATES = ", ".join(f"{name}_rate" for name in pricing.CLASSES)
_RATE_ARRAYS = ", ".join(f"%({name})s::numeric[]" for name in pricing.CLASSES)
# A count without a rate makes the sum null, which equals no cost.
_PICO = " + ".join(f"CASE {count} WHEN 0 THEN 0 ELSE {count} * {name}_rate END" for name, count in _PAIRS)

# Corrections are signed differences: only a request as a whole has a price, and the last one knows what served it.
_DOUBTED = f"""
WITH corrections AS (
    SELECT workspace_id, request_id, (array_agg(multipliers ORDER BY rev DESC))[1] AS multipliers,
        (array_agg(price_version_id ORDER BY rev DESC))[1] AS price_version_id,
        sum(cost)::bigint AS cost, {", ".join(f"sum({name})::bigint AS {name}" for name in sums.COUNTS)}
    FROM billing_usage_event WHERE rev > 0 AND {_KEPT} GROUP BY 1, 2),
requests AS (
    SELECT workspace_id, request_id, e.minute_no, coalesce(c.price_version_id, e.price_version_id) AS price_version_id,
        coalesce(c.multipliers, e.multipliers) AS multipliers, e.cost + coalesce(c.cost, 0) AS cost,
        e.status <> 'ok' OR m.capability IS NULL OR m.capability = 'chat' AS may_be_free,
        {", ".join(f"e.{name} + coalesce(c.{name}, 0) AS {name}" for name in sums.COUNTS)}
    FROM billing_usage_event e LEFT JOIN corrections c USING (workspace_id, request_id)
    LEFT JOIN catalog_model m ON m.id = e.model_id
    WHERE e.rev = 0 AND {ONLY} AND e.id >= {NEAR}),
rates AS (
    SELECT * FROM unnest(%(version)s::bigint[], %(above)s::bigint[], %(up_to)s::bigint[], %(request)s::numeric[],
        {_RATE_ARRAYS}) r (version, above, up_to, request_rate, {_RATES})),
factors AS (
    SELECT * FROM unnest(%(multipliers)s::text[], %(numerator)s::numeric[], %(denominator)s::numeric[])
        f (multipliers, numerator, denominator)),
priced AS (
    SELECT q.*, ({_PICO} + request_rate) * numerator AS numerator, denominator
    FROM requests q LEFT JOIN factors USING (multipliers)
    LEFT JOIN rates ON version = price_version_id AND {sums.PROMPT} > above AND {sums.PROMPT} <= up_to)
SELECT workspace_id, {sums.DAY}, request_id, price_version_id, multipliers, cost, {", ".join(sums.COUNTS)}
FROM priced
WHERE NOT (cost = 0 AND may_be_free AND {sums.COMPLETION} = 0 AND images = 0)
    AND cost IS DISTINCT FROM div(2 * numerator + denominator, 2 * denominator)
"""


@dataclass(frozen=True, slots=True)
class _Request:
    workspace_id: int
    day: date
    request_id: UUID
    price_version_id: int
    multipliers: str
    cost: int
    counts: pricing.Counts


def check(cursor: CursorWrapper, *, workspace_id: int | None = None, near: date = BEGINNING) -> Outcome:
    """Compute the cost of every request anew, of all workspaces or one, whose id is of the UTC day `near` or later.

    SQL works out all of them; `catalog.pricing` judges those that SQL doubts. `cursor` is the audit's, so that
    prices and events are of one snapshot.
    """
    only = {"only": workspace_id, "near": near}
    cursor.execute(f"SELECT count(*) FROM billing_usage_event WHERE rev = 0 AND {_KEPT}", only)
    [compared] = cursor.fetchone() or (0,)
    cursor.execute("SELECT DISTINCT price_version_id FROM catalog_rate")
    cards = pinned.cards(version for (version,) in cursor.fetchall())
    cursor.execute(f"SELECT DISTINCT multipliers FROM billing_usage_event WHERE {_KEPT}", only)
    chains = [text for (text,) in cursor.fetchall()]
    broken, findings = 0, []
    for request in _doubted(only | _rate_columns(cards.values()) | _factor_columns(chains)):
        wrong = _judge(request, cards)
        if wrong is not None:
            broken += 1
            if broken <= FINDINGS_SHOWN:
                findings.append(wrong)
    return Outcome("Cost", _SAYS, compared, broken, tuple(findings))


def _rate_columns(cards: Iterable[pricing.RateCard]) -> dict[str, list[Any]]:
    """Lay price versions out as rows, one for each span of prompt lengths in which no rate changes."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("version", "above", "up_to", "request", *pricing.CLASSES)
    }
    for card in cards:
        starts = sorted({minimum for steps in card.rates.values() for minimum, _ in steps if minimum > 0})
        for above, up_to in zip([-1, *starts], [*starts, _NO_END], strict=True):
            columns["version"].append(card.version_id)
            columns["above"].append(above)
            columns["up_to"].append(up_to)
            columns["request"].append(_rate(card, "request", 0) or 0)
            for name in pricing.CLASSES:
                columns[name].append(_rate(card, name, above + 1))
    return columns


def _rate(card: pricing.RateCard, token_class: str, prompt_tokens: int) -> int | None:
    try:
        return card.rate(token_class, prompt_tokens)
    except pricing.Unpriced:
        return None


def _factor_columns(chains: Iterable[str]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"multipliers": [], "numerator": [], "denominator": []}
    for text in chains:
        try:
            factors = pricing.parse_factors(text)
        except ValueError:
            continue  # without a row here, its requests are doubted
        columns["multipliers"].append(text)
        columns["numerator"].append(prod(factor.ppm for factor in factors))
        columns["denominator"].append(PICO_PER_NANO * pricing.PPM ** len(factors))
    return columns


def _doubted(values: Mapping[str, Any]) -> Iterator[_Request]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_DOUBTED, values)
        while rows := cursor.fetchmany(_ROWS_PER_FETCH):
            for workspace, day, request, version, multipliers, cost, *counts in rows:
                yield _Request(workspace, day, request, version, multipliers, cost, pricing.Counts(*counts))


def _judge(request: _Request, cards: Mapping[int, pricing.RateCard]) -> Finding | None:
    try:
        factors = pricing.parse_factors(request.multipliers)
        expected = str(pricing.cost(cards[request.price_version_id], request.counts, factors))
    except pricing.Unpriced as error:
        expected = str(error)
    except (KeyError, ValueError):
        expected = f"price version {request.price_version_id} × {request.multipliers!r}"
    if expected == str(request.cost):
        return None
    return Finding(
        request.workspace_id, request.day, f"request {request.request_id}", expected, str(request.cost)
    )
