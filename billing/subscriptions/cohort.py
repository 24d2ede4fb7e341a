"""How all who have some terms are moved to others: who they are, what changes for them, and the move in rounds."""

import uuid
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Workspace
from billing.models import Subscription, SubscriptionChange
from catalog.models import PlanVersion
from kernel import clock

from . import book, granting
from .comparing import Comparison, compare

__all__ = ["PER_ROUND", "Preview", "Unlike", "move", "preview"]

PER_ROUND = 500
_NAMED = 12


class Unlike(Exception):
    """Terms with another kind of period: whoever has them changes by the rule for one."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would be moved: how many, the first of them by name, how many stay behind, and what changes for each."""

    moved: int
    names: tuple[str, ...]
    left_with_stripe: int
    comparison: Comparison

    @property
    def more(self) -> int:
        """How many beside those that are named."""
        return self.moved - len(self.names)


def preview(before: PlanVersion, after: PlanVersion) -> Preview:
    """Return what moving everyone from one set of terms to another would do."""
    rows = _movable(before, after)
    return Preview(
        rows.count(),
        tuple(rows.order_by("name").values_list("name", flat=True)[:_NAMED]),
        Workspace.objects.filter(plan_version=before).count() - rows.count(),
        compare(before, after),
    )


def move(before: PlanVersion, after: PlanVersion, *, token: UUID, actor: str, reason: str) -> int:
    """Move up to 500 workspaces from one set of terms to another, at once; return how many.

    Caps, models and prices count at once, credits from each one's next period on. A subscription that is paid
    through Stripe moves only where its price stays. Killed in between, a repeat moves the rest. Raises Unlike where
    the periods are of another kind, and ValueError for terms that are not published.
    """
    if after.published_at > clock.now():
        raise ValueError("after: these terms are not published yet")
    if before.period != after.period:
        raise Unlike
    ids = list(_movable(before, after).order_by("pk").values_list("pk", flat=True)[:PER_ROUND])
    return sum(_move_one(pk, before, after, token=token, actor=actor, reason=reason) for pk in ids)


@transaction.atomic
def _move_one(
    pk: int, before: PlanVersion, after: PlanVersion, *, token: UUID, actor: str, reason: str
) -> bool:
    workspace = granting.held(pk)
    if workspace is None or workspace.plan_version_id != before.pk:
        return False
    today = clock.utc_day(clock.now())
    SubscriptionChange.objects.create(
        workspace_id=pk,
        token=uuid.uuid5(token, str(pk)),
        kind=SubscriptionChange.Kind.MOVED,
        from_version=before,
        to_version=after,
        takes_effect_on=today,
        reason=reason,
        actor=actor,
    )
    row = book.active(pk)
    if row is not None:
        granting.settle(row, today)
        row.plan_version = after
        if not after.is_paid_for:
            book.finish(row, today)
        row.save()
    Workspace.objects.filter(pk=pk).update(plan_version=after)
    if row is None:
        book.begin(Workspace(pk=pk), actor=actor, reason=reason)
    return True


def _movable(before: PlanVersion, after: PlanVersion) -> QuerySet[Workspace]:
    rows = Workspace.objects.filter(plan_version=before)
    if before.price_nano == after.price_nano:
        return rows
    paid = Subscription.objects.exclude(status=Subscription.Status.CANCELLED)
    paid = paid.filter(source=Subscription.Source.STRIPE, plan_version=before)
    return rows.exclude(pk__in=paid.values("workspace_id"))
