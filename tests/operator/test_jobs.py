"""The operator's page of background work: what it tells, an audit that is ordered from it, a day that is rebuilt."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import TrailRow, User, Workspace
from billing import parts
from billing.jobs import noting
from billing.jobs.timetable import timetable
from billing.models import AuditRun, DailyUsage, JobRun
from billing.proof import tasks
from config import job_notes
from kernel import clock
from tests.billing import rows
from tests.billing.proof import lives
from tests.operator.reading import plain
from tests.operator.test_roles import of_role

pytestmark = pytest.mark.django_db

JOBS, REBUILD = "/admin/jobs/", "/admin/jobs/rebuild/"


def test_a_run_is_written_down_and_the_last_failure_stays() -> None:
    noting.note("billing.reap", seconds=0.5)
    noting.note("billing.reap", seconds=1.5, error="DatabaseError: " + "x" * 900)
    noting.note("billing.reap", seconds=0.25)
    run = JobRun.objects.get()
    assert (run.runs, run.failures, run.failed, run.seconds) == (3, 1, False, 0.25)
    assert run.failed_at is not None
    assert run.error.startswith("DatabaseError: x")
    assert len(run.error) == 500


def test_a_worker_writes_down_what_it_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)  # the worker's own; here it is the test's
    job_notes.begun(task_id="1")
    job_notes.ended(task_id="1", task=SimpleNamespace(name="billing.reap"), state="SUCCESS")
    job_notes.begun(task_id="2")
    job_notes.failed(task_id="2", exception=ValueError("no"))
    job_notes.ended(task_id="2", task=SimpleNamespace(name="billing.reap"), state="FAILURE")
    run = JobRun.objects.get(name="billing.reap")
    assert (run.runs, run.failures, run.error) == (2, 1, "ValueError: no")


def test_work_that_has_missed_its_turns_is_late_and_what_nobody_ordered_is_told_too() -> None:
    noting.note("billing.charge_due", seconds=1)
    noting.note("billing.odd_job", seconds=1)
    now = clock.now()
    soon = {job.task: job for job in timetable(now)}
    later = {job.task: job for job in timetable(now + timedelta(minutes=5))}
    assert not soon["billing.charge_due"].late
    assert later["billing.charge_due"].late
    assert soon["billing.odd_job"].every is None
    assert soon["billing.audit_everything"].run is None


def test_the_page_tells_of_work_parts_and_audits_in_as_many_queries_for_many_as_for_one(
    operator: Client,
) -> None:
    noting.note("billing.reap", seconds=0.5, error="OperationalError: away")
    parts.tell("beat", {"sends_for": 5.0}, name="here:1")
    parts.tell("sweep")
    AuditRun.objects.create(kind="window", actor="celery", started_at=clock.now())
    shown = operator.get(JOBS).content.decode()
    for told in (
        "OperationalError: away",
        "500\u00a0ms",
        "sends to the broker",
        "every 5 s",
        "not finished",
        "Audit everything now",
    ):
        assert told in shown
    with CaptureQueriesContext(connection) as one:
        operator.get(JOBS)
    for number in range(4):
        noting.note(f"billing.job_{number}", seconds=1)
        AuditRun.objects.create(kind="whole", actor="celery", started_at=clock.now(), ended_at=clock.now())
    with CaptureQueriesContext(connection) as many:
        told_of = operator.get(JOBS).context["audits"]
    assert len(one) == len(many)
    assert len(told_of) == 5


@pytest.mark.parametrize(
    ("what", "task"), [("days", "audit_days"), ("everything", "audit_everything"), ("odd", "audit_days")]
)
def test_an_audit_is_ordered(
    operator: Client,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    task: str,
) -> None:
    ordered: list[str] = []
    for name in ("audit_days", "audit_everything"):
        monkeypatch.setattr(getattr(tasks, name), "apply_async", lambda name=name, **_: ordered.append(name))
    assert operator.post("/admin/jobs/audit/", {"what": what}).status_code == 302
    assert ordered == [task]


def test_a_broker_that_is_away_is_told(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.audit_days, "apply_async", away)
    operator.post("/admin/jobs/audit/", {"what": "days"})
    assert "the broker does not take it" in operator.get(JOBS).content.decode()


def wrong() -> tuple[Workspace, str]:
    """Charge a day of usage and spoil one of its sums."""
    workspace = Workspace.objects.get()
    day = lives.day_before(1)
    lives.settle_on(workspace.pk, day, cost=5)
    lives.charge(workspace.pk)
    rows.run(
        "UPDATE billing_daily_usage SET requests = 9 WHERE workspace_id = %s AND day = %s", workspace.pk, day
    )
    return workspace, str(day)


def test_a_day_is_rebuilt_once_what_differs_was_seen_and_with_a_reason(operator: Client) -> None:
    workspace, day = wrong()
    asked = f"{REBUILD}?workspace={workspace.slug}&day={day}"
    shown = operator.get(asked).content.decode()
    assert "1 sums differ" in shown
    assert " more" not in plain(shown).partition("1 sums differ")[2].partition("Why")[0]
    assert DailyUsage.objects.get(day=day).requests == 9  # only looked at
    unreasoned = operator.post(REBUILD, {"workspace": workspace.pk, "day": day, "reason": ""})
    assert unreasoned.status_code == 200
    assert DailyUsage.objects.get(day=day).requests == 9
    assert (
        operator.post(REBUILD, {"workspace": workspace.pk, "day": day, "reason": "disk error"}).status_code
        == 302
    )
    assert DailyUsage.objects.get(day=day).requests == 1
    [row] = TrailRow.objects.filter(said__contains="put right")
    assert row.reason == "disk error"
    assert "Nothing differs" in operator.get(asked).content.decode()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("workspace=nobody&day=2026-11-20", "There is no workspace of that name"),
        ("workspace=northwind-labs&day=2999-01-01", "That day has not begun"),
        ("workspace=northwind-labs&day=yesterday", "Enter a valid date"),
        ("", "Show what differs"),
        (f"workspace=northwind-labs&day={clock.utc_day(clock.now())}", "Nothing differs"),
    ],
)
def test_a_day_that_cannot_be_rebuilt_is_told(operator: Client, query: str, says: str) -> None:
    assert says in operator.get(f"{REBUILD}?{query}").content.decode()


def test_who_only_looks_orders_nothing(client: Client) -> None:
    client.force_login(of_role("R"))
    assert client.get(JOBS).status_code == 200
    assert "Audit everything now" not in client.get(JOBS).content.decode()
    assert client.post("/admin/jobs/audit/").status_code == 403
    assert client.get(REBUILD).status_code == 403
    client.force_login(User.objects.create_user("new@example.com", None, is_staff=True))
    assert client.get(JOBS).status_code == 403
