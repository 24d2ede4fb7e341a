"""How subscriptions begin, change and end: by operators, once for each token, as the rule says."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Workspace
from billing.credits import lots
from billing.credits import withholding as spill
from billing.models import CreditLot, Purse, Subscription, SubscriptionChange
from catalog.models import PlanVersion
from kernel import clock

from . import granting, periods, rule
from .periods import Period, Span
from .rule import Course, Now, Step

__all__ = [
    "NotOurs",
    "active",
    "begin",
    "change",
    "finish",
    "foresee",
    "leave_balance_alone",
    "new",
    "now_of",
]

Kind = SubscriptionChange.Kind
_KINDS = {Step.AT_ONCE: Kind.CHANGED, Step.AT_END: Kind.SCHEDULED, Step.KEEP: Kind.KEPT}


class NotOurs(Exception):
    """The subscription is paid through Stripe: its plan changes there, and follows here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that is asked for: to which terms, by whom, why, and the token of the form."""

    to: PlanVersion
    token: UUID
    actor: str
    reason: str
    at_once: bool = False


def active(workspace_id: int) -> Subscription | None:
    """Return the subscription of a workspace that has not ended, or None."""
    rows = Subscription.objects.exclude(status=Subscription.Status.CANCELLED)
    return (
        rows.filter(workspace_id=workspace_id)
        .select_related("plan_version__plan", "next_plan_version__plan")
        .first()
    )


def now_of(workspace: Workspace) -> Now:
    """Return where a workspace stands."""
    row = active(workspace.pk)
    if row is None:
        return Now(workspace.plan_version, None)
    end = row.current_period_end
    span = Span(row.current_period_start, end) if end is not None else None
    return Now(workspace.plan_version, span, row.next_plan_version)


def foresee(workspace: Workspace, to: PlanVersion, *, at_once: bool = False) -> Course:
    """Return what a change to other terms would come to today."""
    return rule.course(now_of(workspace), to, today=clock.utc_day(clock.now()), at_once=at_once)


@transaction.atomic
def begin(workspace: Workspace, *, actor: str, reason: str = "") -> Subscription | None:
    """Begin the subscription of a workspace that is on a plan which costs or brings something, and grant its credits.

    Returns None for another plan, and the one that is there already.
    """
    kept = granting.held(workspace.pk)
    if kept is None or not kept.plan_version.is_paid_for:
        return None
    there = active(kept.pk)
    if there is not None:
        return there
    today = clock.utc_day(clock.now())
    row = new(kept.pk, kept.plan_version, today)
    _note(
        kept,
        Asked(kept.plan_version, uuid4(), actor, reason),
        Kind.BEGUN,
        today,
        row.plan_version.credits_nano,
    )
    leave_balance_alone(kept.pk, row.plan_version)
    granting.settle(row, today)
    return row


@transaction.atomic
def change(
    workspace: Workspace, to: PlanVersion, *, token: UUID, actor: str, reason: str, at_once: bool = False
) -> SubscriptionChange | None:
    """Put a workspace on other terms as the rule says, once for each token; `at_once` also where the rule waits.

    Returns what was done, also if it was done before, or None where it has these terms already. Raises NotOurs for
    a subscription that is paid through Stripe, and ValueError for terms that are not published.
    """
    kept = granting.held(workspace.pk)
    if kept is None:
        raise LookupError(f"there is no workspace {workspace.pk}")
    before = SubscriptionChange.objects.filter(workspace_id=kept.pk, token=token).first()
    if before is not None:
        return before
    if to.published_at > clock.now():
        raise ValueError("to: these terms are not published yet")
    row = active(kept.pk)
    if row is not None and row.source == Subscription.Source.STRIPE:
        raise NotOurs
    today = clock.utc_day(clock.now())
    if row is not None:
        granting.settle(row, today)
        kept.refresh_from_db()
    asked = Asked(to, token, actor, reason, at_once)
    course = rule.course(now_of(kept), to, today=today, at_once=at_once)
    if course.step == Step.NONE:
        return None
    done = _note(kept, asked, _KINDS[course.step], course.on, course.credits)
    _follow(kept, active(kept.pk), asked, course)
    return done


def leave_balance_alone(workspace_id: int, terms: PlanVersion) -> None:
    """Keep usage on plan credits until the customer lets it spill; who has a balance by now goes on using it."""
    if not terms.credits_nano:
        return
    decided = Purse.objects.filter(pk=workspace_id).exclude(spill=Purse.Spill.FREE)
    balance = CreditLot.objects.filter(workspace_id=workspace_id, source__in=lots.BALANCE, remaining__gt=0)
    if not decided.exists() and not balance.exists():
        spill.set_spill(workspace_id, enabled=False, actor="plan")


def _follow(workspace: Workspace, row: Subscription | None, asked: Asked, course: Course) -> None:
    """Do what the course says, the ledger last."""
    if course.step != Step.AT_ONCE:
        assert row is not None
        scheduled = asked.to if course.step == Step.AT_END else None
        row.next_plan_version = scheduled
        row.cancel_at_period_end = scheduled is not None and not scheduled.is_paid_for
        row.save()
        return
    Workspace.objects.filter(pk=workspace.pk).update(plan_version=asked.to)
    if row is not None and not course.begins and asked.to.is_paid_for:
        row.plan_version, row.next_plan_version, row.cancel_at_period_end = asked.to, None, False
        row.save()
        granting.grant(
            row,
            course.credits,
            key=f"plan-change:{asked.token}",
            reason=f"Credits of {asked.to} for the rest of {granting.told(row)}",
            actor=asked.actor,
        )
        return
    if row is not None:
        finish(row, course.on)
    if asked.to.is_paid_for:
        leave_balance_alone(workspace.pk, asked.to)
        granting.settle(new(workspace.pk, asked.to, course.on), course.on)


def new(workspace_id: int, terms: PlanVersion, today: date) -> Subscription:
    """Save a subscription that begins on a UTC day; nothing is granted yet, and the sweep finds it due."""
    end = None if terms.period == Period.NONE else periods.span(today, 0, terms.period).end
    return Subscription.objects.create(
        workspace_id=workspace_id,
        plan_version=terms,
        anchor=today,
        current_period_start=today,
        current_period_end=end,
        due_on=today,
    )


def finish(row: Subscription, on: date) -> None:
    """End a subscription of a held workspace on a day; credits that it granted stay until their own end."""
    row.status, row.ended_on, row.due_on = Subscription.Status.CANCELLED, on, None
    row.next_plan_version, row.cancel_at_period_end = None, False
    row.save()


def _note(workspace: Workspace, asked: Asked, kind: str, on: date, granted: int) -> SubscriptionChange:
    return SubscriptionChange.objects.create(
        workspace_id=workspace.pk,
        token=asked.token,
        kind=kind,
        from_version=workspace.plan_version,
        to_version=asked.to,
        takes_effect_on=on,
        granted_nano=granted,
        reason=asked.reason,
        actor=asked.actor,
    )
