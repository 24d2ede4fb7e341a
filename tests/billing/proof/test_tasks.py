"""What Celery does for the proof: it stops in time, tries again, and lets nobody stop another."""

import datetime
from types import SimpleNamespace

import psycopg
import pytest
from structlog.testing import capture_logs

from billing import sums
from billing.proof import seals, tasks
from kernel import clock, postgres
from tests.billing import rows
from tests.billing.proof import lives

from .test_retention import DAY, MONTH, NOW, audited, make_partition, old


def month_that_is_due() -> None:
    make_partition(MONTH, datetime.date(2024, 3, 1))
    audited(NOW)


@pytest.mark.usefixtures("committed")
def test_sealing_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = lives.past(sealed=False)
    monkeypatch.setattr(tasks, "_SEAL_SECONDS", -1.0)
    with capture_logs() as said:
        assert tasks.seal_days() == 0
    assert [line["made"] for line in said if line["event"] == "sealing goes on in the next round"] == [0]
    assert rows.count("billing_day_seal", workspace) == 0
    monkeypatch.undo()
    assert tasks.seal_days() >= 4
    assert rows.count("billing_day_seal", workspace) == 4


@pytest.mark.usefixtures("committed")
def test_a_workspace_that_cannot_be_sealed_stops_no_other() -> None:
    stuck, other = lives.past(sealed=False), lives.past(sealed=False)
    with psycopg.connect(postgres.conninfo()) as session:
        session.execute("SELECT pg_advisory_xact_lock(hashtextextended('billing.seal', %s))", [stuck])
        rows.run("SET lock_timeout = '100ms'")
        with capture_logs() as said:
            tasks.seal_days()
        rows.run("RESET lock_timeout")
    assert stuck in {line["workspace_id"] for line in said if line["event"] == "days not sealed"}
    assert [rows.count("billing_day_seal", workspace) for workspace in (stuck, other)] == [0, 4]
    tasks.seal_days()
    assert rows.count("billing_day_seal", stuck) == 4


@pytest.mark.django_db
def test_the_task_says_why_a_month_is_kept_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    month_that_is_due()
    workspace = old()
    lives.settle_on(workspace, DAY)
    rows.run("SET CONSTRAINTS ALL IMMEDIATE")
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with capture_logs() as said:
        assert tasks.drop_events() == 0
    [told] = [line for line in said if line["event"] == "events kept"]
    assert told["month"] == str(MONTH)
    assert f"workspace {workspace} has 1 requests not charged" in told["reasons"]
    lives.charge(workspace)
    seals.seal(workspace, [DAY])
    rows.run("SET CONSTRAINTS ALL IMMEDIATE")
    request = lives.request_at(sums.first_minute(DAY))
    rows.run(
        "INSERT INTO billing_attempt VALUES (%s, %s, %s, 1, 1, 1, 'm', 'timeout', NULL, now(), 5)",
        *(request, request, workspace),
    )
    with capture_logs() as said:
        assert tasks.drop_events() == 4
    assert [line["count"] for line in said if line["event"] == "events dropped"] == [4]
    assert rows.count("billing_attempt", workspace) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("free_after", "pauses", "gone"), [(2, 2, 3), (9, 5, 0)])
def test_the_task_tries_again_while_the_lock_is_not_to_be_had(
    free_after: int, pauses: int, gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    month_that_is_due()
    old()
    rows.run("SET CONSTRAINTS ALL IMMEDIATE")
    monkeypatch.setattr(clock, "now", lambda: NOW)
    paused: list[float] = []
    with psycopg.connect(postgres.conninfo()) as other:
        other.execute("LOCK TABLE billing_dropped_month IN SHARE MODE")

        def pause(seconds: float) -> None:
            paused.append(seconds)
            if len(paused) == free_after:
                other.rollback()

        monkeypatch.setattr(tasks, "time", SimpleNamespace(sleep=pause))
        with capture_logs() as said:
            assert tasks.drop_events() == gone
    assert paused == [10.0] * pauses
    in_use = [line["error"] for line in said if line["event"] == "events are in use"]
    assert len(in_use) == pauses
    assert all("lock timeout" in error for error in in_use)
