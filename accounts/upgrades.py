"""Temporary upgrades: how one begins and ends, and how a statement finds the plan that counts at its moment."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from catalog import plans
from catalog.models import Plan, PlanVersion
from kernel import clock

from .models import PlanUpgrade, User, Workspace

__all__ = [
    "CAPS",
    "CHANGES_IN",
    "IN_FORCE",
    "PLAN",
    "OtherPrices",
    "end",
    "grant",
    "raise_limits",
    "standing",
]

CAPS = ("minute_cap", "hour_cap", "day_cap", "stream_cap")
"""The limits of terms: requests in a minute, an hour and a day (None: no cap), and streams at once."""

IN_FORCE = """LEFT JOIN LATERAL (
    SELECT min(plan_version_id) FILTER (WHERE starts_at <= now()) AS plan_version_id,
      extract(epoch FROM min(CASE WHEN starts_at <= now() THEN ends_at ELSE starts_at END) - now())::float8 AS changes_in
    FROM accounts_planupgrade WHERE workspace_id = w.id AND ends_at > now()) upgrade ON true"""
"""Joins the upgrade of the workspace `w`: there is one row, empty without one in force or to come."""
PLAN = "coalesce(upgrade.plan_version_id, w.plan_version_id)"
"""The plan version that counts."""
CHANGES_IN = "upgrade.changes_in"
"""Seconds until another one may count: an upgrade begins or ends then."""


def grant(
    workspace: Workspace,
    plan_version: PlanVersion,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: User,
) -> PlanUpgrade:
    """Save an upgrade; requests have its terms within two seconds of its beginning, and none at its end.

    Raises ValidationError if it ends before it begins or now, or another one overlaps with it.
    """
    upgrade = PlanUpgrade(
        workspace=workspace,
        plan_version=plan_version,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        granted_by=by,
    )
    upgrade.full_clean()
    upgrade.save(force_insert=True)
    return upgrade


class OtherPrices(Exception):
    """The workspace has terms of its own with other prices than its present plan: limits alone cannot be raised."""


@transaction.atomic
def raise_limits(
    workspace: Workspace, caps: Mapping[str, int | None], *, ends_at: datetime, reason: str, by: User
) -> PlanUpgrade:
    """Give a workspace other limits from now until a moment: its own terms else, with its own models and prices.

    Raises OtherPrices, and ValidationError where it has an upgrade in that time.
    """
    base, own = workspace.plan_version, Plan.objects.filter(only_for=workspace.pk).first()
    if own is not None and own.pk != base.plan_id and not plans.priced_alike(own.slug, base.plan.slug):
        raise OtherPrices
    terms = plans.custom(
        workspace_id=workspace.pk,
        name=workspace.name,
        slug=workspace.slug,
        base=base,
        terms={name: caps[name] for name in CAPS},
    )
    return grant(workspace, terms, starts_at=clock.now(), ends_at=ends_at, reason=reason, by=by)


def standing(workspace: Workspace) -> PlanUpgrade | None:
    """Return the upgrade in force, else the next to come, else None."""
    rows = PlanUpgrade.objects.filter(workspace=workspace, ends_at__gt=clock.now())
    return rows.select_related("plan_version__plan").order_by("ends_at").first()


def end(upgrade: PlanUpgrade) -> bool:
    """End an upgrade now, or drop one that has not begun; return False for one that is over.

    Requests have the terms of the standing plan again within two seconds.
    """
    moment = clock.now()
    if upgrade.ends_at <= moment:
        return False
    if upgrade.starts_at > moment:
        upgrade.delete()
        return True
    upgrade.ends_at = max(moment, upgrade.starts_at + timedelta(microseconds=1))
    upgrade.save(update_fields=["ends_at"])
    return True
