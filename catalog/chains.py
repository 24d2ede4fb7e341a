"""How the chain of a model changes: by a new version, never in place, because charges name the version they took."""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from django.db import transaction
from django.db.models import Max

from kernel import clock

from .chain_checks import Fault, Reason, examine
from .models import Chain, Hop, Model

__all__ = [
    "ChainRefused",
    "Due",
    "NotADraft",
    "draft_from",
    "live_before",
    "next_version",
    "publish",
    "publish_due",
    "renumber",
    "rollback",
    "schedule",
    "unschedule",
]

DUE_AT_MOST = 100
log = structlog.get_logger()


class ChainRefused(Exception):
    """What was asked of a chain is refused, and nothing has changed; `reasons` are all that speak against it."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(" ".join(map(str, reasons)))
        self.reasons = reasons


class NotADraft(ChainRefused):
    """Only a draft is published or scheduled: what was live stays as it was."""


@dataclass(frozen=True, slots=True)
class Due:
    """What became of the drafts whose moment had come."""

    published: int = 0
    refused: int = 0


def next_version(model_id: int) -> int:
    """Return the number of a model's next chain and keep it from others until the transaction ends."""
    _hold(model_id)
    newest = Chain.objects.filter(model_id=model_id).aggregate(Max("version"))["version__max"]
    return (newest or 0) + 1


@transaction.atomic
def draft_from(chain: Chain, *, note: str = "") -> Chain:
    """Return a new draft, the model's next version, with the same hops."""
    draft = Chain.objects.create(model_id=chain.model_id, version=next_version(chain.model_id), note=note)
    hops = list(Hop.objects.filter(chain=chain))
    for hop in hops:
        hop.pk, hop.chain = None, draft
    Hop.objects.bulk_create(hops)
    return draft


@transaction.atomic
def publish(chain: Chain, *, note: str | None = None) -> Chain:
    """Make a draft the live chain of its model, retire the one before, and return it as it is now.

    `note` replaces the draft's. Raises ChainRefused with every reason against it, NotADraft if it is none; the live
    version then stays live.
    """
    draft = _held_draft(chain)
    _go_live(draft, note=note)
    return draft


@transaction.atomic
def schedule(chain: Chain, at: datetime, *, note: str | None = None) -> Chain:
    """Have a draft go live by itself at a moment to come (UTC). Raises ChainRefused, NotADraft.

    It must be fit to go live then, as far as can be known; at its moment it is looked at again.
    """
    draft = _held_draft(chain)
    if at <= clock.now():
        raise ChainRefused(
            Reason(
                Fault.NOT_AHEAD,
                f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC is over.",
                "Choose a moment to come, or publish now.",
            )
        )
    verdict = examine(draft, at=at)
    if verdict.refusals:
        raise ChainRefused(*verdict.refusals)
    draft.publish_at, draft.refusal, draft.refused_at = at, "", None
    draft.note = draft.note if note is None else note
    draft.save(update_fields=["publish_at", "refusal", "refused_at", "note"])
    return draft


@transaction.atomic
def unschedule(chain: Chain) -> Chain:
    """Have a scheduled draft wait until it is published. Raises ChainRefused if it is not scheduled, NotADraft."""
    draft = _held_draft(chain)
    if draft.publish_at is None:
        raise ChainRefused(
            Reason(Fault.NOT_SCHEDULED, f"{draft} is not scheduled.", "Nothing needs to be done.")
        )
    draft.publish_at = None
    draft.save(update_fields=["publish_at"])
    return draft


@transaction.atomic
def rollback(model: Model, *, note: str = "") -> Chain:
    """Publish a new version with the hops of the one that was live before, and return it. Raises ChainRefused."""
    _hold(model.pk)
    before = live_before(model)
    if before is None:
        raise ChainRefused(
            Reason(
                Fault.NOTHING_BEFORE,
                f"No version of {model} was live before this one.",
                "Draft a new version and change it.",
            )
        )
    said = f"Back to version {before.version}." + (f" {note}" if note else "")
    return publish(draft_from(before, note=said))


