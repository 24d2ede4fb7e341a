"""Events that leave: whole months, only when charged, sealed and audited; what comes late finds nothing to write on."""

import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from billing import late, partitions
from billing.models import AuditRun, DroppedMonth, UsageEvent
from billing.proof import rebuild, retention, seals
from billing.settlement import SETTLE, Settlement, parameters
from kernel import clock
from tests.billing import rows
from tests.billing.proof import lives

pytestmark = pytest.mark.django_db

MONTH = datetime.date(2024, 2, 1)
DAY = datetime.date(2024, 2, 10)
NOW = datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def february() -> None:
    """A partition for a month long ago."""
    make_partition(MONTH, datetime.date(2024, 3, 1))
    audited(NOW)


def make_partition(month: datetime.date, end: datetime.date) -> None:
    rows.run(
        f"CREATE TABLE billing_usage_event_{month:%Y%m} PARTITION OF billing_usage_event"
        f" FOR VALUES FROM ('{_first_id(month)}') TO ('{_first_id(end)}')"
    )


def _first_id(day: datetime.date) -> UUID:
    midnight = datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)
    return UUID(int=int(midnight.timestamp() * 1000) << 80)


def audited(at: datetime.datetime, *, broken: int = 0) -> None:
    AuditRun.objects.create(kind=AuditRun.Kind.WHOLE, actor="test", started_at=at, ended_at=at, broken=broken)


def old() -> int:
    """A workspace with charged and sealed usage of that month, of the day before it ends and of the one after."""
    workspace, columns = rows.workspace(), lives.priced()
    rows.fund(workspace, 10**6)
    for day in (DAY, datetime.date(2024, 2, 29), datetime.date(2024, 3, 1), datetime.date(2024, 3, 2)):
        lives.settle_on(workspace, day, **columns)
    # It arrived in February and was admitted in March.
    lives.settle_on(
        workspace,
        datetime.date(2024, 3, 1),
        minute=0,
        request_id=lives.request_at(clock.minute_number(1709251199)),
        **columns,
    )
    lives.charge(workspace)
    seals.seal(workspace, seals.due(clock.now())[workspace])
    assert rows.findings(workspace).keys() <= {"I8 quarters"}
    return workspace


def partition_exists() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('billing_usage_event_202402') IS NOT NULL")
        [found] = cursor.fetchone() or (False,)
        return bool(found)


def dropped() -> retention.Month | None:
    rows.run("SET CONSTRAINTS ALL IMMEDIATE")
    return retention.drop_next(NOW)


def test_a_month_that_is_charged_sealed_and_audited_is_dropped() -> None:
    workspace = old()
    assert dropped() == retention.Month(MONTH, 3)
    assert not partition_exists()
    assert DroppedMonth.objects.get().events == 3
    assert UsageEvent.objects.filter(workspace_id=workspace).count() == 2


def test_the_audit_holds_days_that_left_against_their_seals() -> None:
    workspace = old()
    dropped()
    assert rows.findings(workspace) == {}
    rows.run(
        "UPDATE billing_daily_usage SET cost = cost + 1 WHERE workspace_id = %s AND day = %s", workspace, DAY
    )
    found = rows.findings(workspace)
    assert set(found) == {"I8 days", "I9"}
    assert [row[:2] for row in found["I8 days"]] == [(DAY, "all sums of the sealed day")]


def test_a_charge_of_a_day_that_left_is_held_against_its_seal() -> None:
    workspace = old()
    dropped()
    lives.unguarded(
        "billing_ledger_entry",
        "UPDATE billing_ledger_entry e SET amount = amount + 1 FROM billing_ledger_transaction t"
        " WHERE t.id = e.transaction_id AND e.workspace_id = %s AND t.day = %s AND e.account = 'workspace'",
        *(workspace, DAY),
    )
    found = rows.findings(workspace)
    assert (DAY, "charges of the sealed day") in {row[:2] for row in found["I7"]}


def test_a_seal_of_a_day_that_left_still_chains() -> None:
    workspace = old()
    dropped()
    lives.unguarded(
        "billing_day_seal",
        "UPDATE billing_day_seal SET events = 9 WHERE workspace_id = %s AND no = 1",
        workspace,
    )
    assert {row[1] for row in rows.findings(workspace)["I13"]} == {"seal 1"}


def test_months_are_kept_as_long_as_the_settings_say(settings: Settings) -> None:
    settings.USAGE_RETENTION_DAYS = 400
    last = datetime.datetime(2025, 4, 5, tzinfo=datetime.UTC)  # 400 days after the first of March
    assert retention.oldest_due(last) == MONTH
    assert retention.oldest_due(last - datetime.timedelta(days=1)) is None
    assert retention.drop_next(last - datetime.timedelta(days=1)) is None


def refused() -> str:
    with pytest.raises(retention.Kept) as kept:
        dropped()
    assert partition_exists()
    return str(kept.value)


def test_a_month_with_a_request_not_charged_is_kept() -> None:
    workspace = old()
    lives.settle_on(workspace, DAY)
    assert f"workspace {workspace} has 1 requests not charged" in refused()


def test_a_month_with_a_day_not_sealed_is_kept() -> None:
    workspace = old()
    lives.settle_on(workspace, DAY + datetime.timedelta(days=1))
    lives.charge(workspace)
    assert f"workspace {workspace}: requests of 2024-02-11 are not sealed" in refused()


