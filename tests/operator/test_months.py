"""Months in the admin: how each stands, closed by a dialog, with what came later beside it."""

import csv
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import TrailRow, Workspace
from billing.admin_month_figures import file_lines
from billing.ledger import Kind, System
from billing.models import AuditRun, BookMonth, MonthClose
from billing.month_end import sweeps
from billing.month_end.counting import Figures
from kernel import clock
from tests.billing.month_end.test_counting import last_month, post
from tests.operator.reading import column, plain, text

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
    assert "Top-ups $1,234.567890123" in plain(shown)
    assert f"/bookmonth/{month.pk}/close" in shown
    assert "All legs sum to zero" in shown
    asked = text(operator, "billing_bookmonth_close", month.pk)
    assert "No audit of everything since its end." in asked
    close(operator, month)
    assert not MonthClose.objects.exists()
    close(operator, month, nonetheless="on", reason="the audit runs at night")
    [made] = MonthClose.objects.all()
    assert made.reason == "the audit runs at night"
    shown = text(operator, "billing_monthclose_change", made.pk)
    assert "No audit of everything" in shown
    assert "Top-ups $1,234.567890123" in plain(shown)
    assert "the hashes hold" in shown
    assert bytes(made.hash).hex() in shown
    assert f"/bookmonth/{month.pk}/close" not in text(operator, "billing_bookmonth_change", month.pk)
    [row] = TrailRow.objects.filter(model="billing.monthclose")
    assert "the audit runs at night" in row.said


def test_what_came_later_stands_beside_a_closed_month(operator: Client, month: BookMonth) -> None:
    close(operator, month, nonetheless="on")
    assert "closed, differs" not in text(operator, "billing_bookmonth_changelist")
    post(Workspace.objects.get().pk, Kind.ADJUSTMENT, -41, System.REVENUE, month=last_month(), key="late")
    operator.post(reverse("admin:billing_bookmonth_count", args=[month.pk]), {"_form_submitted": "True"})
    assert "being counted" in text(operator, "billing_bookmonth_change", month.pk)
    assert TrailRow.objects.filter(said="Asked for it to be counted again.").exists()
    sweeps.count_asked(clock.now(), seconds=60)
    assert "closed, differs" in text(operator, "billing_bookmonth_changelist")
    shown = text(operator, "billing_bookmonth_change", month.pk)
    assert "being counted" not in shown
    assert "Adjustments $0.000000000 −$0.000000041 −$0.000000041" in plain(shown)
    assert "Top-ups $1,234.567890123 $1,234.567890123 —" in plain(shown)
    assert "House account revenue $0.000000000 $0.000000041 $0.000000041" in plain(shown)


def test_the_csv_has_every_figure_to_the_nano(operator: Client, month: BookMonth) -> None:
    answer = operator.get(reverse("admin:billing_bookmonth_export", args=[month.pk]))
    assert answer["Content-Type"].startswith("text/csv")
    lines = {line["figure"]: line["usd_now"] for line in csv.DictReader(StringIO(answer.content.decode()))}
    assert lines["Top-ups"] == "1234.567890123"
    assert lines["House account clearing"] == "-1234.567890123"


def test_what_was_counted_at_the_close_and_is_gone_now_is_zero() -> None:
    lines = file_lines("2026-11", Figures(house={"fees": 5}), Figures())
    assert [line for line in lines if "fees" in line[1]] == [
        ("2026-11", "House account fees", "0.000000000", "0.000000005")
    ]


def test_a_month_says_whether_it_goes_on_and_what_the_last_audit_of_everything_said() -> None:
    now, figures = clock.now(), Figures().kept()
    over, goes_on = (
        BookMonth(first=date(2024, 1, 1), figures=figures),
        BookMonth(first=clock.utc_day(now).replace(day=1), figures=figures),
    )

    def shown(name: str) -> list[str]:
        page: Any = admin.site._registry[BookMonth]
        page.prepare([over, goes_on])
        return [column(row, name) for row in (over, goes_on)]

    AuditRun.objects.all().delete()
    assert shown("state") == ["open", "goes on"]
    assert shown("audit") == ["not since its end", "not since its end"]
    run = AuditRun.objects.create(kind="whole", actor="celery", started_at=now, ended_at=now)
    assert shown("audit") == ["every rule held", "not since its end"]
    AuditRun.objects.filter(pk=run.pk).update(broken=7)
    assert shown("audit") == ["7 findings", "not since its end"]


def test_a_close_says_what_stood_against_it_and_on_which_it_follows() -> None:
    first, second = MonthClose(against=[], before=b""), MonthClose(against=["A.", "B."], before=b"\xab")
    assert [column(row, "what_stood") for row in (first, second)] == ["nothing", "A. B."]
    assert [column(row, "hash_before") for row in (first, second)] == ["—", "ab"]


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
