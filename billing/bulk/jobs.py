"""How a job on many rows is drafted, asked for, begun and stopped; its rows are fixed with the draft."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import ApiKey, User, Workspace
from billing.models import BulkJob
from kernel import clock, money

from .requests import Chosen

__all__ = ["MOST", "NotAllowed", "begin", "draft_credit", "draft_freeze", "draft_revoke", "stop"]

MOST = 100_000
"""How many rows a job may be about."""
What, State = BulkJob.What, BulkJob.State


class NotAllowed(ValueError):
    """The job cannot be made or begun like this; the words say why."""


def draft_revoke(rows: QuerySet[ApiKey], *, narrowed: Mapping[str, Any], by: User) -> BulkJob:
    """Draft the revocation of those of these keys that are in use. Raises NotAllowed for none or too many."""
    chosen = rows.filter(revoked_at=None, person=None).order_by("pk").values_list("pk", "workspace_id")
    return _draft(What.REVOKE, *_of_rows(chosen), narrowed=narrowed, by=by)


def draft_freeze(rows: QuerySet[Workspace], *, narrowed: Mapping[str, Any], by: User) -> BulkJob:
    """Draft the freezing of those of these workspaces that are active. Raises NotAllowed for none or too many."""
    chosen = rows.filter(status=Workspace.Status.ACTIVE).order_by("pk").values_list("pk", "id")
    return _draft(What.FREEZE, *_of_rows(chosen), narrowed=narrowed, by=by)


def draft_credit(chosen: Chosen, *, percent: int, by: User) -> BulkJob:
    """Draft giving back so much of the charge of each of these requests. Raises NotAllowed for none or too many."""
    sql, values = chosen.sql()
    return _draft(What.CREDIT, sql, values, narrowed=chosen.told, by=by, percent=percent)


@transaction.atomic
def begin(job_id: UUID, *, reason: str, by: User) -> BulkJob:
    """Begin a draft, or ask for it where it takes two persons; begin what somebody else asked for.

    Raises NotAllowed without a reason, for whoever asked themselves, and for what is begun or over.
    """
    job = BulkJob.objects.select_for_update().get(pk=job_id)
    if job.state not in (State.DRAFT, State.ASKED):
        raise NotAllowed(f"It is {job.get_state_display().lower()} already.")
    if not reason.strip():
        raise NotAllowed("Say why.")
    if job.state == State.DRAFT:
        job.reason, job.asked_by, job.asked_by_id = reason.strip(), str(by), by.pk
        if job.by_two:
            job.state = State.ASKED
            job.save()
            return job
    elif job.asked_by_id == by.pk:
        raise NotAllowed("Somebody else must begin what you asked for.")
    job.state, job.begun_by, job.begun_by_id, job.begun_at = State.RUNNING, str(by), by.pk, clock.now()
    job.save()
    return job


@transaction.atomic
def stop(job_id: UUID) -> bool:
    """Stop a job, or drop its draft: what is done stays done. Tell whether there was anything to stop."""
    job = BulkJob.objects.select_for_update().get(pk=job_id)
    if job.state in (State.DONE, State.STOPPED):
        return False
    job.state, job.ended_at = State.STOPPED, clock.now()
    job.save()
    return True


def _of_rows(chosen: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, values = chosen.query.sql_with_params()
    return f"SELECT t.key::text, t.place, 0::bigint FROM ({sql}) t (key, place)", values


@transaction.atomic
def _draft(
    what: BulkJob.What, sql: str, values: Any, *, narrowed: Mapping[str, Any], by: User, percent: int = 100
) -> BulkJob:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS billing_bulk_chosen (subject text, workspace_id bigint, amount bigint) ON COMMIT DELETE ROWS")  # fmt: skip
        cursor.execute("DELETE FROM billing_bulk_chosen")
        cursor.execute(f"INSERT INTO billing_bulk_chosen {sql} LIMIT {MOST + 1}", values)
        cursor.execute("UPDATE billing_bulk_chosen SET amount = amount * %s / 100", [percent])
        cursor.execute(
            "SELECT count(*), count(DISTINCT workspace_id), coalesce(sum(amount), 0)::bigint FROM billing_bulk_chosen"
        )
        total, customers, amount = cursor.fetchone()
        _check(total)
        job = BulkJob.objects.create(
            id=uuid4(),
            what=what,
            narrowed=dict(narrowed),
            percent=percent,
            total=total,
            customers=customers,
            amount_nano=amount,
            by_two=amount > settings.MOVE_BY_TWO_USD * money.NANO_PER_USD,
            made_by=str(by),
            made_by_id=by.pk,
            made_at=clock.now(),
        )
        cursor.execute(
            """INSERT INTO billing_bulk_line (job_id, no, subject, workspace_id, amount_nano)
               SELECT %s, row_number() OVER (), subject, workspace_id, amount FROM billing_bulk_chosen""",
            [job.pk],
        )
    return job


def _check(total: int) -> None:
    if total == 0:
        raise NotAllowed("None of these is left to be done.")
    if total > MOST:
        raise NotAllowed(f"These are more than {MOST:,}: narrow them.")
