"""How money moves: the only writer of ledger rows, and of the account's posted balance and numbers with them."""

import datetime
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet

from billing.credits import purse
from billing.credits.lots import Credit, Source
from billing.models import LedgerEntry, LedgerTransaction
from kernel import clock, ids, prepared
from kernel.failpoints import failpoint

__all__ = ["Charged", "Conflict", "Kind", "System", "charge", "entries", "post", "reverse"]

Kind = LedgerTransaction.Kind
System = LedgerEntry.Account


_KEPT = {Kind.TOP_UP: Source.TOP_UP, Kind.GRANT: Source.GRANT}


class Conflict(Exception):
    """The idempotency key already names another movement."""


class Charged(Exception):
    """Another process has posted this charge number; what the caller did for it must be rolled back."""


@dataclass(frozen=True, slots=True)
class _Movement:
    workspace_id: int
    kind: str
    amount: int
    offset: str
    idem_key: str
    reason: str
    actor: str
    day: datetime.date
    credit: Credit
    lot_of: UUID | None


def post(
    *,
    workspace_id: int,
    kind: LedgerTransaction.Kind,
    amount: int,
    offset: LedgerEntry.Account,
    idem_key: str,
    reason: str = "",
    actor: str = "",
    day: datetime.date | None = None,
    credit: Credit | None = None,
    lot_of: UUID | None = None,
) -> UUID:
    """Move `amount` nano-USD onto the workspace's account (off it, if negative) against a system account.

    `day` is the UTC statement day, today by default. What comes in is kept as a lot by the terms of `credit`, by
    default those of its kind, without an end. What goes out is taken from the lot that the transaction `lot_of`
    brought, then from the others in the order they are spent. Returns the transaction's id; a repeat with the same
    `idem_key` changes nothing and returns the first one's. Inside an outer transaction the account stays
    locked until that ends, and every request of the workspace waits: call it last.

    Raises Conflict if the key names a movement of another kind, amount or offset; ValueError for a zero
    amount, a charge for usage (those are posted by the roll-up), an offset on the workspace itself, or a
    missing key or reason, or terms of credit for what goes out; LookupError if the workspace has no account.
    """
    if amount == 0:
        raise ValueError("amount: a movement of nothing is not posted")
    if kind == Kind.USAGE:
        raise ValueError("kind: usage is charged by the roll-up, from events")
    if offset == System.WORKSPACE:
        raise ValueError("offset: a movement is offset on a system account")
    if not idem_key:
        raise ValueError("idem_key: without one a repeat would move the money twice")
    if not reason and kind in {Kind.ADJUSTMENT, Kind.REVERSAL}:
        raise ValueError(f"reason: {kind.label.lower()}s need one")
    if credit is not None and amount < 0:
        raise ValueError("credit: only what comes in has terms")
    kept = credit or Credit(_KEPT.get(kind, Source.CORRECTION))
    on = day or clock.utc_day(clock.now())
    return _move(_Movement(workspace_id, kind, amount, offset, idem_key, reason, actor, on, kept, lot_of))


def reverse(*, workspace_id: int, transaction_id: UUID, reason: str, actor: str = "") -> UUID:
    """Post the opposite of a transaction, today; a second reversal of the same one returns the first.

    Raises LookupError if the workspace has no such transaction, ValueError if it is itself a reversal (post
    an adjustment instead) or the reason is empty.
    """
    original = _find("t.id = %s", workspace_id, transaction_id)
    if original is None:
        raise LookupError(f"workspace {workspace_id} has no ledger transaction {transaction_id}")
    if original.kind == Kind.REVERSAL:
        raise ValueError("a reversal is not reversed; post an adjustment with a reason")
    return post(
        workspace_id=workspace_id,
        kind=Kind.REVERSAL,
        amount=-original.amount,
        offset=System(original.offset),
        idem_key=f"r:{transaction_id}",
        reason=reason,
        actor=actor,
        lot_of=transaction_id if original.amount > 0 else None,
    )


def charge(
    cursor: CursorWrapper,
    *,
    workspace_id: int,
    charge_no: int,
    costs: Mapping[datetime.date, int],
    actor: str,
) -> int:
    """Charge one closed number: a transaction per UTC day with a cost (nano-USD), its lots, the account, the legs.

    Runs in the caller's transaction, as its last step: the account row is locked by the last statement only,
    because admissions wait for it. A number without costs writes no transaction; it still moves on
    `charged_no`, and that guard alone makes its posting happen once. Returns the number of transactions.
    Raises Charged if the number is not the one after the last charged: the caller must roll back.
    """
    days = sorted(day for day, cost in costs.items() if cost)
    made = [ids.request_id() for _ in days]
    booked = prepared.execute(
        cursor,
        """INSERT INTO billing_ledger_transaction (id, workspace_id, kind, idem_key, day, charge_no, actor)
           SELECT id, %s, 'usage', 'u:' || %s || ':' || %s || ':' || day, day, %s, %s
           FROM unnest(%s::uuid[], %s::date[]) AS d (id, day)
           ON CONFLICT (workspace_id, idem_key) DO NOTHING""",
        [workspace_id, str(workspace_id), str(charge_no), charge_no, actor, made, days],
    )
    if booked.rowcount != len(days):
        raise Charged(f"charge {charge_no} of workspace {workspace_id} is posted")
    failpoint("charge.booked")
    credit = purse.opened(cursor, workspace_id)
    for transaction_id, day in zip(made, days, strict=True):
        credit.use(transaction_id, costs[day], day=day)
    standing = credit.write(cursor)
    failpoint("charge.paid")
    total = sum(costs.values())
    charged = prepared.execute(
        cursor,
        _CHARGE,
        {
            "total": total,
            "days": len(days),
            "number": charge_no,
            "workspace": workspace_id,
            "before": charge_no - 1,
            "made": made,
            "costs": [costs[day] for day in days],
            **asdict(standing),
        },
    )
    if charged.fetchone() is None:
        raise Charged(f"charge {charge_no} of workspace {workspace_id} is not the next one")
    failpoint("charge.posted")
    return len(days)


