"""How a job on many rows is worked off: each row once, in a commit of its own with its row of the trail."""

import time
import uuid
from collections.abc import Callable, Mapping
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Count, Model, Q, QuerySet

from accounts import keys, workspaces
from accounts.models import ApiKey, Workspace
from billing.models import BulkJob, BulkLine, Move
from billing.moves import desk
from kernel import clock
from kernel.deeds import Deed, tell

__all__ = ["finish", "sweep"]

_LINES_PER_LOOK = 200
What, State, Outcome = BulkJob.What, BulkJob.State, BulkLine.Outcome
_Said = tuple[BulkLine.Outcome, str]
log = structlog.get_logger()


def sweep(*, seconds: float) -> int:
    """Go on with the jobs under way, the first begun first, for about so long; return how many are done now."""
    until, ended = time.monotonic() + seconds, 0
    under_way = BulkJob.objects.filter(state=State.RUNNING).order_by("begun_at", "pk")
    for job_id in list(under_way.values_list("pk", flat=True)[:_LINES_PER_LOOK]):
        left = until - time.monotonic()
        if left <= 0:
            break
        ended += finish(job_id, seconds=left)
    return ended


def finish(job_id: UUID, *, seconds: float) -> bool:
    """Do what is left of a job under way, for about so long; tell whether all of it is done.

    A row that fails is logged and left for the next time; the others go on. One that is stopped goes no further.
    """
    until, last = time.monotonic() + seconds, 0
    while job := BulkJob.objects.filter(pk=job_id, state=State.RUNNING).first():
        lines = list(_open(job_id).filter(no__gt=last)[:_LINES_PER_LOOK])
        for line in lines:
            last = line.no
            try:
                _do(job, line.pk)
            except DatabaseError as error:
                log.error("a row of a job is not done", job=str(job_id), no=line.no, error=str(error))
            if time.monotonic() > until:
                return _close(job_id)
        if not lines:
            return _close(job_id)
    return False


def _open(job_id: UUID) -> QuerySet[BulkLine]:
    return BulkLine.objects.filter(job_id=job_id, outcome=Outcome.OPEN).order_by("no")


@transaction.atomic
def _do(job: BulkJob, line_id: UUID) -> None:
    line = (
        BulkLine.objects.select_for_update(skip_locked=True).filter(pk=line_id, outcome=Outcome.OPEN).first()
    )
    if line is None:
        return  # another worker has it, or had it
    line.outcome, line.said = _DO[What(job.what)](job, line)
    line.done_at = clock.now()
    line.save(update_fields=["outcome", "said", "done_at"])


def _revoke(job: BulkJob, line: BulkLine) -> _Said:
    key = ApiKey.objects.get(pk=int(line.subject))
    if not keys.revoke(key):
        return Outcome.SKIPPED, "It was revoked meanwhile."
    _tell(job, key, "Revoked.")
    return Outcome.DONE, "Revoked."


def _freeze(job: BulkJob, line: BulkLine) -> _Said:
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=int(line.subject))
    if workspace.status != Workspace.Status.ACTIVE:
        return Outcome.SKIPPED, f"It is {workspace.get_status_display().lower()} already."
    workspaces.put(workspace.pk, Workspace.Status.SUSPENDED)
    _tell(job, workspace, "Active → suspended.")
    return Outcome.DONE, "Frozen."


def _credit(job: BulkJob, line: BulkLine) -> _Said:
    request_id = UUID(line.subject)
    amount = min(line.amount_nano, desk.creditable(line.workspace_id, request_id))
    if amount <= 0:
        return Outcome.SKIPPED, "Nothing of its charge is left to be given back."
    try:
        move = desk.credit_request(
            workspace_id=line.workspace_id,
            request_id=request_id,
            amount=amount,
            reason=job.reason,
            by=job.asked_by,
            token=uuid.uuid5(job.pk, line.subject),
        )
        if move.status == Move.Status.ASKED and job.begun_by_id != job.asked_by_id:
            desk.approve(move, by=job.begun_by, words=job.reason)
    except desk.NotAllowed as error:
        return Outcome.SKIPPED, str(error)
    _tell(job, move, f"{move.get_status_display().capitalize()} for request {request_id}.")
    return Outcome.DONE, "Given back." if move.status == Move.Status.POSTED else "Waits for a second person."


_DO: Mapping[BulkJob.What, Callable[[BulkJob, BulkLine], _Said]] = {
    What.REVOKE: _revoke,
    What.FREEZE: _freeze,
    What.CREDIT: _credit,
}


def _tell(job: BulkJob, row: Model, said: str) -> None:
    told = f"{said} With {job.total:,} others, job {job.pk}."
    tell(Deed("change", row, told, actor=job.begun_by, actor_id=job.begun_by_id, reason=job.reason))


def _close(job_id: UUID) -> bool:
    """Count what is done, and end the job if nothing is left; tell whether it has ended."""
    counted = BulkLine.objects.filter(job_id=job_id).aggregate(
        done=Count("pk", filter=Q(outcome=Outcome.DONE)),
        skipped=Count("pk", filter=Q(outcome=Outcome.SKIPPED)),
    )
    over = not _open(job_id).exists()
    ending = {"state": State.DONE, "ended_at": clock.now()} if over else {}
    return bool(BulkJob.objects.filter(pk=job_id, state=State.RUNNING).update(**counted, **ending)) and over
