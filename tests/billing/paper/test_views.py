"""The page Papers: who sees it, what it lists, the files it gives, and whom papers are made out to."""

import csv
from io import StringIO

import pytest
from django.test import Client

from accounts.models import Member, User
from billing.models import BillingDetails, Paper
from billing.paper import papers, statement
from kernel import money
from tests.billing import rows
from tests.billing.paper.issuing import DOLLAR, charge, issuer, top_up, workspace
from tests.billing.paper.test_statement import OVER, use
from tests.billing.test_views import Plain, read, signed_in

pytestmark = pytest.mark.django_db


def statement_of(mine: int) -> Paper:
    use(mine, OVER.first, 1_234_567_890, input_tokens=1_000, images=2)
    use(mine, OVER.last, 3, api_key_id=2, status="failed")
    charge(mine)
    draft = statement.compose(mine, OVER)
    assert draft is not None
    return papers.write(draft)


def test_papers_are_listed_newest_first_with_what_they_come_to() -> None:
    issuer()
    mine = workspace()
    receipt = papers.issue_receipt(top_up(mine, 25 * DOLLAR))
    month = statement_of(mine)
    text = read(signed_in(mine).get("/dashboard/papers"))
    assert f"{receipt.label} Receipt" in text
    assert f"{month.label} Usage statement {OVER.words}" in text
    assert text.index(month.label) < text.index(receipt.label)
    assert "$25.00" in text
    assert "$1.23" in text


def test_papers_page_says_what_will_come_where_there_are_none() -> None:
    assert "No papers yet" in read(signed_in(workspace()).get("/dashboard/papers"))


def test_papers_of_another_issuer_are_links_to_it() -> None:
    mine = workspace()
    papers.issue_receipt(top_up(mine), foreign=papers.Foreign("4F2A-0001", "https://pay.example/4F2A"))
    page = signed_in(mine).get("/dashboard/papers").content.decode()
    assert '<a class="link" href="https://pay.example/4F2A" rel="noopener noreferrer">4F2A-0001</a>' in page


def test_papers_have_pages_of_twenty_five() -> None:
    issuer()
    mine = workspace()
    for _ in range(26):
        papers.issue_receipt(top_up(mine, DOLLAR))
    client = signed_in(mine)
    assert "1–25 of 26" in read(client.get("/dashboard/papers"))
    assert "26–26 of 26" in read(client.get("/dashboard/papers?page=2"))
    assert "26–26 of 26" in read(client.get("/dashboard/papers?page=999999"))
    assert "1–25 of 26" in read(client.get("/dashboard/papers?page=x"))


def test_papers_show_a_receipt_with_everything_it_says() -> None:
    issuer()
    mine = workspace()
    receipt = papers.issue_receipt(top_up(mine))
    text = read(signed_in(mine).get(f"/dashboard/papers/{receipt.id}"))
    for part in (
        "Receipt",
        "Tollway Operations GmbH",
        "Tax id DE123456789",
        "Northwind Labs",
        receipt.label,
        "Paid $25.00",
        "Nothing is due.",
        "Amtsgericht Charlottenburg",
        bytes(receipt.digest).hex(),
    ):
        assert part in text


def test_papers_show_a_statement_in_cents_and_to_the_last_digit() -> None:
    issuer()
    mine = workspace()
    month = statement_of(mine)
    text = read(signed_in(mine).get(f"/dashboard/papers/{month.id}"))
    assert "No amount due." in text
    assert "no amount is due and no tax is shown" in text
    assert "1.234567893 USD was used" in text
    assert "carried into the next statement: 0.004567893" in text
    assert "2 images" in text
    assert "1 failed" in text
    assert "−$1.234567893" in text


def test_papers_give_pdf_and_lines_that_sum_to_the_statement() -> None:
    issuer()
    mine = workspace()
    month, client = statement_of(mine), signed_in(mine)
    made = client.get(f"/dashboard/papers/{month.id}.pdf")
    assert (made["Content-Type"], made["Content-Disposition"]) == (
        "application/pdf",
        f'attachment; filename="{month.label}.pdf"',
    )
    lines = list(csv.DictReader(StringIO(client.get(f"/dashboard/papers/{month.id}.csv").content.decode())))
    assert sum(money.from_usd(line["usd_exact"]) for line in lines) == month.total_nano
    assert sum(money.from_usd(line["usd_cents"]) for line in lines) == money.from_cents(month.total_cents)
    assert [line["images"] for line in lines] == ["2", "0"]


def test_papers_of_another_workspace_are_not_found() -> None:
    issuer()
    receipt = papers.issue_receipt(top_up(workspace()))
    client = signed_in(workspace())
    for end in ("", ".pdf", ".csv"):
        assert client.get(f"/dashboard/papers/{receipt.id}{end}").status_code == 404


def test_papers_of_receipts_have_no_lines() -> None:
    issuer()
    mine = workspace()
    receipt = papers.issue_receipt(top_up(mine))
    assert signed_in(mine).get(f"/dashboard/papers/{receipt.id}.csv").status_code == 404


@pytest.mark.parametrize("role", ["owner", "admin", "billing", "developer", "viewer"])
def test_papers_are_for_owners_admins_and_billing_members(role: str) -> None:
    user = User.objects.create_user(f"{role}@northwind.example", "a long road to drive")
    Member.objects.create(user=user, workspace_id=workspace(), role=role)
    client = Client()
    client.force_login(user)
    allowed = role in {"owner", "admin", "billing"}
    for path in ("/dashboard/papers", "/dashboard/papers/details"):
        assert client.get(path).status_code == (200 if allowed else 403)


def test_papers_ask_strangers_to_sign_in() -> None:
    assert Client().get("/dashboard/papers")["Location"].startswith("/accounts/login/")


DETAILS = {
    "legal_name": "Northwind sp. z o.o.",
    "line1": "ul. Żurawia 6",
    "city": "Warszawa",
    "country": "PL",
    "tax_id": "pl 1234567890",
    "email": "faktury@northwind.example",
}


def test_billing_details_are_kept_for_papers_to_come() -> None:
    mine = workspace()
    client = signed_in(mine)
    answer = client.post("/dashboard/papers/details", DETAILS, follow=True)
    assert "Northwind sp. z o.o." in read(answer)
    row = BillingDetails.objects.get(pk=mine)
    assert (row.tax_id, row.changed_by) == ("PL 1234567890", "mara@northwind.example")
    assert 'value="Northwind sp. z o.o."' in client.get("/dashboard/papers/details").content.decode()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("legal_name", "", "required"),
        ("line1", "", "required"),
        ("country", "XX", "Select a valid choice"),
        ("tax_id", "12", "such as PL1234567890"),
        ("email", "nobody", "valid email"),
    ],
)
def test_billing_details_say_beside_the_field_what_is_wrong(field: str, value: str, says: str) -> None:
    mine = workspace()
    answer = signed_in(mine).post("/dashboard/papers/details", DETAILS | {field: value})
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not BillingDetails.objects.filter(pk=mine).exists()


def test_papers_need_nothing_that_a_strict_policy_refuses() -> None:
    issuer()
    mine = workspace()
    month, client = statement_of(mine), signed_in(mine)
    for path in ("/dashboard/papers", f"/dashboard/papers/{month.id}", "/dashboard/papers/details"):
        page = Plain()
        page.feed(client.get(path).content.decode())
        assert page.refused == []


def test_papers_export_refuses_a_month_it_cannot_read() -> None:
    client = signed_in(rows.workspace())
    assert client.get("/dashboard/papers/requests.csv?month=nov").status_code == 404