def test_a_month_with_a_correction_after_the_seal_is_kept_until_that_is_sealed_too() -> None:
    workspace = rows.workspace()
    request = lives.settle_on(workspace, DAY, cost=5)
    lives.charge(workspace)
    seals.seal(workspace, [DAY])
    lives.settle_on(workspace, DAY, cost=-1, request_id=request, rev=1)
    lives.charge(workspace)
    assert f"workspace {workspace}: requests of {DAY} are not sealed" in refused()
    seals.seal(workspace, [DAY])
    assert dropped() is not None


def test_a_month_with_an_open_request_is_kept() -> None:
    workspace = old()
    request = lives.request_at(1440 * (DAY - datetime.date(1970, 1, 1)).days)
    rows.admit(workspace, request_id=request)
    assert f"request {request} is open" in refused()


@pytest.mark.parametrize(
    ("hours", "broken", "reason"),
    [
        (49, 0, "no audit of everything within two days"),
        (1, 3, "the last audit of everything has 3 findings"),
    ],
)
def test_a_month_is_kept_without_a_green_audit(hours: int, broken: int, reason: str) -> None:
    old()
    AuditRun.objects.all().delete()
    audited(NOW - datetime.timedelta(hours=hours), broken=broken)
    assert reason in refused()


def test_an_audit_of_two_days_ago_is_enough() -> None:
    old()
    AuditRun.objects.all().delete()
    audited(NOW - datetime.timedelta(hours=48))
    assert dropped() is not None


def test_the_first_month_leaves_first() -> None:
    make_partition(datetime.date(2024, 1, 1), MONTH)
    old()
    first, second = dropped(), dropped()
    assert first is not None
    assert second is not None
    assert [first.month.month, second.month.month] == [1, 2]
    assert dropped() is None


def test_a_rebuild_of_days_that_left_is_refused() -> None:
    workspace = old()
    dropped()
    with pytest.raises(rebuild.Gone, match="2024-02-10 to 2024-03-01"):
        rebuild.rebuild(workspace, DAY, datetime.date(2024, 3, 2))
    assert rebuild.rebuild(workspace, datetime.date(2024, 3, 2), datetime.date(2024, 3, 2)) == []


def settlement(workspace: int, request: UUID) -> Settlement:
    return Settlement(
        request_id=request,
        workspace_id=workspace,
        status="ok",
        http_status=200,
        usage_source="upstream",
        cost=77,
        multipliers="",
    )


def run(statement: str, values: list[Any]) -> list[Any]:
    """Run a statement of the gateway on the test's own connection."""
    with connection.cursor():
        return list(psycopg.RawCursor(connection.connection).execute(statement.encode(), values))


def test_a_settlement_that_comes_after_its_month_left_writes_nothing() -> None:
    workspace = old()
    request = UsageEvent.objects.filter(workspace_id=workspace).earliest("id").request_id
    dropped()
    before = rows.account(workspace)
    late_one = settlement(workspace, request)
    assert run(SETTLE, parameters([late_one])) == []
    assert run(late._WRITTEN, [f"{{{request}}}"]) == []
    assert run(late.CORRECT, late.correction(late_one)) == []
    assert rows.account(workspace) == before
    assert not UsageEvent.objects.filter(request_id=request).exists()


def test_a_lease_with_an_id_of_a_month_that_left_cannot_become_an_event() -> None:
    workspace = old()
    request = UsageEvent.objects.filter(workspace_id=workspace).earliest("id").request_id
    dropped()
    rows.admit(workspace, request_id=request)
    late_one = parameters([settlement(workspace, request)])
    with (
        pytest.raises(psycopg.errors.CheckViolation, match="usage_event_month_has_not_left"),
        transaction.atomic(),
    ):
        run(SETTLE, late_one)


def test_an_event_of_a_month_that_left_is_refused_by_the_database() -> None:
    workspace = old()
    dropped()
    with pytest.raises(IntegrityError, match="usage_event_month_has_not_left"), transaction.atomic():
        lives.settle_on(workspace, DAY)


def test_requests_wait_a_second_at_most_for_a_month_to_leave() -> None:
    old()
    dropped()
    assert shown("lock_timeout") == "1s"
    assert shown("statement_timeout") == "30min"


def shown(setting: str) -> str:
    """Return what a setting of the test's session is."""
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        [found] = cursor.fetchone() or ("",)
        return str(found)


def test_failed_tries_leave_with_their_requests() -> None:
    workspace = old()
    for day in (DAY, datetime.date(2024, 3, 5)):
        request = lives.request_at(1440 * (day - datetime.date(1970, 1, 1)).days)
        rows.run(
            "INSERT INTO billing_attempt VALUES (%s, %s, %s, 1, 1, 1, 'm', 'timeout', NULL, now(), 5)",
            *(request, request, workspace),
        )
    assert retention.drop_old_attempts() == 0
    dropped()
    assert retention.drop_old_attempts() == 1
    assert rows.count("billing_attempt", workspace) == 1


def test_a_new_partition_is_guarded_too() -> None:
    partitions.make()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows.run("TRUNCATE billing_usage_event_202402")
