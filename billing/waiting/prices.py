"""What the price book waits for: proposals that nobody decided on, models without a price, classes without a rate."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.urls import reverse

from .item import Item, Weight

__all__ = ["find_gaps", "find_proposals"]

_PROPOSALS = """
SELECT count(*), count(first_by), min(raised_at), (array_agg(upstream_model ORDER BY raised_at))[1]
FROM catalog_proposal WHERE status = 'open'"""
_GAPS = """
SELECT g.kind, count(*), sum(g.requests)::bigint,
    (array_agg(coalesce(m.public_id, 'model ' || g.model_id) ORDER BY g.requests DESC, g.model_id))[1]
FROM billing_price_gap g LEFT JOIN catalog_model m ON m.id = g.model_id GROUP BY g.kind"""


def find_proposals(now: datetime) -> Sequence[Item]:
    """Return the open proposals as one thing: they are decided on in one place. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_PROPOSALS)
        [(number, held, oldest, first)] = cursor.fetchall()
    if not number:
        return []
    more = f" and {number - 1:,} more" if number > 1 else ""
    waits = f", {held:,} for a second person" if held else ""
    return [
        Item(
            key="proposals",
            weight=Weight.WAITS,
            title=f"{number:,} price proposal{'s' if number > 1 else ''}",
            detail=f"{first}{more}{waits}",
            since=oldest,
            stake=None,
            verb="Review",
            url=reverse("admin:catalog_proposal_changelist"),
            seen_by="catalog.view_proposal",
            number=number,
        )
    ]


def find_gaps(now: datetime) -> Sequence[Item]:
    """Return the two kinds of gaps, each as one thing. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_GAPS)
        found = {kind: rest for kind, *rest in cursor.fetchall()}
    items = []
    if "unpriced" in found:
        number, _, first = found["unpriced"]
        title = f"{number:,} model{'s' if number > 1 else ''} without a price"
        items.append(
            _gap("unpriced", Weight.WARNS, title, _and_more(first, number, "refused until priced"), number)
        )
    if "suspect" in found:
        number, requests, first = found["suspect"]
        title = f"{requests:,} request{'s' if requests > 1 else ''} charged as plain tokens"
        items.append(_gap("suspect", Weight.WAITS, title, _and_more(first, number, "last 7 days"), requests))
    return items


def _and_more(first: str, number: int, what: str) -> str:
    return f"{first}{f' and {number - 1:,} more' if number > 1 else ''}, {what}"


def _gap(kind: str, weight: Weight, title: str, detail: str, measure: int) -> Item:
    return Item(
        key=f"gaps:{kind}",
        weight=weight,
        title=title,
        detail=detail,
        since=None,
        stake=None,
        verb="Price",
        url=f"{reverse('admin:billing_pricegap_changelist')}?kind__exact={kind}",
        seen_by="billing.view_pricegap",
        measure=measure,
    )
