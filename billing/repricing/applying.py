"""How a re-pricing is applied: begun once by a person, then one adjustment for each workspace, resumed wherever it stopped."""

import time
from uuid import UUID

import structlog
from django.contrib.auth import get_user_model
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import QuerySet

from billing import ledger
from billing.models import Reprice, RepriceLine
from kernel import clock

from .drafts import terms_of
from .dry_run import measure
from .terms import Refused, describe

__all__ = ["begin", "finish", "sweep"]

_LINES_PER_LOOK = 200
log = structlog.get_logger()


def begin(reprice_id: UUID, *, by: int, charge_more: bool) -> Reprice:
    """Decide that a draft is applied, in the name of the person with id `by`; `finish` then posts it.

    It is measured again first. Raises Refused if it is no draft any more, if the figures moved since, if some pay
    more and `charge_more` does not say so, if a second person is needed, or if another one has requests in common.
    """
    row = Reprice.objects.get(pk=reprice_id)
    if row.state != Reprice.State.DRAFT:
        raise Refused(f"It is {row.get_state_display().lower()} already.")
    if row.two_persons and by == row.created_by:
        raise Refused("It moves so much that somebody else must apply it than who saved it.")
    if row.raised and not charge_more:
        raise Refused("Some workspaces pay more: confirm that they are charged more.", field="charge_more")
    _look_again(row)
    try:
        with transaction.atomic():
            locked = Reprice.objects.select_for_update().get(pk=reprice_id)
            if locked.state != Reprice.State.DRAFT:
                raise Refused(f"It is {locked.get_state_display().lower()} already.")
            locked.state, locked.applied_by, locked.applied_at = Reprice.State.APPLYING, by, clock.now()
            locked.charges_more = bool(row.raised)
            locked.save(update_fields=["state", "applied_by", "applied_at", "charges_more"])
    except IntegrityError as error:
        raise Refused(str(error).splitlines()[0].capitalize() + ".") from error
    return locked


def finish(reprice_id: UUID, *, seconds: float) -> bool:
    """Post what is left of a re-pricing under way, for about so long; tell whether all of it is done.

    A workspace's adjustment has the re-pricing for its key: whoever else posts it, or posted it before dying, it is
    one. Raises LookupError for a workspace without an account.
    """
    row = Reprice.objects.get(pk=reprice_id)
    if row.state != Reprice.State.APPLYING:
        return row.state == Reprice.State.APPLIED
    reason = f"Re-priced {describe(terms_of(row))}: {row.reason}"
    actor = str(get_user_model().objects.filter(pk=row.applied_by or 0).first() or f"person {row.applied_by}")
    until = time.monotonic() + seconds
    while lines := list(_open(reprice_id)[:_LINES_PER_LOOK]):
        for line in lines:
            _adjust(row, line, reason=reason, actor=actor)
            if time.monotonic() > until:
                return not _open(reprice_id).exists() and _close(reprice_id)
    return _close(reprice_id)


def sweep(*, seconds: float) -> int:
    """Go on with the re-pricings that somebody began and nobody finished; return how many are done now."""
    until, done = time.monotonic() + seconds, 0
    begun = Reprice.objects.filter(state=Reprice.State.APPLYING).order_by("applied_at", "pk")
    for reprice_id in list(begun.values_list("pk", flat=True)):
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            done += finish(reprice_id, seconds=left)
        except (DatabaseError, LookupError, ledger.Conflict) as error:
            # The others go on; this one is seen as under way until somebody looks.
            log.error("re-pricing not finished", reprice=str(reprice_id), error=str(error))
    return done


def _open(reprice_id: UUID) -> QuerySet[RepriceLine]:
    lines = RepriceLine.objects.filter(reprice_id=reprice_id, transaction_id=None).exclude(delta=0)
    return lines.order_by("workspace_id")


def _adjust(row: Reprice, line: RepriceLine, *, reason: str, actor: str) -> None:
    made = ledger.post(
        workspace_id=line.workspace_id,
        kind=ledger.Kind.ADJUSTMENT,
        amount=-line.delta,
        offset=ledger.System.REVENUE,
        idem_key=f"reprice:{row.pk}",
        reason=reason,
        actor=actor,
    )
    # Committed by itself, so that the account is not held for it. Whoever was faster named the same movement.
    RepriceLine.objects.filter(pk=line.pk, workspace_id=line.workspace_id, transaction_id=None).update(transaction_id=made)  # fmt: skip


def _close(reprice_id: UUID) -> bool:
    under_way = Reprice.objects.filter(pk=reprice_id, state=Reprice.State.APPLYING)
    under_way.update(state=Reprice.State.APPLIED, finished_at=clock.now())
    return True


def _look_again(row: Reprice) -> None:
    found = {
        line.workspace_id: (line.requests, line.charged, line.repriced)
        for line in measure(terms_of(row)).lines
    }
    lines = RepriceLine.objects.filter(reprice_id=row.pk)
    saved = {line.workspace_id: (line.requests, line.charged, line.repriced) for line in lines}
    if found != saved:
        raise Refused(
            "What was used or charged in this span has changed since it was measured: make a new draft."
        )
