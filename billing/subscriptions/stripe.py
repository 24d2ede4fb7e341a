"""What payments through Stripe do to a subscription: each call says how things are, so their order does not matter.

Nothing here is believed of a caller that has not checked Stripe's signature.
"""

from datetime import date

import structlog
from django.db import transaction

from accounts.models import Workspace
from billing.models import Subscription
from catalog import plans
from catalog.models import PlanVersion
from kernel import clock

from . import book, granting

__all__ = ["ended", "link", "paid", "unpaid"]

Status = Subscription.Status
log = structlog.get_logger()


@transaction.atomic
def link(
    workspace_id: int,
    terms: PlanVersion,
    *,
    subscription_id: str,
    customer_id: str,
    period_start: date,
    period_end: date,
) -> Subscription:
    """Note that a workspace has subscribed through Stripe; credits come with the payment of its first period.

    A subscription of ours ends today, with its credits as they are. A repeat returns the one that is there. Raises
    LookupError for a workspace that is not there.
    """
    workspace = granting.held(workspace_id)
    if workspace is None:
        raise LookupError(f"there is no workspace {workspace_id}")
    known = Subscription.objects.filter(stripe_subscription_id=subscription_id).first()
    if known is not None:
        return known
    today = clock.utc_day(clock.now())
    before = book.active(workspace_id)
    if before is not None:
        book.finish(before, today)
    Workspace.objects.filter(pk=workspace_id).update(plan_version=terms)
    return Subscription.objects.create(
        workspace_id=workspace_id,
        plan_version=terms,
        status=Status.PAST_DUE,
        source=Subscription.Source.STRIPE,
        anchor=period_start,
        current_period_start=period_start,
        current_period_end=period_end,
        stripe_subscription_id=subscription_id,
        stripe_customer_id=customer_id,
    )


@transaction.atomic
def paid(subscription_id: str, *, period_start: date, period_end: date) -> bool:
    """Begin the period that was paid for and grant its credits, once; return False for an unknown subscription.

    A period before the present one changes nothing. Of one that is over already nothing is granted.
    """
    row = _held(subscription_id)
    if row is None:
        return False
    today = clock.utc_day(clock.now())
    if row.status == Status.CANCELLED or period_start < row.current_period_start:
        return True
    row.current_period_start, row.current_period_end, row.status = period_start, period_end, Status.ACTIVE
    if period_end <= today:
        log.error("a payment came after its period", subscription=str(row.pk), period=str(period_start))
        row.missed, row.missed_last = row.missed + 1, period_start
        row.granted_for = period_start
        row.save()
        return True
    granting.settle(row, today)
    return True


@transaction.atomic
def unpaid(subscription_id: str, *, period_start: date) -> bool:
    """Note that the payment for a period failed; return False for an unknown subscription.

    The plan stays until Stripe gives up; without a payment no credits come. Where that period was paid meanwhile,
    or a later one, nothing changes.
    """
    row = _held(subscription_id)
    if row is None:
        return False
    settled = row.granted_for is not None and row.granted_for >= period_start
    if row.status == Status.ACTIVE and not settled:
        row.status = Status.PAST_DUE
        row.save(update_fields=["status"])
    return True


@transaction.atomic
def ended(subscription_id: str) -> bool:
    """End a subscription that Stripe has ended; the workspace goes to the lowest plan that costs nothing.

    Credits stay until their own end. Returns False for an unknown subscription.
    """
    row = _held(subscription_id)
    if row is None:
        return False
    if row.status != Status.CANCELLED:
        book.finish(row, clock.utc_day(clock.now()))
        free = plans.without_price()
        if free is not None:
            rows = Workspace.objects.filter(pk=row.workspace_id, plan_version=row.plan_version)
            rows.update(plan_version=free)
    return True


def _held(subscription_id: str) -> Subscription | None:
    known = Subscription.objects.filter(stripe_subscription_id=subscription_id)
    workspace = known.values_list("workspace_id", flat=True).first()
    if workspace is None:
        return None
    granting.held(workspace)
    return known.select_related("plan_version__plan", "next_plan_version__plan").get()
