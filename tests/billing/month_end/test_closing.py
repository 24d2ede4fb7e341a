"""How a month is closed, and what nobody can do to it afterwards."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from billing.ledger import Kind, System
from billing.models import AuditRun, BookMonth, MonthClose
from billing.month_end import closing, sweeps
from billing.month_end.closing import NotAllowed
from billing.month_end.counting import Figures, count
from billing.paper.months import Month
from kernel import clock
from tests.billing import rows
from tests.billing.month_end.test_counting import last_month, post

pytestmark = pytest.mark.django_db
BY = "ann@tollway.example"


def counted(month: Month) -> BookMonth:
    BookMonth.objects.update_or_create(first=month.first)
    sweeps.ask(month)
    sweeps.count_asked(clock.now(), seconds=30)
    return BookMonth.objects.get(first=month.first)


def close(month: Month, **asked: object) -> MonthClose:
    return closing.close(month, **{"reason": "in order", "nonetheless": True, "by": BY, **asked})  # type: ignore[arg-type]


def test_a_month_is_closed_once_with_what_was_counted() -> None:
    month = last_month()
    row = counted(month)
    made = close(month)
    assert (made.figures, made.counted_at, made.closed_by) == (row.figures, row.counted_at, BY)
    with pytest.raises(NotAllowed, match="already"):
        close(month)


def test_what_stands_against_it_is_named_and_kept() -> None:
    month = last_month()
    counted(month)
    with pytest.raises(NotAllowed, match="No audit of everything since its end"):
        close(month, nonetheless=False)
    assert "No audit of everything since its end." in close(month).against


def test_a_red_audit_stands_against_it_and_a_green_one_does_not() -> None:
    month, now = last_month(), clock.now()
    for broken, said in ((2, "red: 2 findings"), (0, "")):
        AuditRun.objects.create(kind="whole", actor="test", started_at=now, ended_at=now, broken=broken)
        against = " ".join(closing.stands_against(month, Figures()))
        assert "No audit" not in against
        assert ("red" in against) == bool(said)
        assert said in against


def test_unsealed_days_statements_and_open_requests_stand_against_it() -> None:
    month = last_month()
    end = clock.minute_number(closing.ends_at(month).timestamp())
    rows.admit(rows.workspace(), minute_no=end - 1)
    rows.admit(rows.workspace(), minute_no=end)
    against = " ".join(
        closing.stands_against(month, Figures(days=30, unsealed_days=2, customers=5, statements=4))
    )
    for part in ("2 days are of 30 not sealed", "1 workspace without a statement", "1 request is of it"):
        assert part in against or part.replace(" are of", " of") in against


@pytest.mark.parametrize("stale", ["not counted", "counted before its end", "counted long ago"])
def test_old_figures_are_counted_again_first(stale: str) -> None:
    month = last_month()
    if stale != "not counted":
        at = (
            closing.ends_at(month) - timedelta(hours=1)
            if "before" in stale
            else clock.now() - timedelta(hours=3)
        )
        BookMonth.objects.create(first=month.first, counted_at=at)
    with pytest.raises(NotAllowed, match="counted again"):
        close(month)


def test_a_month_that_goes_on_is_not_closed() -> None:
    month = last_month().next
    counted(month)
    with pytest.raises(NotAllowed, match="not over"):
        close(month)


def test_a_reason_is_asked_for() -> None:
    counted(last_month())
    with pytest.raises(NotAllowed, match="Say why"):
        close(last_month(), reason="  ")


def test_a_later_correction_shows_as_a_difference() -> None:
    month = last_month()
    workspace = rows.workspace()
    counted(month)
    kept = Figures.read(close(month).figures)
    assert closing.later(kept, count(month)) == []
    post(workspace, Kind.ADJUSTMENT, 250, System.REVENUE, month=month, key="late")
    found = {each.name: each.difference for each in closing.later(kept, count(month))}
    assert found == {"Adjustment on workspaces": 250, "Closing balance": 250, "Revenue of the house": -250}


def test_closes_are_chained_and_a_change_behind_the_guards_is_found() -> None:
    month = last_month()
    counted(month)
    close(month)
    assert closing.verify() == []
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE billing_month_close DISABLE TRIGGER append_only")
        cursor.execute("UPDATE billing_month_close SET reason = 'another'")
        cursor.execute("ALTER TABLE billing_month_close ENABLE TRIGGER append_only")
    assert closing.verify() == [1]


@pytest.mark.parametrize("statement", ["UPDATE billing_month_close SET reason = 'x'", "DELETE FROM billing_month_close", "TRUNCATE billing_month_close"])  # fmt: skip
def test_a_close_stays(statement: str) -> None:
    counted(last_month())
    close(last_month())
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
