"""Papers: one for each payment and refund, numbered without gaps, kept as they were issued."""

import json
import threading
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, connections, transaction

from accounts.models import Workspace
from billing import ledger
from billing.models import BillingDetails, Paper
from billing.paper import papers, parties
from kernel import ids
from tests.billing import rows
from tests.billing.paper.issuing import DOLLAR, issuer, move, top_up, workspace

RECEIPT, CREDIT_NOTE = Paper.Kind.RECEIPT, Paper.Kind.CREDIT_NOTE


@pytest.mark.django_db
def test_papers_say_everything_by_themselves_and_stay_when_the_workspace_changes() -> None:
    issuer()
    mine = workspace()
    BillingDetails.objects.create(
        workspace_id=mine,
        legal_name="Northwind sp. z o.o.",
        line1="ul. Żurawia 6",
        postal_code="00-503",
        city="Warszawa",
        country="PL",
        tax_id="PL1234567890",
        reference="PO 118",
    )
    receipt = papers.issue_receipt(top_up(mine))
    BillingDetails.objects.filter(pk=mine).update(legal_name="Southwind")
    Workspace.objects.filter(pk=mine).update(name="Southwind")
    said = papers.content(Paper.objects.get(pk=receipt.pk))
    assert said["customer"] == {
        "name": "Northwind sp. z o.o.",
        "lines": ["ul. Żurawia 6", "00-503 Warszawa", "Poland"],
        "tax_id": "PL1234567890",
        "email": "",
        "reference": "PO 118",
        "workspace": "Northwind Labs",
    }
    assert said["issuer"]["name"] == "Tollway Operations GmbH"
    assert said["payment"]["what"] == "Top-up"
    assert said["payment"]["amount"] == receipt.total_nano == 25 * DOLLAR
    assert (said["number"], receipt.total_cents, said["currency"]) == (receipt.label, 2500, "USD")
    assert said["format"] == 1


@pytest.mark.django_db
def test_papers_are_issued_once_for_a_payment() -> None:
    issuer()
    paid = top_up(workspace())
    first = papers.issue_receipt(paid)
    again = papers.issue_receipt(paid)
    assert again.pk == first.pk
    assert papers.issue_receipt(top_up(first.workspace_id)).number == (first.number or 0) + 1


@pytest.mark.django_db
def test_papers_wait_for_somebody_who_issues_them() -> None:
    with pytest.raises(parties.NoIssuer):
        papers.issue_receipt(top_up(workspace()))


@pytest.mark.django_db
def test_papers_name_the_receipt_that_a_refund_takes_back() -> None:
    issuer()
    mine = workspace()
    paid = top_up(mine)
    receipt = papers.issue_receipt(paid)
    refunded = ledger.post(
        workspace_id=mine,
        kind=ledger.Kind.REFUND,
        amount=-5 * DOLLAR,
        offset=ledger.System.CLEARING,
        idem_key="refund",
        lot_of=paid,
    )
    note = papers.issue_credit_note(refunded)
    said = papers.content(note)["payment"]
    assert (note.kind, note.total_cents) == (CREDIT_NOTE, 500)
    assert said["corrects"] == [receipt.label]


@pytest.mark.django_db
def test_papers_take_back_a_receipt_whose_top_up_was_reversed() -> None:
    issuer()
    mine = workspace()
    paid = top_up(mine)
    receipt = papers.issue_receipt(paid)
    note = papers.issue_credit_note(ledger.reverse(workspace_id=mine, transaction_id=paid, reason="a slip"))
    assert papers.content(note)["payment"]["corrects"] == [receipt.label]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        (ledger.Kind.GRANT, DOLLAR),
        (ledger.Kind.ADJUSTMENT, -DOLLAR),
        (ledger.Kind.DISPUTE, -DOLLAR),
        (ledger.Kind.REFUND, -DOLLAR),
    ],
)
def test_papers_are_no_receipts_for_what_is_no_payment(kind: ledger.Kind, amount: int) -> None:
    issuer()
    with pytest.raises(ValueError, match="receipt"):
        papers.issue_receipt(move(workspace(), kind, amount))
    with pytest.raises(LookupError):
        papers.issue_receipt(ids.request_id())


