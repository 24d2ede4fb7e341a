"""Papers as files by the management API: the bytes of the page Papers, and of nobody else's."""

import csv
import io
from typing import Any

import pytest
from django.test import Client

from billing.models import Paper
from billing.paper import papers
from kernel import money
from tests.billing.managing.asking import Place, ask, furnished_for
from tests.billing.paper.issuing import issuer, top_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Place:
    return furnished_for("paper_id")


def taken(place: Place, ending: str, paper: object = None) -> Any:
    return ask("GET", f"/api/papers/{paper or place.paper}.{ending}", place.secret)


@pytest.mark.parametrize("ending", ["pdf", "csv"])
def test_a_file_is_the_one_of_the_page(place: Place, ending: str) -> None:
    owner = Client()
    owner.force_login(place.owner.user)
    answer = taken(place, ending)
    shown = owner.get(f"/dashboard/papers/{place.paper}.{ending}")
    assert answer.content == shown.content
    assert answer["Content-Disposition"] == shown["Content-Disposition"]


def test_every_paper_that_is_listed_has_its_files(place: Place) -> None:
    receipt = papers.issue_receipt(top_up(place.workspace.pk))
    listed = ask("GET", "/api/papers", place.secret).json()["data"]
    assert [row["kind"] for row in listed] == ["receipt", "statement"]
    for row in listed:
        assert taken(place, "pdf", row["id"]).content.startswith(b"%PDF-")
        page = taken(place, "html", row["id"]).content.decode()
        assert page.startswith("<!doctype html>")
        assert row["number"] in page
    assert "$25.00" in taken(place, "html", receipt.id).content.decode()


def test_the_lines_of_a_statement_add_up_to_it_and_a_receipt_has_none(place: Place) -> None:
    month = Paper.objects.get(pk=str(place.paper))
    lines = list(csv.DictReader(io.StringIO(taken(place, "csv").content.decode())))
    assert sum(money.from_usd(line["usd_exact"]) for line in lines) == month.total_nano
    receipt = papers.issue_receipt(top_up(place.workspace.pk))
    assert taken(place, "csv", receipt.id).json()["code"] == "NOT_FOUND"


def test_a_page_names_its_styles_by_their_whole_address(place: Place) -> None:
    page = taken(place, "html").content.decode()
    assert 'href="http://testserver/static/css/paper' in page
    assert "<script" not in page


def test_a_paper_of_another_issuer_has_no_file_here(place: Place) -> None:
    issuer()
    foreign = papers.issue_receipt(
        top_up(place.workspace.pk), foreign=papers.Foreign("4F2A-0001", "https://pay.example/4F2A")
    )
    for ending in ("pdf", "html", "csv"):
        assert taken(place, ending, foreign.id).status_code == 404
        assert taken(place, ending, "nonsense").json()["code"] == "NOT_FOUND"
