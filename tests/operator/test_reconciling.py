"""The operator's pages of reconciliation: a file is read, its lines are shown, decided on, and taken away as CSV."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import TrailRow
from billing import admin_reconciling_upload
from billing.models import LineDecision, UpstreamFile, UpstreamLine
from catalog.models import Provider
from tests.billing.proof import lives
from tests.operator.reading import column, plain, text
from tests.operator.test_workspace_tabs import staff

pytestmark = pytest.mark.django_db

READ = "/admin/reconcile/"


def ask(operator: Client, lines: str, **other: str) -> str:
    """Hand a file in and return the page that follows."""
    file = SimpleUploadedFile("november.csv", f"day,model,cost\n{lines}".encode(), content_type="text/csv")
    asked = {"provider": Provider.objects.earliest("pk").pk, "preset": "plain", "file": file, **other}
    return operator.post(READ, asked, follow=True).content.decode()


def test_a_file_is_read_and_held_against_ours(operator: Client) -> None:
    day = lives.day_before(1)
    shown = ask(operator, f"{day},m,1.25\n{day},n,2\n")
    assert "2 lines read and held against ours" in shown
    assert "They ask $3.250000000 We expect $0.000000000 Difference $3.250000000" in plain(shown)
    assert "Missing with us" in shown
    assert "Column: Model" in text(operator, "reconcile")
    file = UpstreamFile.objects.get()
    assert (file.name, file.read_by) == ("november.csv", "operator@tollway.test")
    assert TrailRow.objects.filter(model="billing.upstreamfile", verb="add").count() == 1


def test_a_file_is_read_up_to_its_greatest_size_by_who_may(
    operator: Client, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = f"{lives.day_before(1)},m,1\n"
    size = len(f"day,model,cost\n{lines}")
    monkeypatch.setattr(admin_reconciling_upload, "MOST_BYTES", size - 1)
    assert "take fewer days." in ask(operator, lines)
    assert "This field is required." in ask(operator, lines, provider="")
    assert not UpstreamFile.objects.exists()
    monkeypatch.setattr(admin_reconciling_upload, "MOST_BYTES", size)
    assert "1 lines read" in ask(operator, lines)
    assert staff(client, "billing.view_upstreamfile").get(READ).status_code == 403


def test_what_one_side_does_not_say_is_a_dash() -> None:
    file = UpstreamFile(theirs=3, ours=1, states={})
    assert "They ask $0.000000003 We expect $0.000000001 Difference $0.000000002" in column(file, "compared")
    line, ours = UpstreamLine(their_requests=3, our_requests=None), uuid4()
    assert (column(line, "n_requests"), column(line, "our_request")) == ("3 / —", "—")
    assert column(UpstreamLine(request_id=ours), "our_request") == str(ours)


@pytest.mark.parametrize(
    ("lines", "says"), [("yesterday,m,1\n", "line 2: Day or moment"), ("", "no line below its heads")]
)
def test_a_file_that_cannot_be_read_is_told_and_not_kept(operator: Client, lines: str, says: str) -> None:
    assert says in ask(operator, lines)
    assert not UpstreamFile.objects.exists()


def test_a_line_has_a_page_that_leads_to_our_request(operator: Client) -> None:
    ask(operator, f"{lives.day_before(1)},m,1\n")
    line, ours = UpstreamLine.objects.get(), uuid4()
    for request_id, shown in ((None, "Request —"), (ours, f"Request {ours}")):
        if request_id is not None:
            line.pk, line.number, line.request_id = None, 2, request_id
            line.save()
        answer = operator.get(f"/admin/billing/upstreamline/{line.pk}/change/")
        assert answer.status_code == 200
        assert shown in plain(answer.content.decode())


def test_a_column_is_named_by_hand(operator: Client) -> None:
    day = lives.day_before(1)
    assert "the file has no column" in ask(operator, f"{day},m,1\n", column_cost="price")
    assert "1 lines read" in ask(operator, f"{day},m,1\n", column_cost="cost")


def test_lines_are_decided_on_one_by_one_and_the_rest_together(operator: Client) -> None:
    day = lives.day_before(1)
    ask(operator, f"{day},a,1\n{day},b,2\n{day},c,3\n")
    file, line = UpstreamFile.objects.get(), UpstreamLine.objects.get(model="a")
    decide = {"_form_submitted": "on", "verdict": "disputed", "reason": "never asked for"}
    operator.post(f"/admin/billing/upstreamline/{line.pk}/decide/", decide)
    operator.post(
        f"/admin/billing/upstreamfile/{file.pk}/decide/",
        {"_form_submitted": "on", "verdict": "accepted", "reason": "small"},
    )
    found = dict(LineDecision.objects.values_list("line__model", "verdict"))
    assert found == {"a": "disputed", "b": "accepted", "c": "accepted"}
    [row] = operator.get("/admin/billing/upstreamfile/").context["cl"].result_list
    assert row.undecided == 0
    assert "disputed: never asked for" in text(operator, "billing_upstreamline_changelist")
    assert TrailRow.objects.filter(reason__in=["never asked for", "small"]).count() == 2
    unreasoned = operator.post(
        f"/admin/billing/upstreamline/{line.pk}/decide/", {"verdict": "accepted", "reason": ""}
    )
    assert unreasoned.status_code == 200
    assert LineDecision.objects.count() == 3


def test_lines_are_narrowed_and_written_out(operator: Client) -> None:
    day = lives.day_before(1)
    ask(operator, f"{day},=a(),1\n")
    file = UpstreamFile.objects.get()
    address = "/admin/billing/upstreamline/"
    assert len(operator.get(f"{address}?file={file.pk}&state=differs").context["cl"].result_list) == 1
    assert len(operator.get(f"{address}?file={file.pk}&state=matched").context["cl"].result_list) == 0
    answer = operator.get(f"/admin/billing/upstreamfile/{file.pk}/lines.csv")
    written = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert '"\'=a()"' in written
    assert answer["Content-Disposition"] == f'attachment; filename="reconciliation-{file.pk}.csv"'


def test_the_lists_take_as_many_queries_for_many_as_for_one(operator: Client) -> None:
    day = lives.day_before(1)
    ask(operator, f"{day},a,1\n")
    counted = []
    for _ in range(2):
        for address in ("/admin/billing/upstreamfile/", "/admin/billing/upstreamline/"):
            operator.get(address)
            with CaptureQueriesContext(connection) as queries:
                operator.get(address)
            counted.append(len(queries))
        ask(operator, "".join(f"{day},m{number},1\n" for number in range(30)))
    assert counted[:2] == counted[2:]
