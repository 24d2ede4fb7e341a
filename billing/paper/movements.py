"""What moved on a workspace's account besides usage, in a customer's words, and which of it needs a paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from billing.ledger import Kind
from billing.models import Paper

__all__ = ["Booking", "Moved", "booked", "corrected", "find", "undocumented", "words"]

_WORDS: Mapping[str, str] = {
    Kind.USAGE: "Usage",
    Kind.TOP_UP: "Top-up",
    Kind.REFUND: "Refund",
    Kind.DISPUTE: "Disputed payment",
    Kind.GRANT: "Credit granted",
    Kind.EXPIRY: "Credit expired",
    Kind.ADJUSTMENT: "Adjustment",
    Kind.REVERSAL: "Reversal",
}
# What brought a grant is in the key of its movement: each giver has a first word of its own.
_GRANTS: Mapping[str, str] = {"voucher": "Voucher", "plan": "Plan credit"}
_MOST_CORRECTED = 5

# A reversal names what it reverses in its key.
_ORIGINAL = """LEFT JOIN billing_ledger_transaction o ON o.workspace_id = t.workspace_id
    AND o.id = CASE WHEN t.kind = 'reversal' AND t.idem_key ~ '^r:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        THEN substr(t.idem_key, 3)::uuid END"""


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement on a workspace's own account, in nano-USD; `original` is what a reversal reverses."""

    id: UUID
    workspace_id: int
    kind: str
    idem_key: str
    day: date
    amount: int
    original: UUID | None
    original_kind: str | None

    @property
    def what(self) -> str:
        """What it is called on papers."""
        return words(self.kind, self.idem_key)

    @property
    def document(self) -> Paper.Kind | None:
        """The kind of paper it needs, if any."""
        if self.kind == Kind.TOP_UP and self.amount > 0:
            return Paper.Kind.RECEIPT
        reversed_top_up = self.kind == Kind.REVERSAL and self.original_kind == Kind.TOP_UP
        if (self.kind == Kind.REFUND or reversed_top_up) and self.amount < 0:
            return Paper.Kind.CREDIT_NOTE
        return None


@dataclass(frozen=True, slots=True)
class Booking:
    """One line of a workspace's own account, in nano-USD; `seq` counts its lines up, `at` is in UTC."""

    seq: int
    kind: str
    idem_key: str
    day: date
    at: datetime
    amount: int
    balance_after: int

    @property
    def what(self) -> str:
        """What it is called on papers."""
        return words(self.kind, self.idem_key)


def booked(workspace_id: int, *, before: int | None, limit: int) -> list[Booking]:
    """Return the lines of a workspace's account before one of them, or the last ones, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT e.seq, t.kind, t.idem_key, t.day, t.created_at, e.amount, e.balance_after
               FROM billing_ledger_entry e
               JOIN billing_ledger_transaction t ON t.id = e.transaction_id AND t.workspace_id = e.workspace_id
               WHERE e.workspace_id = %(workspace)s AND e.account = 'workspace'
                   AND e.seq < coalesce(%(before)s, 9223372036854775807)
               ORDER BY e.seq DESC LIMIT %(limit)s""",
            {"workspace": workspace_id, "before": before, "limit": limit},
        )
        return [Booking(*row) for row in cursor.fetchall()]


def words(kind: str, idem_key: str = "") -> str:
    """Return what a movement is called on papers."""
    if kind == Kind.GRANT:
        return _GRANTS.get(idem_key.partition(":")[0], _WORDS[kind])
    return _WORDS[kind]


def find(transaction_id: UUID) -> Moved:
    """Return a movement by its id. Raises LookupError if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT t.id, t.workspace_id, t.kind, t.idem_key, t.day, e.amount, o.id, o.kind
                FROM billing_ledger_transaction t
                JOIN billing_ledger_entry e ON e.transaction_id = t.id AND e.workspace_id = t.workspace_id
                    AND e.account = 'workspace'
                {_ORIGINAL} WHERE t.id = %s""",
            [transaction_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"there is no ledger transaction {transaction_id}")
    return Moved(*row)


def corrected(moved: Moved) -> list[str]:
    """Return the numbers of the receipts, at most five, whose payments a movement takes back."""
    if moved.document != Paper.Kind.CREDIT_NOTE:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT l.transaction_id FROM billing_credit_movement m
               JOIN billing_credit_lot l ON l.id = m.lot_id AND l.workspace_id = m.workspace_id
               WHERE m.workspace_id = %s AND m.transaction_id = %s""",
            [moved.workspace_id, moved.id],
        )
        payments = {row[0] for row in cursor.fetchall()} if moved.original is None else {moved.original}
    receipts = Paper.objects.filter(
        workspace_id=moved.workspace_id, kind=Paper.Kind.RECEIPT, transaction_id__in=payments
    )
    return [receipt.label for receipt in receipts.order_by("id")[:_MOST_CORRECTED]]


def undocumented(limit: int) -> list[tuple[UUID, Paper.Kind]]:
    """Return movements that lack their paper and the kind it must be, oldest first.

    Where Stripe issues the documents (STRIPE_DOCUMENTS), payments by Stripe wait for the one it issued.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT t.id, CASE t.kind WHEN 'topup' THEN 'receipt' ELSE 'credit_note' END
                FROM billing_ledger_transaction t {_ORIGINAL}
                WHERE t.kind IN ('topup', 'refund', 'reversal')
                    AND (t.kind <> 'reversal' OR o.kind = 'topup')
                    AND NOT (%(stripe)s AND t.idem_key LIKE 'stripe:%%')
                    AND NOT EXISTS (SELECT FROM billing_paper p
                        WHERE p.workspace_id = t.workspace_id AND p.transaction_id = t.id
                            AND p.kind IN ('receipt', 'credit_note'))
                    AND EXISTS (SELECT FROM billing_ledger_entry e
                        WHERE e.transaction_id = t.id AND e.workspace_id = t.workspace_id
                            AND e.account = 'workspace' AND (e.amount > 0) = (t.kind = 'topup'))
                ORDER BY t.id LIMIT %(limit)s""",
            {"stripe": settings.STRIPE_DOCUMENTS, "limit": limit},
        )
        return [(found, Paper.Kind(kind)) for found, kind in cursor.fetchall()]
