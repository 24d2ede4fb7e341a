"""PDF: the same bytes each time, our font within, a language and a title, all pages numbered."""

import base64
import datetime
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from billing.models import Paper
from billing.paper import face, papers, pdf, statement
from billing.paper.type_faces import set_text
from tests.billing import rows
from tests.billing.paper.issuing import charge, issuer, top_up, workspace
from tests.billing.paper.test_statement import OVER, use

pytestmark = pytest.mark.django_db


def drawn(paper: Paper) -> bytes:
    return pdf.draw(face.face(paper), digest=bytes(paper.digest).hex())


def operators(made: bytes) -> Iterator[str]:
    """Yield what is drawn on each page, line by line."""
    for found in re.finditer(
        rb"/ASCII85Decode /FlateDecode \] /Length \d+\s*>>\s*stream\r?\n(.+?)~>", made, re.S
    ):
        stream = zlib.decompress(base64.a85decode(found[1]))
        if stream.startswith(b"1 0 0 1"):
            yield from stream.decode("latin-1").splitlines()


def test_pdf_is_the_same_bytes_however_often_it_is_drawn() -> None:
    issuer()
    receipt = papers.issue_receipt(top_up(workspace()))
    made = drawn(receipt)
    assert made == drawn(Paper.objects.get(pk=receipt.pk))
    assert made.startswith(b"%PDF-")
    assert f"D:{receipt.issued_at:%Y%m%d%H%M%S}".encode() in made


def test_pdf_says_its_title_and_language_and_embeds_its_font() -> None:
    issuer()
    made = drawn(papers.issue_receipt(top_up(workspace())))
    assert b"/Lang (en-US)" in made
    assert b"/Title (Receipt R-" in made
    assert b"NotoSans-Regular" in made
    assert made.count(b"/FontFile2") == 2


def test_pdf_of_a_long_statement_has_as_many_pages_as_it_says() -> None:
    issuer()
    mine = workspace()
    for number in range(120):
        use(mine, OVER.first, 10_000_000, model_id=number, input_tokens=10**9, images=3)
    charge(mine)
    draft = statement.compose(mine, OVER)
    assert draft is not None
    made = drawn(papers.write(draft))
    pages = len(re.findall(rb"/Type /Page\b", made))
    assert pages >= 4
    assert f"/Count {pages}".encode() in made


def test_pdf_markup_of_what_customers_write_is_only_text() -> None:
    assert set_text('<b>&"</b>') == '&lt;b&gt;&amp;"&lt;/b&gt;'


@pytest.mark.parametrize(
    ("text", "font"),
    [
        ("株式会社サンプル", "HeiseiKakuGo-W5"),
        ("ヿ", "HeiseiKakuGo-W5"),
        ("삼성전자", "HYGothic-Medium"),
        ("가", "HYGothic-Medium"),
        ("힣", "HYGothic-Medium"),
        ("北京", "STSong-Light"),
    ],
)
def test_pdf_sets_east_asian_names_in_fonts_that_readers_bring(text: str, font: str) -> None:
    assert f'<font name="{font}">' in set_text(f"Acme {text}")


def test_pdf_leaves_signs_that_no_font_has_as_they_are() -> None:
    assert set_text("Acme ☃ Żółw") == "Acme ☃ Żółw"


def test_pdf_draws_names_in_any_script() -> None:
    issuer()
    mine = rows.workspace()
    receipt = papers.issue_receipt(top_up(mine))
    said = face.face(receipt)
    party = face.Party("Made out to", "Żółw Ελλάς Ижевск 北京 株式会社 ☃ \u0007", ["<script>"])
    assert pdf.draw(replace(said, parties=[party]), digest="0").startswith(b"%PDF-")


def test_pdf_looks_as_it_did() -> None:
    """What was issued is drawn anew each time it is read, and has to look as it did."""
    amount, heads = face.Cell(nano=12_345_678_901), [face.Head("What"), face.Head("Amount", figures=True)]
    table = face.Table(
        "Payments", heads, [[face.Cell("Top-up", "by card"), amount]], [[face.Cell("Sum"), amount]]
    )
    exact = replace(amount, decimals=9)
    many = [
        face.Head("Model and key"),
        face.Head("Kind"),
        *(face.Head(f"F{n}", figures=True) for n in range(3)),
    ]
    lines = [[face.Cell("m"), face.Cell("k"), face.Cell("7", "of 9"), exact, face.Cell("1,000")]] * 60
    paper = face.Face(
        kind="Receipt",
        number="R-000123",
        issued=datetime.datetime(2026, 11, 1, 9, 30, tzinfo=datetime.UTC),
        facts=[("Number", "R-000123")],
        parties=[face.Party("Issued by", "Tollway BV", ["Kade 1"]), face.Party("Made out to", "Ada", [])],
        figure=amount,
        figure_says="Received",
        sentence="Paid by card.",
        tables=[table, face.Table("Usage", many, lines, wide=True), face.Table("", heads, [], note="None.")],
        notes=["Two\nlines."],
    )
    drawn = list(operators(pdf.draw(paper, digest="ab" * 32)))
    assert sum("Model and key" in line for line in drawn) == sum("Page " in line for line in drawn) == 4
    # Whoever changes how papers look on purpose, and has looked at one, writes down what they come to now.
    assert hashlib.sha256("\n".join(drawn).encode()).hexdigest()[:16] == "52b143fe96bf7606"
