"""What a paper shows whoever reads it: which way the money went, when, and amounts as exact as they are."""

import pytest

from billing import ledger
from billing.paper import face, papers, statement
from billing.paper.face import Cell, Face
from kernel import clock
from tests.billing.paper.issuing import DOLLAR, charge, issuer, top_up, workspace
from tests.billing.paper.test_statement import OVER, use

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def somebody_issues() -> None:
    issuer()


def shown(kind: str, made: Face) -> tuple[str, str, str, list[str]]:
    [table] = made.tables
    assert made.title == f"{kind} {made.number}"
    assert [(head.label, head.figures) for head in table.heads] == [("What", False), ("Amount in USD", True)]
    assert table.rows[0][1] == made.figure == table.foot[0][1]
    return made.figure_says, made.sentence, table.rows[0][0].text, [label for label, _ in made.facts]


def test_a_receipt_says_what_was_received_and_a_credit_note_what_was_given_back() -> None:
    mine = workspace()
    paid = top_up(mine, 25 * DOLLAR)
    receipt = papers.issue_receipt(paid)
    today = clock.utc_day(clock.now())
    made = face.face(receipt)
    assert shown("Receipt", made) == (
        "Paid",
        "Nothing is due.",
        "Prepaid credit for Northwind Labs",
        ["Number", "Issued", "Received"],
    )
    assert dict(made.facts)["Received"] == f"{today.day} {today:%b %Y} (UTC)"
    assert made.figure == Cell(nano=25 * DOLLAR, decimals=2)
    taken = ledger.reverse(workspace_id=mine, transaction_id=paid, reason="a slip")
    note = face.face(papers.issue_credit_note(taken))
    says, sentence, what, facts = shown("Credit note", note)
    assert (says, sentence) == ("Refunded", "Taken off the balance on the same day.")
    assert what.endswith(" of prepaid credit of Northwind Labs")
    assert facts == ["Number", "Issued", "Given back", "Corrects"]
    assert dict(note.facts)["Corrects"] == receipt.label


def test_a_payment_of_parts_of_a_cent_is_shown_to_the_last_digit() -> None:
    assert face.face(papers.issue_receipt(top_up(workspace(), DOLLAR + 1))).figure.decimals == 9


def test_a_statement_shows_usage_in_cents_and_balances_to_the_last_digit() -> None:
    mine = workspace()
    top_up(mine, 5 * DOLLAR, day=OVER.first)
    use(mine, OVER.first, DOLLAR + 1, model_id=7, input_tokens=1_200, images=3)
    use(mine, OVER.last, 0, model_id=7, status="failed")
    charge(mine)
    draft = statement.compose(mine, OVER)
    assert draft is not None
    made = face.face(papers.write(draft))
    balance, usage, moved = made.tables
    assert balance.foot[0][1] == Cell(nano=4 * DOLLAR - 1, decimals=9)
    [line] = usage.rows
    assert line[0].under == "3 images"
    assert line[1] == Cell("2", under="1 failed")
    assert line[2:4] == [Cell("1,200"), Cell("")]
    assert line[-1] == usage.foot[0][-1] == Cell(nano=DOLLAR, decimals=2)
    assert not usage.heads[0].figures
    assert {head.figures for head in usage.heads[1:]} == {True}
    assert moved.rows[0][0].text == f"1 {OVER.first:%b %Y}"
    assert f"carried into the next statement: {0.000000001:.9f}" in made.notes[-1]
