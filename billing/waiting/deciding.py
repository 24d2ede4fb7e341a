"""What one person asked for and another must decide: movements by hand and refunds, each with its amount."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.urls import reverse

from billing.models import Move
from kernel import money

from .item import Item, Weight

__all__ = ["MOST", "find"]

MOST = 100
"""How many of each kind are told apart, the oldest first."""

_READ = """
(SELECT 'move', m.id, m.kind, m.amount, m.asked_by, m.asked_at, coalesce(w.name, '')
 FROM billing_move m LEFT JOIN accounts_workspace w ON w.id = m.workspace_id
 WHERE m.status = 'asked' ORDER BY m.asked_at LIMIT %(most)s)
UNION ALL
(SELECT 'refund', r.id, '', r.amount_cents, r.asked_by, r.asked_at, coalesce(w.name, '')
 FROM billing_refund_request r LEFT JOIN accounts_workspace w ON w.id = r.workspace_id
 WHERE r.status = 'asked' ORDER BY r.asked_at LIMIT %(most)s)"""
_CALLED = {
    Move.Kind.GRANT: "Grant",
    Move.Kind.TOP_UP: "Top-up by hand",
    Move.Kind.ADJUSTMENT: "Adjustment",
    Move.Kind.CREDIT: "Credit for a request",
}


def find(now: datetime) -> Sequence[Item]:
    """Return what waits for a second person. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"most": MOST})
        return [_item(*row) for row in cursor.fetchall()]


def _item(
    what: str, row_id: object, kind: str, amount: int, asked_by: str, at: datetime, workspace: str
) -> Item:
    page = "billing_move" if what == "move" else "billing_refundrequest"
    return Item(
        key=f"{what}:{row_id}",
        weight=Weight.WAITS,
        title=f"{_CALLED[Move.Kind(kind)] if kind else 'Refund'} waits for a second person",
        detail=f"{workspace}, asked by {asked_by}",
        since=at,
        stake=amount if what == "move" else money.from_cents(amount),
        verb="Review",
        url=reverse(f"admin:{page}_change", args=[row_id]),
        seen_by=f"billing.view_{page.removeprefix('billing_')}",
    )