@pytest.mark.django_db
def test_papers_record_the_document_of_another_issuer_and_take_no_number_for_it() -> None:
    paid = top_up(workspace())
    foreign = papers.Foreign("4F2A-0001", "https://pay.example/receipts/4F2A-0001")
    receipt = papers.issue_receipt(paid, foreign=foreign)
    assert (receipt.label, receipt.series, receipt.foreign_url) == ("4F2A-0001", None, foreign.url)
    assert papers.issue_receipt(paid).pk == receipt.pk


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["http://pay.example/1", "javascript:alert(1)", ""])
def test_papers_link_to_nothing_but_https(url: str) -> None:
    with pytest.raises(ValueError, match="foreign"):
        papers.issue_receipt(top_up(workspace()), foreign=papers.Foreign("1", url))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_paper SET total_cents = 1",
        "DELETE FROM billing_paper",
        "TRUNCATE billing_paper",
        "UPDATE billing_paper_series SET last = last + 2",
        "UPDATE billing_paper_series SET last = last - 1",
        "DELETE FROM billing_paper_series",
        "TRUNCATE billing_paper_series CASCADE",
        "INSERT INTO billing_paper_series (series, last) VALUES ('X', 7)",
    ],
)
def test_papers_and_their_numbers_cannot_be_changed_by_any_program(statement: str) -> None:
    issuer()
    papers.issue_receipt(top_up(workspace()))
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.run(statement)


@transaction.atomic
def take_a_number(*, then: Paper | None = None) -> None:
    rows.run("UPDATE billing_paper_series SET last = last + 1 WHERE series = 'R'")
    if then is not None:
        then.save(force_insert=True)
    rows.run("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
def test_papers_numbers_that_nobody_uses_cannot_be_committed() -> None:
    issuer()
    papers.issue_receipt(top_up(workspace()))
    with pytest.raises(DatabaseError, match="has no paper"):
        take_a_number()


@pytest.mark.django_db
def test_papers_whose_content_is_not_what_its_digest_says_cannot_be_written() -> None:
    issuer()
    mine = workspace()
    receipt = papers.issue_receipt(top_up(mine))
    receipt.id, receipt.number, receipt.transaction_id = (
        ids.request_id(),
        (receipt.number or 0) + 1,
        top_up(mine),
    )
    receipt.content = json.dumps({"number": receipt.label})
    with pytest.raises(DatabaseError, match="paper_content_has_its_digest"):
        take_a_number(then=receipt)


class Broken(Exception):
    """Stands for a process that dies before its commit."""


@transaction.atomic
def die_after_issuing(payment: UUID) -> None:
    papers.issue_receipt(payment)
    raise Broken


@pytest.mark.usefixtures("committed")
def test_papers_are_numbered_without_gaps_by_fifty_threads_that_also_fail() -> None:
    issuer()
    mine = workspace()
    payments = [top_up(mine, DOLLAR) for _ in range(50)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(last), 0) FROM billing_paper_series WHERE series = 'R'")
        [before] = cursor.fetchone()
    barrier, failures = threading.Barrier(50), []

    def issue(place: int) -> None:
        try:
            barrier.wait(timeout=30)
            if place % 3 == 0:
                with pytest.raises(Broken):
                    die_after_issuing(payments[place])
            papers.issue_receipt(payments[place])
            papers.issue_receipt(payments[(place + 1) % 50])
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=issue, args=(place,)) for place in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []
    numbers = Paper.objects.filter(workspace_id=mine).values_list("number", flat=True)
    assert sorted(number or 0 for number in numbers) == list(range(before + 1, before + 51))
