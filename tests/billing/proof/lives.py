"""Workspaces with a past: requests of earlier days with the ids they would have had, charged, and sealed if asked."""

import datetime
import os
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any
from uuid import UUID

from django.db import connection

from billing import ledger, rollup, sums
from billing.models import LedgerEntry, LedgerTransaction
from billing.proof import seals
from billing.proof.rules import Invariant, Scope, check
from kernel import clock
from tests.billing import rows


def day_before(days: int) -> datetime.date:
    """Return the UTC day so many days before today."""
    return clock.utc_day(clock.now()) - datetime.timedelta(days=days)


def request_at(minute: int) -> UUID:
    """Return a request's id as it would have been made in the middle of that minute."""
    milliseconds = minute * 60_000 + 30_000
    random = int.from_bytes(os.urandom(9))
    high = milliseconds << 80 | 0x7 << 76 | (random & 0xFFF) << 64
    return UUID(int=high | 0b10 << 62 | ((random >> 12) & (2**54 - 1)) << 8)


def settle_on(workspace: int, day: datetime.date, *, minute: int = 700, **columns: Any) -> UUID:
    """Settle one request of a UTC day, in that minute of it."""
    minute_no = sums.first_minute(day) + minute
    return rows.settle(
        workspace,
        **{
            "request_id": request_at(minute_no),
            "minute_no": minute_no,
            "admitted_at": clock.start_of_minute(minute_no),
            **columns,
        },
    )


def charge(workspace: int) -> None:
    """Post everything that is settled."""
    rollup.close(workspace)
    rollup.post(workspace)


def priced() -> dict[str, Any]:
    """Save a price and return the columns of a request that costs 41 nano-USD by it."""
    model, version = rows.price(input=1_000, output=2_000)
    return {
        "model_id": model,
        "price_version_id": version,
        "input_tokens": 21,
        "output_tokens": 10,
        "cost": 41,
        "hold": 50,
    }


def past(*, sealed: bool = True) -> int:
    """Make a workspace with a top-up and usage of five days that is charged, and sealed as far as can be."""
    workspace, columns = rows.workspace(), priced()
    ledger.post(
        workspace_id=workspace,
        kind=LedgerTransaction.Kind.TOP_UP,
        amount=10**6,
        offset=LedgerEntry.Account.CLEARING,
        idem_key="past",
    )
    for days in (5, 4, 3, 2, 1):
        for minute in (0, 15, 1439):
            settle_on(workspace, day_before(days), minute=minute, **columns)
        settle_on(workspace, day_before(days), **(columns | {"tag": 'a "b", \n c', "ttfb_ms": 9}))
        charge(workspace)
    if sealed:
        assert seals.seal(workspace, seals.due(clock.now())[workspace]) == 4
    return workspace


def unguarded(table: str, statement: str, *values: object) -> int:
    """Change what nothing may change, as only the owner of the database can; return how many rows."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)  # type: ignore[arg-type]
        changed = int(cursor.rowcount)
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return changed


def of_long_ago(workspace: int) -> None:
    """Give the only movement of a workspace an id of 1970."""
    old, transaction = request_at(0), "billing_ledger_transaction"
    unguarded(
        transaction,
        f"INSERT INTO {transaction} (id, workspace_id, kind, idem_key, day)"
        f" SELECT %s, workspace_id, kind, 'long ago', day FROM {transaction} WHERE workspace_id = %s",
        *(old, workspace),
    )
    for table in ("billing_ledger_entry", "billing_credit_movement", "billing_credit_lot"):
        unguarded(table, f"UPDATE {table} SET transaction_id = %s WHERE workspace_id = %s", old, workspace)
    unguarded(transaction, f"DELETE FROM {transaction} WHERE workspace_id = %s AND id > %s", workspace, old)


def told(rules: Sequence[Invariant], scope: Scope) -> dict[str, tuple[int, list[tuple[object, ...]]]]:
    """Return by rule how many rows it compares, and what it finds: workspace, day, subject, expected, found."""
    with connection.cursor() as cursor:
        outcomes = [check(cursor, rule, scope) for rule in rules]
    return {
        outcome.name: (outcome.compared, [astuple(finding) for finding in outcome.findings])
        for outcome in outcomes
    }
