"""A job on many rows: fixed with its draft, begun by one or two persons, each row done once wherever it was stopped."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from accounts import keys
from accounts.models import ApiKey, User, Workspace
from accounts.trail_row import TrailRow
from billing.bulk import jobs, tasks, work
from billing.bulk.requests import Chosen
from billing.models import Account, BulkJob, BulkLine, Move
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows

pytestmark = pytest.mark.django_db
USD = 10**9


@pytest.fixture
def ann() -> User:
    return person()


@pytest.fixture
def ben() -> User:
    return person()


def minted(number: int) -> Workspace:
    workspace = Workspace.objects.get(pk=rows.workspace())
    for place in range(number):
        keys.mint(workspace, name=f"key {place}")
    return workspace


def failing(costs: list[int], workspace_id: int) -> list[UUID]:
    return [rows.settle(workspace_id, cost=cost, error_code="UPSTREAM_CUT") for cost in costs]


def of_now(**narrowed: object) -> Chosen:
    now = clock.now()
    return Chosen(since=now - timedelta(hours=1), until=now + timedelta(minutes=1), **narrowed)  # type: ignore[arg-type]


def run(job: BulkJob) -> BulkJob:
    work.finish(job.pk, seconds=30)
    job.refresh_from_db()
    return job


def test_a_draft_names_rows_and_customers_and_does_nothing(ann: User) -> None:
    first, second = minted(3), minted(2)
    keys.revoke(ApiKey.objects.filter(workspace=first)[0])
    job = jobs.draft_revoke(ApiKey.objects.filter(workspace__in=[first, second]), narrowed={}, by=ann)
    assert (job.total, job.customers, job.state) == (4, 2, "draft")
    assert run(job).state == "draft"
    assert ApiKey.objects.filter(workspace=second, revoked_at=None).count() == 2


def test_it_does_what_was_drafted_and_not_what_came_since(ann: User) -> None:
    workspace = minted(2)
    job = jobs.draft_revoke(ApiKey.objects.filter(workspace=workspace), narrowed={}, by=ann)
    later, _ = keys.mint(workspace, name="later")
    done = run(jobs.begin(job.pk, reason="leaked", by=ann))
    assert (done.state, done.done, done.skipped) == ("done", 2, 0)
    assert list(ApiKey.objects.filter(workspace=workspace, revoked_at=None)) == [later]


def test_each_row_has_its_row_in_the_trail(ann: User) -> None:
    workspace = minted(3)
    job = jobs.draft_revoke(ApiKey.objects.filter(workspace=workspace), narrowed={}, by=ann)
    run(jobs.begin(job.pk, reason="leaked", by=ann))
    told = TrailRow.objects.filter(workspace_id=workspace.pk, model="accounts.apikey")
    assert {row.object_id for row in told} == {str(key.pk) for key in workspace.keys.all()}
    assert {(row.actor, row.reason) for row in told} == {(str(ann), "leaked")}


def test_what_was_done_meanwhile_is_skipped_and_said(ann: User) -> None:
    open_, closed = minted(0), minted(0)
    job = jobs.draft_freeze(Workspace.objects.filter(pk__in=[open_.pk, closed.pk]), narrowed={}, by=ann)
    Workspace.objects.filter(pk=closed.pk).update(status="closed")
    done = run(jobs.begin(job.pk, reason="fraud", by=ann))
    assert (done.done, done.skipped) == (1, 1)
    assert Account.objects.get(pk=open_.pk).status == Account.Status.SUSPENDED
    assert Account.objects.get(pk=closed.pk).status == Account.Status.CLOSED
    assert BulkLine.objects.get(job=job, outcome="skipped").said == "It is closed already."


def test_killed_anywhere_it_goes_on_where_it_stopped_and_gives_nothing_back_twice(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = minted(0)
    failing([USD, 2 * USD, 3 * USD], workspace.pk)
    job = jobs.begin(jobs.draft_credit(of_now(workspace_id=workspace.pk), percent=100, by=ann).pk, reason="r", by=ann)  # fmt: skip
    deaths: Iterator[bool] = itertools.cycle((True, False))

    def told(deed: object) -> None:
        if next(deaths):
            raise KeyboardInterrupt

    monkeypatch.setattr(work, "tell", told)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            work.finish(job.pk, seconds=30)
    assert run(job).state == "done"
    assert Account.objects.get(pk=workspace.pk).posted == 6 * USD
    assert Move.objects.filter(workspace_id=workspace.pk, status="posted").count() == 3
    assert work.finish(job.pk, seconds=1) is False


def test_a_row_that_fails_is_left_and_the_others_are_done(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = minted(3)
    job = jobs.begin(jobs.draft_revoke(ApiKey.objects.filter(workspace=workspace), narrowed={}, by=ann).pk, reason="r", by=ann)  # fmt: skip
    sick = ApiKey.objects.filter(workspace=workspace).order_by("pk")[1]
    real = keys.revoke

    def revoke(key: ApiKey) -> bool:
        if key == sick:
            raise DatabaseError("the row is locked")
        return real(key)

    monkeypatch.setattr(keys, "revoke", revoke)
    assert run(job).state == "running"
    assert job.done == 2
    monkeypatch.undo()
    assert run(job).done == 3


def test_requests_are_chosen_by_how_they_ended_and_given_back_in_part(ann: User) -> None:
    workspace, other = minted(0), minted(0)
    failing([USD, 3 * USD], workspace.pk)
    failing([5 * USD], other.pk)
    rows.settle(workspace.pk, cost=7 * USD)
    rows.settle(workspace.pk, cost=0, error_code="UPSTREAM_CUT")
    job = jobs.draft_credit(of_now(error_code="UPSTREAM_CUT"), percent=50, by=ann)
    assert (job.total, job.customers, job.amount_nano) == (3, 2, 4_500_000_000)
    run(jobs.begin(job.pk, reason="our fault", by=ann))
    assert Account.objects.get(pk=workspace.pk).posted == 2 * USD
    assert Account.objects.get(pk=other.pk).posted == 2_500_000_000


def test_no_request_is_given_back_more_than_it_cost(ann: User) -> None:
    workspace = minted(0)
    failing([USD], workspace.pk)
    for _ in range(2):
        job = jobs.draft_credit(of_now(workspace_id=workspace.pk), percent=100, by=ann)
        done = run(jobs.begin(job.pk, reason="r", by=ann))
    assert (done.done, done.skipped) == (0, 1)
    assert Account.objects.get(pk=workspace.pk).posted == USD


def test_much_money_is_begun_by_somebody_else_who_also_posts_what_is_large_by_itself(
    ann: User, ben: User
) -> None:
    workspace = minted(0)
    failing([60 * USD, 150 * USD], workspace.pk)
    job = jobs.draft_credit(of_now(workspace_id=workspace.pk), percent=100, by=ann)
    assert jobs.begin(job.pk, reason="r", by=ann).state == "asked"
    with pytest.raises(jobs.NotAllowed, match="Somebody else"):
        jobs.begin(job.pk, reason="r", by=ann)
    assert run(job).done == 0
    assert run(jobs.begin(job.pk, reason="agreed", by=ben)).state == "done"
    assert Account.objects.get(pk=workspace.pk).posted == 210 * USD
    large = Move.objects.get(workspace_id=workspace.pk, amount=150 * USD)
    assert (large.asked_by, large.decided_by) == (str(ann), str(ben))


def test_a_stopped_job_goes_no_further(ann: User) -> None:
    workspace = minted(2)
    job = jobs.begin(jobs.draft_revoke(ApiKey.objects.filter(workspace=workspace), narrowed={}, by=ann).pk, reason="r", by=ann)  # fmt: skip
    assert jobs.stop(job.pk)
    assert not jobs.stop(job.pk)
    run(job)
    assert ApiKey.objects.filter(workspace=workspace, revoked_at=None).count() == 2
    with pytest.raises(jobs.NotAllowed, match="stopped already"):
        jobs.begin(job.pk, reason="r", by=ann)


def test_none_and_too_many_are_refused(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(jobs.NotAllowed, match="None of these"):
        jobs.draft_revoke(ApiKey.objects.none() | ApiKey.objects.filter(pk=0), narrowed={}, by=ann)
    monkeypatch.setattr(jobs, "MOST", 2)
    with pytest.raises(jobs.NotAllowed, match="more than 2"):
        jobs.draft_revoke(ApiKey.objects.filter(workspace=minted(3)), narrowed={}, by=ann)


def test_requests_are_chosen_from_no_more_than_three_days() -> None:
    now, instant = clock.now(), timedelta(microseconds=1)
    for span in (timedelta(0), -instant, timedelta(hours=72) + instant):
        with pytest.raises(ValueError, match="at most 72 hours"):
            Chosen(since=now, until=now + span)
    for span in (instant, timedelta(hours=72)):
        assert Chosen(since=now, until=now + span).told == {"since": f"{now}", "until": f"{now + span}"}


def test_a_corrected_request_is_given_back_at_what_it_cost_in_the_end(ann: User) -> None:
    workspace = minted(0)
    [corrected, free] = failing([5 * USD, 2 * USD], workspace.pk)
    rows.settle(workspace.pk, request_id=corrected, rev=1, cost=-USD)
    rows.settle(workspace.pk, request_id=free, rev=1, cost=-2 * USD)
    job = jobs.draft_credit(of_now(workspace_id=workspace.pk), percent=100, by=ann)
    assert (job.total, job.amount_nano) == (1, 4 * USD)
    done = run(jobs.begin(job.pk, reason="our fault", by=ann))
    assert (done.done, done.amount_nano) == (1, 4 * USD)
    [told] = TrailRow.objects.filter(workspace_id=workspace.pk, model="billing.move")
    assert told.said.startswith(f"Posted for request {corrected}.")


def test_workers_finish_what_is_under_way_as_far_as_there_is_time(ann: User) -> None:
    def begun() -> BulkJob:
        drafted = jobs.draft_revoke(ApiKey.objects.filter(workspace=minted(2)), narrowed={}, by=ann)
        return jobs.begin(drafted.pk, reason="r", by=ann)

    first, second = begun(), begun()
    assert work.sweep(seconds=0) == 0
    assert work.finish(first.pk, seconds=0) is False  # one row, and time was over
    first.refresh_from_db()
    assert (first.state, first.done) == ("running", 1)
    assert tasks.finish_bulk_jobs() == 2
    assert set(BulkJob.objects.values_list("pk", "state", "done")) >= {
        (job.pk, "done", 2) for job in (first, second)
    }
    assert tasks.finish_bulk_jobs() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM billing_bulk_line",
        "DELETE FROM billing_bulk_job",
        "UPDATE billing_bulk_line SET subject = '1'",
        "UPDATE billing_bulk_line SET outcome = '', done_at = NULL",
        "UPDATE billing_bulk_job SET total = 1",
        "UPDATE billing_bulk_job SET reason = 'another'",
    ],
)
def test_what_was_chosen_and_done_stays(ann: User, statement: str) -> None:
    job = jobs.draft_revoke(ApiKey.objects.filter(workspace=minted(2)), narrowed={}, by=ann)
    run(jobs.begin(job.pk, reason="r", by=ann))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows.run(statement)
