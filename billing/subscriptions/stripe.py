"""What Stripe's words do to a subscription: each says how things are, so that their order does not matter.

Nothing here is believed of a caller that has not checked Stripe's signature.
"""

from datetime import date
from typing import Protocol

import structlog
from django.db import transaction

from accounts.models import Workspace
from billing.models import StripeCustomer, Subscription
from billing.payments.elsewhere import Misfit
from billing.payments.subscribed import Standing
from catalog import plans
from catalog.models import PlanVersion
from kernel import clock, money

from . import book, granting

__all__ = ["Keeper", "link"]

Status = Subscription.Status
_RUNS = frozenset({"active", "trialing"})
_OVER = frozenset({"canceled", "incomplete_expired", "unpaid"})
log = structlog.get_logger()


class Days(Protocol):
    """The UTC days that an invoice is about: from `start`, before `end`."""

    @property
    def start(self) -> date:
        """The first day."""

    @property
    def end(self) -> date:
        """The day after the last."""


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
    book.leave_balance_alone(workspace_id, terms)
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


class Keeper:
    """Takes in what the payments hear of subscriptions; of one that is not known here, nothing."""

    def knows(self, stripe_subscription_id: str) -> bool:
        """Tell whether it is kept."""
        return Subscription.objects.filter(stripe_subscription_id=stripe_subscription_id).exists()

    @transaction.atomic
    def bought(self, told: Standing) -> bool:
        """Keep a subscription that runs and names a workspace and terms of ours; tell whether it was one.

        Raises Misfit if it is not what was offered, or the second one that a workspace pays for.
        """
        if told.status not in _RUNS or not {"workspace", "terms"} <= told.metadata.keys():
            return False
        workspace = _numbered(told.metadata["workspace"])
        terms = PlanVersion.objects.filter(pk=_numbered(told.metadata["terms"])).first()
        if terms is None or granting.held(workspace) is None:
            return False
        wrong = _misfits(told, workspace, terms)
        if wrong:
            raise Misfit(workspace, f"{'; '.join(wrong)}. End or refund it at Stripe")
        link(
            workspace,
            terms,
            subscription_id=told.id,
            customer_id=told.customer,
            period_start=told.start,
            period_end=told.end,
        )
        return True

    @transaction.atomic
    def paid(self, stripe_subscription_id: str, *, period: Days, event_id: str) -> None:
        """Begin the period that was paid and grant its credits, once.

        An invoice that reaches no further than what was granted changes nothing: it is an old one, or of a change
        within the period. Of a period that is over already nothing is granted.
        """
        row = _held(stripe_subscription_id)
        if row is None or row.status == Status.CANCELLED:
            return
        if row.granted_for is not None and period.end <= (row.current_period_end or date.max):
            return
        today = clock.utc_day(clock.now())
        row.current_period_start, row.current_period_end = period.start, period.end
        row.status = Status.ACTIVE
        if period.end <= today:
            log.error("a payment came after its period", subscription=str(row.pk), event_id=event_id)
            row.missed, row.missed_last = row.missed + 1, period.start
            row.granted_for = period.start
        granting.settle(row, today)

    @transaction.atomic
    def not_paid(self, stripe_subscription_id: str, *, period: Days, event_id: str) -> None:
        """Note that the payment of a period failed: the plan stays until Stripe gives up, without new credits.

        Where that period or a later one was paid meanwhile, nothing changes.
        """
        row = _held(stripe_subscription_id)
        if row is None or row.status != Status.ACTIVE:
            return
        if row.granted_for is None or row.granted_for < period.start:
            row.status = Status.PAST_DUE
            row.save(update_fields=["status"])

    @transaction.atomic
    def changed(
        self, stripe_subscription_id: str, *, status: str, ends_with_period: bool, at: int, event_id: str
    ) -> None:
        """Note how Stripe says it stands as of a Unix time; an earlier word than the last is no news.

        When Stripe has ended it, the workspace goes to the lowest public plan that costs nothing; credits stay until
        their own end.
        """
        row = _held(stripe_subscription_id)
        if row is None or row.status == Status.CANCELLED or at < row.stripe_heard:
            return
        row.stripe_heard, row.cancel_at_period_end = at, ends_with_period
        if status in _OVER:
            _over(row)
        else:
            row.save()


def _misfits(told: Standing, workspace_id: int, terms: PlanVersion) -> list[str]:
    """Return what of a subscription is not as it was offered, in words."""
    payer = StripeCustomer.objects.filter(
        customer_id=told.customer, livemode=told.livemode, workspace_id=workspace_id
    )
    price = None if told.cents is None else money.from_cents(told.cents)
    other = book.active(workspace_id)
    second = other is not None and other.source == Subscription.Source.STRIPE
    wrong = {
        f"customer {told.customer} is not the workspace's": not payer.exists(),
        f"it costs {told.cents} cents of {told.currency} a {told.interval or 'while'}": (
            (price, told.currency, told.interval) != (terms.price_nano, "usd", terms.period)
        ),
        "the workspace pays for another subscription already": second,
    }
    return [words for words, so in wrong.items() if so]


def _numbered(name: str) -> int:
    return int(name) if name.isdecimal() and len(name) < 19 else 0


def _over(row: Subscription) -> None:
    book.finish(row, clock.utc_day(clock.now()))
    free = plans.without_price()
    if free is not None:
        rows = Workspace.objects.filter(pk=row.workspace_id, plan_version=row.plan_version)
        rows.update(plan_version=free)


def _held(subscription_id: str) -> Subscription | None:
    known = Subscription.objects.filter(stripe_subscription_id=subscription_id)
    workspace = known.values_list("workspace_id", flat=True).first()
    if workspace is None:
        return None
    granting.held(workspace)
    return known.select_related("plan_version__plan", "next_plan_version__plan").get()
