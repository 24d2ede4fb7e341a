"""How a subscription moves on: into the period that holds today, with the credits of that period granted once."""

import time
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import structlog
from django.db import DatabaseError, transaction

from accounts.models import Workspace
from billing import ledger
from billing.credits.lots import Credit
from billing.models import CreditLot, Subscription, SubscriptionChange
from catalog.models import PlanVersion
from kernel import clock
from kernel.failpoints import failpoint

from . import periods
from .periods import Period

__all__ = ["due", "grant", "grant_due", "held", "settle"]

AHEAD = timedelta(minutes=2)
"""How long before a period begins its credits are granted, so that requests of its first minute find them."""
_PER_ROUND = 500
log = structlog.get_logger()


def grant_due(now: datetime, *, seconds: float) -> int:
    """Settle what is due by a moment or AHEAD of it, at most 500 and for a bounded time; return how many were.

    Each in a commit of its own: killed anywhere, or run twice at once, every period is granted once. One that fails
    is logged and left for the next round.
    """
    done, until, today = 0, time.monotonic() + seconds, clock.utc_day(now + AHEAD)
    for subscription, workspace in due(today):
        if time.monotonic() > until:
            log.warning("granting of plan credits goes on in the next round", done=done)
            break
        try:
            with transaction.atomic():
                if held(workspace, wait=False) is None:
                    continue
                row = Subscription.objects.select_related("plan_version", "next_plan_version").get(
                    pk=subscription
                )
                failpoint("grant.held")
                if row.due_on is not None and row.due_on <= today:
                    settle(row, today)
                    done += 1
                failpoint("grant.settled")
            failpoint("grant.committed")
        except (DatabaseError, ledger.Conflict, LookupError) as error:
            log.error("plan credits not granted", subscription=str(subscription), error=str(error))
    return done


def due(today: date) -> list[tuple[UUID, int]]:
    """Return subscriptions with something to do by a UTC day, the longest due first, each with its workspace."""
    rows = Subscription.objects.filter(status=Subscription.Status.ACTIVE, due_on__lte=today)
    rows = rows.order_by("due_on", "pk")
    return list(rows.values_list("pk", "workspace_id")[:_PER_ROUND])


def held(workspace_id: int, *, wait: bool = True) -> Workspace | None:
    """Lock a workspace for what is done to its plan, and return it; None if another holds it and none is to wait.

    Everything that changes a subscription begins with this, so that no two do it at once. Requests do not wait.
    """
    rows = Workspace.objects.select_for_update(no_key=True, skip_locked=not wait, of=("self",))
    return rows.select_related("plan_version__plan").filter(pk=workspace_id).first()


def settle(row: Subscription, today: date) -> None:
    """Bring a subscription of a held workspace into the period that holds a UTC day and grant what that one brings.

    The ledger is written last. Raises ledger.Conflict if the key of the grant names another movement.
    """
    if row.current_period_end is not None and row.current_period_end <= today:
        _move_on(row, today)
    if row.status != Subscription.Status.ACTIVE or row.granted_for == row.current_period_start:
        row.save()
        return
    row.granted_for = row.current_period_start
    row.due_on = None if row.source == Subscription.Source.STRIPE else row.current_period_end
    row.save()
    failpoint("grant.marked")
    grant(
        row,
        row.plan_version.credits_nano,
        key=f"plan:{row.pk}:{row.current_period_start}",
        reason=f"Credits of {row.plan_version} for {told(row)}",
    )


def grant(row: Subscription, amount: int, *, key: str, reason: str, actor: str = "plan") -> None:
    """Post credits of a plan, in nano-USD, that pay usage until the present period's end; nothing for nothing."""
    if amount:
        ledger.post(
            workspace_id=row.workspace_id,
            kind=ledger.Kind.GRANT,
            amount=amount,
            offset=ledger.System.PROMOTION,
            idem_key=key,
            reason=reason,
            actor=actor,
            credit=Credit(CreditLot.Source.PLAN, row.current_period_end),
        )


def told(row: Subscription) -> str:
    """Return the present period in words."""
    if row.current_period_end is None:
        return "good"
    last = row.current_period_end - timedelta(days=1)
    return f"{row.current_period_start} to {last}"


def _move_on(row: Subscription, today: date) -> None:
    """Leave the period that is over: end, take the plan that was scheduled, or go on; unsaved."""
    assert row.current_period_end is not None
    ended, missed = row.current_period_end, []
    if row.granted_for != row.current_period_start:
        missed.append(row.current_period_start)
    if row.source == Subscription.Source.STRIPE:
        return  # the next period begins with its payment
    if row.next_plan_version is not None:
        _take(row, row.next_plan_version, ended)
    if row.status == Subscription.Status.CANCELLED:
        return
    if row.plan_version.period == Period.NONE:
        row.current_period_start, row.current_period_end = ended, None
    else:
        period = row.plan_version.period
        first = periods.containing(row.anchor, ended, period)
        number = periods.containing(row.anchor, today, period)
        missed += [periods.span(row.anchor, each, period).start for each in range(first, number)]
        span = periods.span(row.anchor, number, period)
        row.current_period_start, row.current_period_end = span.start, span.end
    row.due_on = row.current_period_start
    if missed:
        # Credits that nobody could have used are not made up for; the operator is told.
        log.error("periods passed without their credits", subscription=str(row.pk), periods=len(missed))
        row.missed += len(missed)
        row.missed_last = missed[-1]


def _take(row: Subscription, terms: PlanVersion, on: date) -> None:
    """Let the scheduled terms count, from a day on."""
    SubscriptionChange.objects.create(
        workspace_id=row.workspace_id,
        token=uuid4(),
        kind=SubscriptionChange.Kind.TAKEN if terms.is_paid_for else SubscriptionChange.Kind.ENDED,
        from_version=row.plan_version,
        to_version=terms,
        takes_effect_on=on,
        actor="plan",
    )
    if terms.is_paid_for:
        if terms.period != row.plan_version.period:
            row.anchor = on
        row.plan_version = terms
    else:
        row.status, row.ended_on, row.due_on = Subscription.Status.CANCELLED, on, None
    row.next_plan_version, row.cancel_at_period_end = None, False
    Workspace.objects.filter(pk=row.workspace_id).update(plan_version=terms)
