"""Reconciliation: each ledger entry on one statement, and how many movements a statement shows."""

from datetime import date

import pytest

from billing import ledger
from billing.paper import papers, reconciliation, statement
from billing.paper.months import Month
from billing.paper.reconciliation import Account
from tests.billing import rows
from tests.billing.paper.issuing import DOLLAR, charge, issuer, move, workspace
from tests.billing.paper.test_statement import OVER, use

pytestmark = pytest.mark.django_db

BEFORE = OVER.before


def booked(workspace: int, amount: int, day: date) -> None:
    move(workspace, ledger.Kind.GRANT, amount, day=day, offset=ledger.System.PROMOTION)


def read(workspace: int, month: Month) -> Account:
    since = reconciliation.before(workspace, month)
    return reconciliation.read(workspace, month, since=since, seq=rows.account(workspace)["seq"])


def stated(workspace: int, month: Month) -> list[int]:
    """State a month and return the movements on its statement."""
    draft = statement.compose(workspace, month)
    assert draft is not None
    said = papers.content(papers.write(draft))
    assert said["account"]["more"] is None
    return [movement["amount"] for movement in said["account"]["movements"]]


def test_reconciliation_leaves_entries_of_later_days_to_the_next_statement() -> None:
    issuer()
    mine, other = workspace(), workspace()
    booked(other, DOLLAR, OVER.first)
    for amount, day in enumerate([BEFORE.first, OVER.first, BEFORE.last, OVER.last, BEFORE.last], 1):
        booked(mine, amount, day)
    assert stated(mine, BEFORE) == [1, 3, 5]
    booked(mine, 6, BEFORE.last)
    assert reconciliation.before(mine, OVER).next_seq == 2
    assert stated(mine, OVER) == [2, 4, 6]
    after = reconciliation.before(mine, OVER.next)
    assert (after.end, after.seq, after.next_seq, after.closing) == (OVER.last, 6, 7, 21)


def test_reconciliation_begins_after_the_last_entry_where_none_is_of_a_later_day() -> None:
    mine = workspace()
    booked(mine, DOLLAR, OVER.first)
    booked(mine, DOLLAR, OVER.last)
    assert read(mine, OVER).next_seq == 3
    booked(mine, DOLLAR, OVER.next.first)
    assert read(mine, OVER).next_seq == 3


def test_reconciliation_shows_two_hundred_movements_and_sums_the_others() -> None:
    mine = workspace()
    use(mine, OVER.first, DOLLAR)
    charge(mine)
    for amount in range(1, 204):
        booked(mine, amount, OVER.last)
    account = read(mine, OVER)
    assert [movement.amount for movement in account.movements] == list(range(1, 201))
    assert account.more == (3, 201 + 202 + 203)
    draft = statement.compose(mine, OVER)
    assert draft is not None
    assert draft.words["account"]["more"] == {"count": 3, "amount": 201 + 202 + 203}
    assert account.movements[0].day == OVER.last
    assert (account.usage, account.late_usage) == (DOLLAR, 0)
    assert account.kinds == {"usage": -DOLLAR, "grant": sum(range(1, 204))}
    assert account.closing == rows.account(mine)["posted"]


def test_reconciliation_of_a_workspace_without_a_statement_begins_with_its_first_entry() -> None:
    mine = workspace()
    booked(mine, DOLLAR, OVER.first)
    before = reconciliation.before(mine, OVER)
    assert (before.next_seq, before.closing, before.remainder) == (1, 0, 0)
    assert read(mine, OVER).movements[0].amount == DOLLAR
