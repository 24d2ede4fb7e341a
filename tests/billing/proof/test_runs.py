"""Runs: each audit is written down with what it found, one at a time, and forgotten in time."""

import datetime

import psycopg
import pytest
from structlog.testing import capture_logs

from billing.models import AuditRun
from billing.proof import runs, tasks
from billing.proof.audit import Running
from billing.proof.rules import Finding, Outcome
from kernel import clock, postgres
from tests.billing import rows
from tests.billing.proof import lives

pytestmark = pytest.mark.usefixtures("committed")


def test_what_an_audit_came_to_is_written_down() -> None:
    lives.past()
    began = clock.now()
    report = runs.run(days=None, actor="test")
    row = AuditRun.objects.latest("id")
    assert (row.kind, row.actor, row.since, row.broken) == ("whole", "test", None, report.broken)
    assert row.ended_at is not None
    assert began <= row.started_at <= row.ended_at <= clock.now()
    assert row.compared == report.compared > 0
    assert (row.seals, row.sealed_days) == (report.seals, report.days)
    assert row.seals >= 4
    assert [rule["name"] for rule in row.rules] == [outcome.name for outcome in report.outcomes]
    newest = row.newest_seals[0]
    assert newest["day"] == str(lives.day_before(2))
    assert len(newest["sha256"]) == 64


def test_an_audit_of_the_last_days_says_since_when() -> None:
    report = runs.run(days=3, actor="test")
    row = AuditRun.objects.latest("id")
    assert (row.kind, row.since) == ("window", lives.day_before(2))
    assert {outcome.name for outcome in report.outcomes} >= {"I1", "I13", "I14", "Cost"}


def test_findings_are_kept_with_a_bound_and_counted_in_full() -> None:
    workspace = rows.workspace()
    for _ in range(runs.FINDINGS_KEPT + 5):
        rows.admit(workspace, admitted_at=clock.now() - datetime.timedelta(hours=1))
    try:
        runs.run(days=3, actor="test")
    finally:
        rows.run("DELETE FROM billing_admission WHERE workspace_id = %s", workspace)
    row = AuditRun.objects.latest("id")
    [leases] = [rule for rule in row.rules if rule["name"] == "I6"]
    assert leases["broken"] >= runs.FINDINGS_KEPT + 5
    assert len(leases["findings"]) == runs.FINDINGS_KEPT
    assert {"workspace_id", "day", "subject", "expected", "found"} == set(leases["findings"][0])


def test_a_rule_is_kept_with_its_findings_in_words_of_a_bounded_length() -> None:
    workspace = rows.workspace()
    rows.run("UPDATE billing_account SET unbilled = 5 WHERE workspace_id = %s", workspace)
    try:
        report = runs.run(days=None, actor="a" * 201)
    finally:
        rows.run("UPDATE billing_account SET unbilled = 0 WHERE workspace_id = %s", workspace)
    row = AuditRun.objects.latest("id")
    assert row.actor == "a" * 200
    [told] = [outcome for outcome in report.outcomes if outcome.name == "I4"]
    [kept] = [rule for rule in row.rules if rule["name"] == "I4"]
    assert {name: value for name, value in kept.items() if name != "findings"} == {
        "name": "I4",
        "says": told.says,
        "compared": told.compared,
        "broken": told.broken,
        "seconds": told.seconds,
    }
    assert {
        "workspace_id": workspace,
        "day": None,
        "subject": "unbilled",
        "expected": "0",
        "found": "5",
    } in kept["findings"]
    long = Finding(1, lives.day_before(1), "x" * 201, None, "y" * 200)
    assert (
        runs._rule(Outcome("X", "says", 1, 1, (long,) * 21))["findings"]
        == [
            {
                "workspace_id": 1,
                "day": str(lives.day_before(1)),
                "subject": "x" * 200,
                "expected": None,
                "found": "y" * 200,
            }
        ]
        * 20
    )


def test_the_same_audit_does_not_run_twice_at_once() -> None:
    before = AuditRun.objects.count()
    with psycopg.connect(postgres.conninfo()) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('billing.audit', 0))")
        with pytest.raises(Running):
            runs.run(days=None, actor="test")
        assert tasks.audit_everything() == 0
        assert AuditRun.objects.count() == before
        runs.run(days=3, actor="test")
    assert AuditRun.objects.count() == before + 1


def test_an_audit_that_dies_leaves_a_run_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(**_: object) -> None:
        raise RuntimeError("gone")

    monkeypatch.setattr(runs, "audit", die)
    with pytest.raises(RuntimeError):
        runs.run(days=None, actor="test")
    row = AuditRun.objects.latest("id")
    assert row.ended_at is None
    row.delete()


@pytest.mark.parametrize(("kind", "days"), [("window", 7), ("whole", 400)])
def test_old_runs_are_forgotten(kind: str, days: int) -> None:
    now = clock.now()
    old, kept = (
        AuditRun.objects.create(kind=kind, actor="old", started_at=now - datetime.timedelta(days=days, hours=hours))
        for hours in (1, -1)
    )  # fmt: skip
    assert runs.forget(now) == 1
    assert list(AuditRun.objects.filter(actor="old")) == [kept]
    kept.delete()
    assert old.pk


def test_celery_audits_and_seals() -> None:
    workspace = lives.past(sealed=False)
    assert tasks.seal_days() >= 4
    tasks.seal_days()  # others in the same database may have days due meanwhile; this one has none
    assert rows.count("billing_day_seal", workspace) == 4
    before = AuditRun.objects.count()
    rows.run("UPDATE billing_account SET unbilled = 5 WHERE workspace_id = %s", workspace)
    old = AuditRun.objects.create(
        kind="window", actor="old", started_at=clock.now() - datetime.timedelta(days=8)
    )
    try:
        with capture_logs() as said:
            assert tasks.audit_days() >= 1
    finally:
        rows.run("UPDATE billing_account SET unbilled = 0 WHERE workspace_id = %s", workspace)
    assert AuditRun.objects.latest("id").since == lives.day_before(2)
    assert {
        "event": "an invariant is broken",
        "log_level": "error",
        "rule": "I4",
        "workspace_id": workspace,
        "day": "None",
        "subject": "unbilled",
        "expected": "0",
        "found": "5",
    } in said
    tasks.audit_everything()
    assert AuditRun.objects.latest("id").since is None
    assert AuditRun.objects.count() == before + 2
    assert not AuditRun.objects.filter(id=old.pk).exists()