# The chain of balances is laid over the days in order; the row trigger reads the entry before each one.
_CHARGE = """
WITH account AS (
    UPDATE billing_account SET posted = posted - %(total)s, unbilled = unbilled - %(total)s, seq = seq + %(days)s,
        charged_no = %(number)s, withheld = %(withheld)s, lapsing = %(lapsing)s, lapse_minute = %(lapse_minute)s
    WHERE workspace_id = %(workspace)s AND charged_no = %(before)s
    RETURNING workspace_id, posted, seq),
costs AS (
    SELECT id, cost, k, sum(cost) OVER (ORDER BY k DESC) - cost AS still_to_take, count(*) OVER () AS days
    FROM unnest(%(made)s::uuid[], %(costs)s::bigint[]) WITH ORDINALITY AS c (id, cost, k)),
legs AS (
    INSERT INTO billing_ledger_entry (id, transaction_id, workspace_id, account, seq, amount, balance_after)
    SELECT gen_random_uuid(), id, workspace_id, leg, CASE leg WHEN 'workspace' THEN seq - days + k END,
        CASE leg WHEN 'workspace' THEN -cost ELSE cost END,
        CASE leg WHEN 'workspace' THEN posted + still_to_take END
    FROM account, costs, unnest(ARRAY['workspace', 'revenue']) AS leg
    ORDER BY k
    RETURNING 1)
SELECT workspace_id, (SELECT count(*) FROM legs) FROM account
"""


def entries(workspace_id: int) -> QuerySet[LedgerEntry]:
    """Return the legs on a workspace's own account, newest first."""
    return LedgerEntry.objects.filter(workspace_id=workspace_id, account=System.WORKSPACE).order_by("-seq")


def _move(movement: _Movement) -> UUID:
    made = ids.request_id()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_ledger_transaction (id, workspace_id, kind, idem_key, day, reason, actor)
               VALUES (%s, %s, %s, %s, %s, %s, %s)
               ON CONFLICT (workspace_id, idem_key) DO NOTHING""",
            [
                made,
                movement.workspace_id,
                movement.kind,
                movement.idem_key,
                movement.day,
                movement.reason,
                movement.actor,
            ],
        )
        if cursor.rowcount == 0:
            return _repeated(movement)
        failpoint("move.booked")
        _move_account(cursor, made, movement)
        failpoint("move.posted")
    failpoint("move.released")
    return made


def _move_account(cursor: CursorWrapper, made: UUID, movement: _Movement) -> None:
    credit = purse.opened(cursor, movement.workspace_id)
    if movement.amount > 0:
        credit.give(made, movement.amount, movement.credit)
    else:
        credit.take(made, -movement.amount, day=movement.day, first=movement.lot_of)
    cursor.execute(
        """WITH account AS (
               UPDATE billing_account SET posted = posted + %(amount)s, seq = seq + 1, withheld = %(withheld)s,
                   lapsing = %(lapsing)s, lapse_minute = %(lapse_minute)s
               WHERE workspace_id = %(workspace)s
               RETURNING workspace_id, posted, seq)
           INSERT INTO billing_ledger_entry
               (id, transaction_id, workspace_id, account, seq, amount, balance_after)
           SELECT gen_random_uuid(), %(made)s, workspace_id, 'workspace', seq, %(amount)s, posted FROM account
           UNION ALL
           SELECT gen_random_uuid(), %(made)s, workspace_id, %(offset)s, NULL, - %(amount)s::bigint, NULL FROM account""",
        {
            "made": made,
            "workspace": movement.workspace_id,
            "amount": movement.amount,
            "offset": movement.offset,
            **asdict(credit.write(cursor)),
        },
    )
    if cursor.rowcount == 0:
        raise LookupError(f"workspace {movement.workspace_id} has no account")


def _repeated(movement: _Movement) -> UUID:
    """Return the id of the transaction that holds the key. Raises Conflict if it is another movement."""
    found = _find("t.idem_key = %s", movement.workspace_id, movement.idem_key)
    if found is None:
        raise LookupError(f"idem_key {movement.idem_key!r} is taken by a transaction without two legs")
    if (found.kind, found.amount, found.offset) != (movement.kind, movement.amount, movement.offset):
        raise Conflict(
            f"idem_key {movement.idem_key!r} names a {found.kind} of {found.amount} nano-USD against {found.offset},"
            f" not a {movement.kind} of {movement.amount} against {movement.offset}"
        )
    return found.id


@dataclass(frozen=True, slots=True)
class _Found:
    id: UUID
    kind: str
    amount: int
    offset: str


def _find(condition: str, workspace_id: int, value: UUID | str) -> _Found | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT t.id, t.kind, own.amount, other.account FROM billing_ledger_transaction t
                JOIN billing_ledger_entry own ON own.transaction_id = t.id
                     AND own.workspace_id = t.workspace_id AND own.account = 'workspace'
                JOIN billing_ledger_entry other ON other.transaction_id = t.id
                     AND other.workspace_id = t.workspace_id AND other.account <> 'workspace'
                WHERE t.workspace_id = %s AND {condition}""",
            [workspace_id, value],
        )
        row = cursor.fetchone()
    return _Found(*row) if row else None
