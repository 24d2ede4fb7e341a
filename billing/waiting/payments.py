"""Payments that need somebody: disputes to be answered, recharges that fail, and alerts that nobody has closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.urls import reverse

from billing import figures
from billing.models import PaymentAlert
from kernel import money

from .item import Item, Weight

__all__ = ["find_alerts", "find_disputes", "find_recharges"]

_MOST = 100
# In Stripe's words: its bank waits for our answer.
_DISPUTES = """
SELECT d.id, d.dispute_id, d.reason, d.amount_cents, d.answer_by, d.opened_at, coalesce(w.name, '')
FROM billing_dispute d LEFT JOIN accounts_workspace w ON w.id = d.workspace_id
WHERE d.status IN ('needs_response', 'warning_needs_response') ORDER BY d.opened_at LIMIT %s"""
_RECHARGES = """
SELECT r.workspace_id, r.amount_cents, r.failures, coalesce(w.name, ''), a.posted - a.unbilled, last.created_at
FROM billing_recharge r
LEFT JOIN accounts_workspace w ON w.id = r.workspace_id
LEFT JOIN billing_account a ON a.workspace_id = r.workspace_id
LEFT JOIN LATERAL (SELECT created_at FROM billing_topup t
    WHERE t.workspace_id = r.workspace_id AND t.source = 'recharge' AND t.status = 'failed'
    ORDER BY created_at DESC LIMIT 1) last ON true
WHERE r.enabled AND r.failures > 0 ORDER BY r.failures DESC, r.workspace_id LIMIT %s"""
# A dispute that waits for its answer is told by itself: its alert would be the same thing twice.
_ALERTS = """
SELECT p.id, p.kind, p.message, p.created_at, coalesce(w.name, '')
FROM billing_payment_alert p LEFT JOIN accounts_workspace w ON w.id = p.workspace_id
WHERE p.resolved_at IS NULL AND NOT (p.kind = 'dispute' AND EXISTS (SELECT FROM billing_dispute d
    WHERE d.workspace_id = p.workspace_id AND d.status IN ('needs_response', 'warning_needs_response')))
ORDER BY p.created_at LIMIT %s"""
_TIMES = {1: "once", 2: "twice"}


def find_disputes(now: datetime) -> Sequence[Item]:
    """Return the disputes whose bank waits for an answer. One query."""
    return [
        Item(
            key=f"dispute:{dispute}",
            weight=Weight.FAILS if answer_by is not None and answer_by <= now else Weight.WARNS,
            title="Dispute opened",
            detail=f"{workspace}, {reason}" + (f", answer by {figures.day(answer_by)}" if answer_by else ""),
            since=opened,
            stake=money.from_cents(cents),
            verb="Answer",
            url=reverse("admin:billing_dispute_change", args=[row_id]),
            seen_by="billing.view_dispute",
        )
        for row_id, dispute, reason, cents, answer_by, opened, workspace in _rows(_DISPUTES)
    ]


def find_recharges(now: datetime) -> Sequence[Item]:
    """Return the recharges whose card was declined and is tried again. One query."""
    return [
        Item(
            key=f"recharge:{workspace_id}",
            weight=Weight.WARNS,
            title=f"Recharge failed {_TIMES.get(failures, f'{failures} times')}",
            detail=f"{workspace}, balance ${money.show(balance or 0, decimals=2)}",
            since=failed,
            stake=money.from_cents(cents),
            verb="Look",
            url=reverse("admin:billing_recharge_change", args=[workspace_id]),
            seen_by="billing.view_recharge",
        )
        for workspace_id, cents, failures, workspace, balance, failed in _rows(_RECHARGES)
    ]


def find_alerts(now: datetime) -> Sequence[Item]:
    """Return the open alerts of payments. One query."""
    return [
        Item(
            key=f"alert:{row_id}",
            weight=Weight.WARNS,
            title=PaymentAlert.Kind(kind).label.capitalize(),
            detail=f"{workspace}, {message[:120]}" if workspace else message[:120],
            since=created,
            stake=None,
            verb="Close",
            url=reverse("admin:billing_paymentalert_change", args=[row_id]),
            seen_by="billing.view_paymentalert",
        )
        for row_id, kind, message, created, workspace in _rows(_ALERTS)
    ]


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_MOST])
        return list(cursor.fetchall())
