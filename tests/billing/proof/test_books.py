"""Rules of the ledger by itself: what they look at in a scope, with a movement of another year in it."""

import pytest

from billing.proof.books import BOOKS
from billing.proof.rules import Scope
from kernel import ids
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before, told

pytestmark = pytest.mark.django_db


def looked_at(scope: Scope) -> list[int]:
    found = told(BOOKS, scope)
    assert [wrong for _, wrong in found.values() if wrong] == []
    return [number for number, _ in found.values()]


def old_and_new() -> int:
    """A workspace with a movement of 1970 and two of today."""
    workspace = rows.workspace()
    rows.fund(workspace, 7)
    lives.of_long_ago(workspace)
    rows.fund(workspace, 8)
    rows.fund(workspace, 9)
    return workspace


def test_what_is_looked_at_is_of_the_scope() -> None:
    scopes = (None, day_before(2))
    before = [looked_at(Scope(since=since)) for since in scopes]
    workspace = old_and_new()
    assert looked_at(Scope(workspace)) == [1, 3 + 1, 3, 0]
    assert looked_at(Scope(workspace, since=day_before(2))) == [1, 2 + 1, 2, 0]
    old_and_new()
    after = [looked_at(Scope(since=since)) for since in scopes]
    assert [
        [new - old for new, old in zip(*both, strict=True)] for both in zip(after, before, strict=True)
    ] == [
        [2, 8, 6, 0],
        [2, 6, 4, 0],
    ]


def test_the_first_entry_of_all_is_looked_at_by_itself() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 7)
    assert looked_at(Scope(workspace, since=day_before(2))) == [1, 2, 1, 0]


def test_a_transaction_without_legs_is_found() -> None:
    workspace, made = rows.workspace(), ids.request_id()
    lives.unguarded(
        "billing_ledger_transaction",
        "INSERT INTO billing_ledger_transaction (id, workspace_id, kind, idem_key, day)"
        " VALUES (%s, %s, 'grant', 'k', %s)",
        *(made, workspace, day_before(1)),
    )
    assert told(BOOKS, Scope(workspace))["I3"] == (
        1,
        [(workspace, day_before(1), f"grant transaction {made}", "0", None)],
    )
