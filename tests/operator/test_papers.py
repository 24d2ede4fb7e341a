"""What operators see of papers and do about vouchers: nothing that was issued changes, codes are shown once."""

import csv
from io import StringIO
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import Workspace
from billing import statements
from billing.models import BillingDetails, Paper, PaperIssuer, VoucherBatch
from billing.paper import papers
from kernel import clock
from tests.billing.paper.issuing import DOLLAR, issuer, top_up
from tests.operator.reading import column, plain, said, text
from tests.operator.test_workspace_tabs import staff

pytestmark = pytest.mark.django_db

ISSUER = {
    "legal_name": "Tollway Operations GmbH",
    "line1": "Kastanienallee 1",
    "city": "Berlin",
    "country": "DE",
    "tax_id": "DE123456789",
    "email": "papers@tollway.example",
}
SENT = {"_form_submitted": "on"}
BATCH = {"note": "Fair in May", "usd": "5", "codes": "3", "most_redemptions": "1", "once_per_workspace": "on"}


def test_papers_are_found_by_number_and_drawn(operator: Client) -> None:
    issuer()
    receipt = papers.issue_receipt(top_up(Workspace.objects.get().pk))
    listed = text(operator, "billing_paper_changelist", query=f"?q={receipt.label}")
    assert receipt.label in listed
    assert bytes(receipt.digest).hex() in text(operator, "billing_paper_change", receipt.pk)
    made = operator.get(reverse("admin:billing_paper_pdf", args=[receipt.pk]))
    assert made.content.startswith(b"%PDF-")
    assert operator.get(reverse("admin:billing_paper_pdf", args=[uuid4()])).status_code == 404
    assert column(receipt, "label") == receipt.label
    foreign = papers.Foreign("4F2A-0001", "https://pay.example/receipts/4F2A-0001")
    elsewhere = papers.issue_receipt(top_up(receipt.workspace_id), foreign=foreign)
    assert operator.get(reverse("admin:billing_paper_pdf", args=[elsewhere.pk])).status_code == 404
    assert column(elsewhere, "portable") == "elsewhere"


def test_papers_cannot_be_changed_added_or_deleted(operator: Client) -> None:
    issuer()
    receipt = papers.issue_receipt(top_up(Workspace.objects.get().pk))
    place = "admin:billing_paper"
    assert operator.post(reverse(f"{place}_change", args=[receipt.pk]), {"number": 9}).status_code == 403
    assert operator.get(reverse(f"{place}_add")).status_code == 403
    assert operator.post(reverse(f"{place}_delete", args=[receipt.pk]), {"post": "yes"}).status_code == 403
    assert Paper.objects.get().number == receipt.number


def test_the_issuer_is_filled_in_once_and_changed_with_a_trace(operator: Client, client: Client) -> None:
    PaperIssuer.objects.all().delete()
    assert operator.post(reverse("admin:billing_paperissuer_add"), ISSUER).status_code == 302
    assert PaperIssuer.objects.get().legal_name == "Tollway Operations GmbH"
    assert operator.get(reverse("admin:billing_paperissuer_add")).status_code == 403
    changed = operator.post(
        reverse("admin:billing_paperissuer_change", args=[1]), ISSUER | {"legal_name": "Tollway SE"}
    )
    assert changed.status_code == 302
    assert PaperIssuer.objects.get().legal_name == "Tollway SE"
    assert LogEntry.objects.filter(object_id="1").count() == 2
    PaperIssuer.objects.all().delete()
    staff(client, "billing.view_paperissuer")
    assert client.get(reverse("admin:billing_paperissuer_add")).status_code == 403


def test_billing_details_are_checked_as_the_customers_own_form_does(operator: Client) -> None:
    mine = Workspace.objects.get().pk
    BillingDetails.objects.create(workspace_id=mine, legal_name="Northwind", country="DE")
    address = reverse("admin:billing_billingdetails_change", args=[mine])
    assert "such as DE123456789" in operator.post(address, ISSUER | {"tax_id": "1"}).content.decode()
    assert operator.post(address, ISSUER).status_code == 302
    assert BillingDetails.objects.get().changed_by == "operator@tollway.test"
    assert operator.get(reverse("admin:billing_billingdetails_add")).status_code == 403


