"""Temporary upgrades: how one begins and ends, and how a statement finds the plan that counts at its moment."""

from datetime import datetime, timedelta

from catalog.models import PlanVersion
from kernel import clock

from .models import PlanUpgrade, User, Workspace

__all__ = ["CHANGES_IN", "IN_FORCE", "PLAN", "end", "grant", "standing"]

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