def live_before(model: Model) -> Chain | None:
    """Return the version that was live before the present one, if any was."""
    retired = Chain.objects.filter(model=model, status=Chain.Status.RETIRED, published_at__isnull=False)
    return retired.order_by("-published_at", "-version").first()


@transaction.atomic
def renumber(chain: Chain) -> None:
    """Number the hops of a draft from 1 by their places; of two in one place the older comes first."""
    for position, hop in enumerate(Hop.objects.filter(chain=chain).order_by("position", "pk"), start=1):
        if hop.position != position:
            Hop.objects.filter(pk=hop.pk).update(position=position)


def publish_due(now: datetime) -> Due:
    """Publish the drafts whose moment has come (UTC), at most a hundred, each in a transaction of its own.

    One that is no longer fit stays a draft without a moment, with the reasons written on it. A model that somebody
    else is at work on is left to the next round.
    """
    waiting = Chain.objects.filter(status=Chain.Status.DRAFT, publish_at__lte=now)
    published = refused = 0
    for key, model in list(
        waiting.order_by("publish_at", "version").values_list("pk", "model_id")[:DUE_AT_MOST]
    ):
        with transaction.atomic():
            live = _publish_due(key, model, now)
        published += live is True
        refused += live is False
    return Due(published, refused)


def _publish_due(key: int, model_id: int, now: datetime) -> bool | None:
    """Publish one draft that is due; None if it is somebody else's or no longer due."""
    if not _hold(model_id, skip=True):
        return None
    due = Chain.objects.select_for_update().filter(pk=key, status=Chain.Status.DRAFT, publish_at__lte=now)
    draft = due.first()
    if draft is None:
        return None
    try:
        with transaction.atomic():
            _go_live(draft)
    except ChainRefused as refused:
        draft.refusal, draft.refused_at, draft.publish_at = "\n".join(map(str, refused.reasons)), now, None
        draft.save(update_fields=["refusal", "refused_at", "publish_at"])
        log.warning(
            "scheduled chain refused", chain=str(draft), reasons=[each.fault for each in refused.reasons]
        )
        return False
    log.info("scheduled chain published", chain=str(draft))
    return True


def _hold(model_id: int, *, skip: bool = False) -> bool:
    """Lock the model, so that one at a time works on its chains; False if `skip` and somebody does."""
    # Not for its key: chains and prices that refer to it can still be added.
    rows = Model.objects.select_for_update(no_key=True, skip_locked=skip).filter(pk=model_id)
    return bool(rows.values_list("pk", flat=True))


def _held_draft(chain: Chain) -> Chain:
    """Return the chain as it is now, locked. Raises NotADraft."""
    _hold(chain.model_id)
    # Whoever writes its hops has a share of this lock, so what is examined is what goes live.
    draft = Chain.objects.select_for_update().filter(pk=chain.pk).first()
    if draft is None or draft.status != Chain.Status.DRAFT:
        state = "is gone" if draft is None else f"is {draft.status}"
        raise NotADraft(
            Reason(
                Fault.NOT_A_DRAFT, f"{chain} {state}, and no draft.", "Draft a new version and publish that."
            )
        )
    return draft


def _go_live(draft: Chain, *, note: str | None = None) -> None:
    now = clock.now()
    verdict = examine(draft, at=now)
    if verdict.refusals:
        raise ChainRefused(*verdict.refusals)
    Chain.objects.filter(model_id=draft.model_id, status=Chain.Status.LIVE).update(
        status=Chain.Status.RETIRED
    )
    draft.status, draft.published_at, draft.publish_at = Chain.Status.LIVE, now, None
    draft.refusal, draft.refused_at = "", None
    draft.note = draft.note if note is None else note
    draft.save(update_fields=["status", "published_at", "publish_at", "refusal", "refused_at", "note"])