def made(operator: Client, **terms: str) -> list[dict[str, str]]:
    answer = operator.post(reverse("admin:billing_voucherbatch_add"), BATCH | {"token": str(uuid4())} | terms)
    assert answer["Content-Type"] == "text/csv"
    assert "no-store" in answer["Cache-Control"]
    assert (
        said(answer)
        == f"{terms.get('codes', '3')} codes were made and sent as CSV. They cannot be shown again."
    )
    return list(csv.DictReader(StringIO(answer.content.decode())))


def test_codes_come_once_as_csv_and_are_on_no_page(operator: Client) -> None:
    codes = made(operator)
    assert [line["usd"] for line in codes] == ["5.00"] * 3
    batch = VoucherBatch.objects.get()
    assert (batch.amount, batch.created_by, batch.codes) == (5 * DOLLAR, "operator@tollway.test", 3)
    shown = text(operator, "billing_voucherbatch_change", batch.pk)
    assert "USD for each redemption $5.000000000" in plain(shown)
    assert "Redeemed 0" in plain(shown)
    pages = text(operator, "billing_voucherbatch_changelist") + shown
    pages += text(operator, "billing_voucher_changelist")
    assert codes[0]["code"][:7] in pages
    assert not any(line["code"] in pages for line in codes)


def test_codes_are_made_once_by_two_clicks(operator: Client) -> None:
    token = str(uuid4())
    made(operator, token=token)
    again = operator.post(reverse("admin:billing_voucherbatch_add"), BATCH | {"token": token})
    assert "These codes were made already" in again.content.decode()
    assert VoucherBatch.objects.count() == 1


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"usd": "0"}, "More than zero"),
        ({"usd": "10000.01"}, "at most 10,000 USD"),
        ({"usd": "0.0000000001"}, "finer than a nano-dollar"),
        ({"redeem_by": "2020-01-01"}, "A day to come."),
        ({"redeem_by": "today"}, "A day to come."),
        ({"credit_days": "3", "credit_ends_on": "2999-01-01"}, "not both"),
        ({"codes": "10001"}, "less than or equal to 10000"),
        ({"codes": "0"}, "greater than or equal to 1"),
    ],
)
def test_batches_that_make_no_sense_are_refused(operator: Client, terms: dict[str, str], says: str) -> None:
    terms = {
        name: f"{clock.utc_day(clock.now())}" if value == "today" else value for name, value in terms.items()
    }
    answer = operator.post(reverse("admin:billing_voucherbatch_add"), BATCH | {"token": str(uuid4())} | terms)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not VoucherBatch.objects.exists()


def test_an_operator_redeems_for_a_workspace_with_a_reason(operator: Client) -> None:
    [line, *_] = made(operator)
    mine = Workspace.objects.get()
    before = statements.balance(mine.pk).posted
    address = reverse("admin:billing_voucherbatch_redeem")
    form = SENT | {"code": line["code"], "workspace": mine.slug, "reason": "They cannot sign in."}
    assert operator.post(address, form).status_code == 302
    assert statements.balance(mine.pk).posted == before + 5 * DOLLAR
    assert "They cannot sign in." in LogEntry.objects.latest("pk").change_message
    assert operator.post(address, form | {"workspace": "nobody"}).status_code == 200
    operator.post(address, form)
    assert statements.balance(mine.pk).posted == before + 5 * DOLLAR


def test_a_batch_is_stopped_with_a_reason(operator: Client) -> None:
    made(operator)
    batch = VoucherBatch.objects.get()
    operator.post(reverse("admin:billing_voucherbatch_stop", args=[batch.pk]), SENT | {"reason": "Leaked."})
    batch.refresh_from_db()
    assert batch.stopped_at is not None
    assert "Leaked." in LogEntry.objects.latest("pk").change_message
