"""One request as it is kept: how it went, every try, what it cost over all revisions, and where that is posted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from accounts.models import ApiKey
from billing import pinned, sums
from billing.explanations import Explanation, explain
from billing.models import Attempt, UsageEvent
from billing.reach import Reach
from catalog import pricing
from catalog.models import Model, Multiplier, PriceVersion, Provider
from catalog.pricing import CLASSES, Counts, Factor
from kernel import clock, ids

__all__ = ["Charge", "Payment", "Posting", "Price", "Receipt", "Try", "charge", "find", "price", "request_of"]

# An answer's id is the request's, behind what its dialect calls an answer.
_ANSWER = re.compile(
    r"(?:(?:chatcmpl|cmpl|gen|embd|rerank|img)-|(?:msg|resp)_)?([0-9a-f]{32})\Z"
    r"|([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\Z"
)
_LAST_REVISION = 255


@dataclass(frozen=True, slots=True)
class Try:
    """One try at a provider; the one that served has the outcome `ok`, or `cut` if it broke off."""

    provider: str
    outcome: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A settled request: facts of its newest revision, sums over all; cost in nano-USD, times in milliseconds."""

    request_id: UUID
    workspace_id: int
    model: str
    provider: str
    key_name: str
    tag: str
    admitted_at: datetime
    minute_no: int
    stream: bool
    status: str
    http_status: int
    error_code: str
    finish_reason: str
    usage_source: str
    suspect: bool
    ttfb_ms: int | None
    latency_ms: int
    weight: int
    counts: Counts
    cost: int
    price_version_id: int
    multipliers: str
    tries: tuple[Try, ...]
    parts: tuple[tuple[int, int, int], ...]
    """Revision, charge number and cost in nano-USD of each event."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What one lot of credit paid, in nano-USD; below zero what came back to it. No `source`: no credit was left."""

    source: str | None
    expires_on: date | None
    amount: int


