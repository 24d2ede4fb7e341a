"""Movements: what each is called, which needs a paper, and which receipts it takes back."""

from uuid import UUID

import pytest

from billing import ledger
from billing.models import Paper
from billing.paper import movements, papers
from billing.paper.movements import Moved
from kernel import clock, ids
from tests.billing.paper.issuing import DOLLAR, issuer, move, top_up, workspace

Kind = ledger.Kind
RECEIPT, CREDIT_NOTE = Paper.Kind.RECEIPT, Paper.Kind.CREDIT_NOTE


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        (Kind.TOP_UP, "plan:1", "Top-up"),
        (Kind.GRANT, "voucher:1:2", "Voucher"),
        (Kind.GRANT, "plan:1:2026-11-01", "Plan credit"),
        (Kind.GRANT, "desk:voucher", "Credit granted"),
        (Kind.DISPUTE, "", "Disputed payment"),
    ],
)
def test_movements_are_called_by_their_kind_and_grants_by_their_giver(
    kind: Kind, key: str, said: str
) -> None:
    assert movements.words(kind, key) == said


@pytest.mark.parametrize(
    ("kind", "amount", "original", "paper"),
    [
        (Kind.TOP_UP, 1, None, RECEIPT),
        (Kind.TOP_UP, 0, None, None),
        (Kind.TOP_UP, -1, None, None),
        (Kind.REFUND, -1, None, CREDIT_NOTE),
        (Kind.REFUND, 0, None, None),
        (Kind.REFUND, 1, None, None),
        (Kind.REVERSAL, -1, Kind.TOP_UP, CREDIT_NOTE),
        (Kind.REVERSAL, -1, Kind.GRANT, None),
        (Kind.REVERSAL, 1, Kind.TOP_UP, None),
        (Kind.GRANT, 1, None, None),
        (Kind.ADJUSTMENT, -1, Kind.TOP_UP, None),
    ],
)
def test_movements_need_a_paper_where_money_was_paid_or_paid_back(
    kind: Kind, amount: int, original: Kind | None, paper: Paper.Kind | None
) -> None:
    day = clock.utc_day(clock.now())
    assert Moved(ids.request_id(), 1, kind, "key", day, amount, None, original).document == paper


@pytest.mark.django_db
def test_movements_are_listed_newest_first_from_any_line_on() -> None:
    mine, other = workspace(), workspace()
    top_up(other, 3 * DOLLAR)
    top_up(mine, 10 * DOLLAR)
    move(mine, Kind.GRANT, 5 * DOLLAR, key="voucher:1", offset=ledger.System.PROMOTION)
    move(mine, Kind.REFUND, -2 * DOLLAR)
    found = movements.booked(mine, before=None, limit=2)
    assert [(line.seq, line.what, line.amount, line.balance_after) for line in found] == [
        (3, "Refund", -2 * DOLLAR, 13 * DOLLAR),
        (2, "Voucher", 5 * DOLLAR, 15 * DOLLAR),
    ]
    assert [line.seq for line in movements.booked(mine, before=2, limit=2)] == [1]
    assert movements.booked(mine, before=1, limit=2) == []


@pytest.mark.django_db
def test_movements_reverse_nothing_unless_they_are_reversals() -> None:
    mine = workspace()
    first, second = top_up(mine), top_up(mine)
    found = movements.find(move(mine, Kind.GRANT, DOLLAR, key=f"r:{second}"))
    assert (found.original, found.original_kind, found.what) == (None, None, "Credit granted")
    back = movements.find(ledger.reverse(workspace_id=mine, transaction_id=first, reason="a slip"))
    assert (back.original, back.original_kind, back.what) == (first, "topup", "Reversal")


def refund(workspace: int, amount: int, of: UUID) -> UUID:
    return ledger.post(
        workspace_id=workspace,
        kind=Kind.REFUND,
        amount=-amount,
        offset=ledger.System.CLEARING,
        idem_key=f"test:{ids.request_id()}",
        lot_of=of,
    )


@pytest.mark.django_db
def test_movements_name_the_receipts_they_take_back_and_at_most_five() -> None:
    issuer()
    mine = workspace()
    paid = [top_up(mine, DOLLAR) for _ in range(7)]
    receipts = [papers.issue_receipt(each).label for each in paid]
    assert movements.corrected(movements.find(refund(mine, DOLLAR, paid[2]))) == [receipts[2]]
    assert movements.corrected(movements.find(refund(mine, 6 * DOLLAR, paid[0]))) == [
        *receipts[:2],
        *receipts[3:6],
    ]
    assert movements.corrected(movements.find(paid[0])) == []


@pytest.mark.django_db
def test_movements_lack_papers_until_each_has_its_own() -> None:
    issuer()
    mine, other = workspace(), workspace()
    first, second, third = top_up(mine, 1), top_up(mine, DOLLAR), top_up(other)
    granted = move(mine, Kind.GRANT, DOLLAR)
    ledger.reverse(workspace_id=mine, transaction_id=granted, reason="a slip")
    move(mine, Kind.REFUND, 2 * DOLLAR)  # it failed at the bank and came back
    back = refund(mine, DOLLAR, second)
    lacking = [(first, RECEIPT), (second, RECEIPT), (third, RECEIPT), (back, CREDIT_NOTE)]
    assert movements.undocumented(10) == lacking
    assert movements.undocumented(2) == lacking[:2]
    papers.issue_receipt(second)
    papers.issue_receipt(third)
    assert movements.undocumented(10) == [lacking[0], lacking[3]]
