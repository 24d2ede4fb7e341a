"""Which months of events are kept, and for what reasons: of each kind the first five, and never one of another month."""

import datetime

import pytest
from django.db import connection
from pytest_django import Settings

from billing.models import AuditRun, UsageEvent
from billing.proof import retained, retention, seals
from tests.billing import rows
from tests.billing.proof import lives

from .test_retention import DAY, MONTH, NOW, audited, dropped, make_partition, old

pytestmark = pytest.mark.django_db

JANUARY, MARCH = datetime.date(2024, 1, 1), datetime.date(2024, 3, 1)


@pytest.fixture(autouse=True)
def two_months() -> None:
    """February is the oldest, and audited."""
    AuditRun.objects.all().delete()
    make_partition(MONTH, MARCH)


def reasons() -> tuple[str, ...]:
    rows.run("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(retention.Kept) as kept:
        retention.drop_next(NOW)
    assert kept.value.month == MONTH
    assert str(kept.value) == f"events of February 2024 are kept: {'; '.join(kept.value.reasons)}"
    return kept.value.reasons


def test_five_workspaces_are_named() -> None:
    audited(NOW)
    made = [rows.workspace() for _ in range(6)]
    for workspace in made:
        lives.settle_on(workspace, DAY)
    told = reasons()
    assert told[:5] == tuple(f"workspace {each} has 1 requests not charged" for each in made[:5])
    assert told[5:] == tuple(f"workspace {each}: requests of {DAY} are not sealed" for each in made[:5])


def test_a_first_charge_is_sealed_too_before_it_leaves() -> None:
    audited(NOW)
    workspace, orphan = rows.workspace(), rows.workspace()
    lives.settle_on(workspace, DAY)
    lives.charge(workspace)
    lives.settle_on(orphan, DAY)
    rows.run("DELETE FROM billing_account WHERE workspace_id = %s", orphan)
    assert reasons() == (
        f"workspace {orphan} has 1 requests not charged",
        f"workspace {workspace}: requests of {DAY} are not sealed",
        f"workspace {orphan}: requests of {DAY} are not sealed",
    )


def test_a_seal_of_another_day_or_workspace_does_for_none() -> None:
    audited(NOW)
    workspace, other, later = old(), rows.workspace(), DAY + datetime.timedelta(days=1)
    for day in (DAY, later):
        lives.settle_on(other, day)
    lives.charge(other)
    assert seals.seal(other, [DAY]) == 1
    assert reasons() == (f"workspace {other}: requests of {later} are not sealed",)
    assert seals.seal(other, [later]) == 1
    assert dropped() == retention.Month(MONTH, 3 + 2)
    assert UsageEvent.objects.filter(workspace_id=workspace).count() == 2


def test_a_request_that_is_open_in_another_month_keeps_none() -> None:
    audited(NOW)
    workspace = old()
    for day, minute in ((datetime.date(2024, 1, 31), 1439), (MARCH, 0)):
        rows.admit(
            workspace, request_id=lives.request_at((day - datetime.date(1970, 1, 1)).days * 1440 + minute)
        )
    rows.admit(workspace)
    assert dropped() == retention.Month(MONTH, 3)


@pytest.mark.parametrize(("day", "minute"), [(MONTH, 0), (datetime.date(2024, 2, 29), 1439)])
def test_a_request_that_is_open_in_its_first_or_last_minute_keeps_it(day: datetime.date, minute: int) -> None:
    audited(NOW)
    workspace = rows.workspace()
    request = lives.request_at((day - datetime.date(1970, 1, 1)).days * 1440 + minute)
    rows.admit(workspace, request_id=request)
    assert reasons() == (f"workspace {workspace}: request {request} is open",)


def test_only_an_audit_of_everything_that_ended_counts() -> None:
    for kind, ended in ((AuditRun.Kind.WINDOW, NOW), (AuditRun.Kind.WHOLE, None)):
        AuditRun.objects.create(kind=kind, actor="test", started_at=NOW, ended_at=ended)
    assert reasons() == ("no audit of everything within two days",)
    audited(NOW, broken=1)
    assert reasons() == ("the last audit of everything has 1 findings",)
    audited(NOW)
    assert dropped() is not None


def test_a_long_month_is_due_when_its_last_day_is_old_enough(settings: Settings) -> None:
    make_partition(JANUARY, MONTH)
    settings.USAGE_RETENTION_DAYS = 400
    due = datetime.datetime(2024, 2, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=400)
    assert retention.oldest_due(due) == JANUARY
    assert retention.oldest_due(due - datetime.timedelta(days=1)) is None


def test_tries_leave_with_the_last_month_that_left() -> None:
    audited(NOW)
    make_partition(JANUARY, MONTH)
    workspace = rows.workspace()
    for day in (JANUARY, datetime.date(2024, 2, 29), MARCH):
        request = lives.request_at((day - datetime.date(1970, 1, 1)).days * 1440)
        rows.run(
            "INSERT INTO billing_attempt VALUES (%s, %s, %s, 1, 1, 1, 'm', 'timeout', NULL, now(), 5)",
            *(request, request, workspace),
        )
    dropped()
    assert retention.drop_old_attempts() == 1
    dropped()
    assert retention.drop_old_attempts() == 1
    assert retention.drop_old_attempts() == 0
    with connection.cursor() as cursor:
        assert retained.complete_from(cursor) == datetime.date(2024, 3, 2)