@dataclass(frozen=True, slots=True)
class Posting:
    """Where one revision's part of the cost is booked: its charge number and, once posted, the ledger entry.

    Requests are posted together: `charged` is what its number comes to on that day, and Σ `paid` = `charged`.
    """

    revision: int
    charge_no: int
    day: date
    amount: int
    posted: bool
    transaction_id: UUID | None
    entry_id: UUID | None
    entry_no: int | None
    charged: int | None
    paid: tuple[Payment, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """A price version as it is told: `kind` is standard, promotion or time_of_day, and `label` what customers read."""

    version: int
    kind: str
    label: str
    source: str
    valid_from: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Charge:
    """The charge of a receipt with its reasons; `day` is the UTC day on whose statement it is."""

    explanation: Explanation
    price: Price
    day: date
    postings: tuple[Posting, ...]


def request_of(text: str) -> UUID | None:
    """Return the request that an answer's id or a request id names, or None if it has the shape of neither."""
    match = _ANSWER.match(text)
    number = UUID(match[1] or match[2]) if match else None
    # Each request leaves its last byte to the revisions of its event.
    return number if number is not None and number.int % (_LAST_REVISION + 1) == 0 else None


def find(workspace_id: int, request_id: UUID, *, reach: Reach) -> Receipt | None:
    """Return the receipt of a workspace's request; None if it is unknown, another's, out of reach, or still open."""
    span = (request_id, ids.revision_id(request_id, _LAST_REVISION))
    events = list(UsageEvent.objects.filter(workspace_id=workspace_id, id__range=span).order_by("id"))
    if not events or not reach.holds(events[0].minute_no):
        return None
    # A correction names what truly served: another model, maybe, at another price than the request was admitted at.
    first, newest = events[0], events[-1]
    return Receipt(
        request_id=request_id,
        workspace_id=workspace_id,
        model=_model(newest.model_id),
        provider=_slugs([newest.provider_id]).get(newest.provider_id, ""),
        key_name=ApiKey.objects.filter(pk=first.api_key_id).values_list("name", flat=True).first() or "",
        tag=first.tag,
        admitted_at=first.admitted_at,
        minute_no=first.minute_no,
        stream=first.stream,
        status=newest.status,
        http_status=newest.http_status,
        error_code=newest.error_code,
        finish_reason=newest.finish_reason,
        usage_source=newest.usage_source,
        suspect=newest.suspect,
        ttfb_ms=newest.ttfb_ms,
        latency_ms=newest.latency_ms,
        weight=first.weight,
        counts=_counts(events),
        cost=sum(event.cost for event in events),
        price_version_id=newest.price_version_id,
        multipliers=newest.multipliers,
        tries=_tries(workspace_id, newest),
        parts=tuple((event.rev, event.charge_no, event.cost) for event in events),
    )


def charge(receipt: Receipt) -> Charge:
    """Return why a receipt costs what it does, by the price and the factors it is pinned to, and what paid for it.

    Raises LookupError if its price version is not there or has no rates.
    """
    card = pinned.cards([receipt.price_version_id]).get(receipt.price_version_id)
    if card is None:
        raise LookupError(f"price version {receipt.price_version_id} has no rates")
    return Charge(
        explanation=explain(card, receipt.counts, _named(receipt.multipliers), charged=receipt.cost),
        price=price(receipt.price_version_id),
        day=clock.day_of_minute(receipt.minute_no),
        postings=tuple(_postings(receipt)),
    )


def price(version: int) -> Price:
    """Return what is told of a price version. Raises LookupError if it is not there."""
    row = PriceVersion.objects.filter(pk=version).first()
    if row is None:
        raise LookupError(f"there is no price version {version}")
    return Price(row.pk, row.kind, row.label, row.source, row.valid_from, row.valid_until)


def _counts(events: Sequence[UsageEvent]) -> Counts:
    each = [sums.counts(event) for event in events]
    return Counts(**{name: sum(getattr(counts, name) for counts in each) for name in CLASSES})


def _tries(workspace_id: int, newest: UsageEvent) -> tuple[Try, ...]:
    span = (newest.request_id, ids.revision_id(newest.request_id, _LAST_REVISION))
    failed = list(Attempt.objects.filter(workspace_id=workspace_id, id__range=span).order_by("id"))
    slugs = _slugs([*(attempt.provider_id for attempt in failed), newest.provider_id])
    tries = [Try(slugs.get(a.provider_id, ""), a.outcome, a.milliseconds) for a in failed]
    if newest.provider_id:
        spent = sum(attempt.milliseconds for attempt in failed)
        outcome = "cut" if newest.status == UsageEvent.Status.UPSTREAM_CUT else "ok"
        tries.append(Try(slugs.get(newest.provider_id, ""), outcome, max(0, newest.latency_ms - spent)))
    return tuple(tries)


def _model(number: int) -> str:
    name = Model.objects.filter(pk=number).values_list("public_id", flat=True).first()
    return name or f"model {number}"


def _slugs(providers: Sequence[int]) -> dict[int, str]:
    return dict(Provider.objects.filter(pk__in=set(providers)).values_list("pk", "slug"))


def _named(text: str) -> tuple[Factor, ...]:
    factors = pricing.parse_factors(text)
    rows = Multiplier.objects.in_bulk([factor.id for factor in factors])
    return tuple(
        replace(factor, scope=row.scope, target=row.target) if (row := rows.get(factor.id)) else factor
        for factor in factors
    )


# The key of a charge's transaction is the ledger's: it posts a number once per UTC day.
_POSTED = """
SELECT n.charge_no, n.charge_no <= a.charged_no, t.id, e.id, e.seq, -e.amount
FROM unnest(%s::bigint[]) AS n (charge_no) JOIN billing_account a ON a.workspace_id = %s
LEFT JOIN billing_ledger_transaction t ON t.workspace_id = a.workspace_id
    AND t.idem_key = 'u:' || a.workspace_id || ':' || n.charge_no || ':' || %s
LEFT JOIN billing_ledger_entry e ON e.transaction_id = t.id AND e.workspace_id = t.workspace_id
    AND e.account = 'workspace'
"""
_PAID = """
SELECT m.transaction_id, l.source, l.expires_on, -sum(m.amount)::bigint
FROM billing_credit_movement m
LEFT JOIN billing_credit_lot l ON l.workspace_id = m.workspace_id AND l.id = m.lot_id
WHERE m.workspace_id = %s AND m.transaction_id = ANY (%s)
GROUP BY m.transaction_id, l.id, l.workspace_id
HAVING sum(m.amount) <> 0
ORDER BY l.priority, l.expires_on, l.created_at, l.id
"""


def _postings(receipt: Receipt) -> list[Posting]:
    day = clock.day_of_minute(receipt.minute_no)
    numbers = [number for _, number, _ in receipt.parts]
    with connection.cursor() as cursor:
        cursor.execute(_POSTED, [numbers, receipt.workspace_id, day.isoformat()])
        found = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(_PAID, [receipt.workspace_id, [row[1] for row in found.values() if row[1]]])
        payments = [(row[0], Payment(*row[1:])) for row in cursor.fetchall()]
    postings = []
    for revision, number, cost in receipt.parts:
        posted, transaction, entry, entry_no, charged = found[number]
        paid = tuple(payment for of, payment in payments if of == transaction)
        postings.append(
            Posting(revision, number, day, cost, posted, transaction, entry, entry_no, charged, paid)
        )
    return postings
