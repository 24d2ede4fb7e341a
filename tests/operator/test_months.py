"""Months in the admin: how each stands, closed by a dialog, with what came later beside it."""

import csv
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import TrailRow, Workspace
from billing.ledger import Kind, System
from billing.models import BookMonth, MonthClose
from billing.month_end import sweeps
from kernel import clock
from tests.billing.month_end.test_counting import last_month, post
from tests.operator.reading import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def month(operator: Client) -> BookMonth:
    post(
        Workspace.objects.get().pk,
        Kind.TOP_UP,
        1_234_567_890_123,
        System.CLEARING,
        month=last_month(),
        key="m",
    )
    BookMonth.objects.create(first=last_month().first)
    sweeps.count_due(clock.now(), seconds=60)
    return BookMonth.objects.get(first=last_month().first)


def close(operator: Client, month: BookMonth, **asked: str) -> None:
    address = reverse("admin:billing_bookmonth_close", args=[month.pk])
    answer = operator.post(address, {"_form_submitted": "True", "reason": "in order", **asked})
    assert answer.status_code == 302, answer.content.decode()


def test_a_month_shows_what_moved_and_is_closed_by_a_dialog(operator: Client, month: BookMonth) -> None:
    assert f"{month.first:%B %Y}" in text(operator, "billing_bookmonth_changelist")
    shown = text(operator, "billing_bookmonth_change", month.pk)
    assert 'title="$1234.567890123"' in shown
    assert "All legs sum to zero" in shown
    asked = text(operator, "billing_bookmonth_close", month.pk)
    assert "No audit of everything since its end." in asked
    close(operator, month)
    assert not MonthClose.objects.exists()
    close(operator, month, nonetheless="on", reason="the audit runs at night")
    [made] = MonthClose.objects.all()
    assert made.reason == "the audit runs at night"
    assert "No audit of everything" in text(operator, "billing_monthclose_change", made.pk)
    [row] = TrailRow.objects.filter(model="billing.monthclose")
    assert "the audit runs at night" in row.said


def test_what_came_later_stands_beside_a_closed_month(operator: Client, month: BookMonth) -> None:
    close(operator, month, nonetheless="on")
    assert "closed, differs" not in text(operator, "billing_bookmonth_changelist")
    post(Workspace.objects.get().pk, Kind.ADJUSTMENT, -41, System.REVENUE, month=last_month(), key="late")
    operator.post(reverse("admin:billing_bookmonth_count", args=[month.pk]), {"_form_submitted": "True"})
    sweeps.count_asked(clock.now(), seconds=60)
    assert "closed, differs" in text(operator, "billing_bookmonth_changelist")
    assert 'title="−$0.000000041"' in text(operator, "billing_bookmonth_change", month.pk)


def test_the_csv_has_every_figure_to_the_nano(operator: Client, month: BookMonth) -> None:
    answer = operator.get(reverse("admin:billing_bookmonth_export", args=[month.pk]))
    assert answer["Content-Type"].startswith("text/csv")
    lines = {line["figure"]: line["usd_now"] for line in csv.DictReader(StringIO(answer.content.decode()))}
    assert lines["Top-ups"] == "1234.567890123"
    assert lines["House account clearing"] == "-1234.567890123"


def test_the_list_takes_as_many_queries_for_many_as_for_one(operator: Client, month: BookMonth) -> None:
    address = reverse("admin:billing_bookmonth_changelist")
    operator.get(address)
    with CaptureQueriesContext(connection) as one:
        operator.get(address)
    for number in range(1, 7):
        BookMonth.objects.create(first=f"2025-0{number}-01", figures=month.figures, counted_at=clock.now())
    with CaptureQueriesContext(connection) as many:
        operator.get(address)
    assert len(many) == len(one)
    assert not [query["sql"] for query in many if "ledger" in query["sql"]]
