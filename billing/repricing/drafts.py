"""A re-pricing as rows: saved with its lines as it was measured, discarded, or read again."""

from django.conf import settings
from django.db import transaction

from billing.models import Reprice, RepriceLine
from kernel import clock, ids

from .dry_run import DryRun
from .terms import Refused, Terms

__all__ = ["discard", "save", "terms_of"]

_LINES_PER_INSERT = 2_000


def save(run: DryRun, *, reason: str, by: int) -> Reprice:
    """Save what was measured as a draft; `reason` is what customers read, `by` the person's id.

    What moves more than settings.REPRICE_TWO_PERSONS_NANO, up and down together, must be applied by somebody else.
    Raises Refused if it moves nothing or the reason is missing.
    """
    if not reason.strip():
        raise Refused("Say why: customers read it beside the adjustment.", field="reason")
    if not run.raised and not run.lowered:
        raise Refused("This moves no money: every request cost what it should have.")
    row = Reprice(
        id=ids.request_id(),
        model_ids=list(run.terms.models),
        begins=run.terms.begins,
        ends=run.terms.ends,
        price_version_id=run.terms.price_version_id,
        multiplier_id=run.terms.multiplier_id,
        multiplier_ppm=run.terms.multiplier_ppm,
        reason=reason.strip(),
        requests=run.requests,
        moved=run.moved,
        raised=run.raised,
        lowered=run.lowered,
        two_persons=run.raised + run.lowered > settings.REPRICE_TWO_PERSONS_NANO,
        created_by=by,
        created_at=clock.now(),
    )
    with transaction.atomic():
        row.save(force_insert=True)
        RepriceLine.objects.bulk_create(
            [
                RepriceLine(
                    id=ids.request_id(),
                    reprice_id=row.pk,
                    workspace_id=line.workspace_id,
                    requests=line.requests,
                    moved=line.moved,
                    charged=line.charged,
                    repriced=line.repriced,
                    delta=line.delta,
                )
                for line in run.lines
            ],
            batch_size=_LINES_PER_INSERT,
        )
    return row


def discard(reprice: Reprice) -> bool:
    """Set a draft aside for good; tell whether it was one."""
    drafts = Reprice.objects.filter(pk=reprice.pk, state=Reprice.State.DRAFT)
    return bool(drafts.update(state=Reprice.State.DISCARDED))


def terms_of(row: Reprice) -> Terms:
    """Return what a saved re-pricing was measured by."""
    return Terms(
        models=tuple(row.model_ids),
        begins=row.begins,
        ends=row.ends,
        price_version_id=row.price_version_id,
        multiplier_id=row.multiplier_id,
        multiplier_ppm=row.multiplier_ppm,
    )
