"""What customers read of the trail: what was done in their workspace, by whom of them or by Tollway, and when."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from accounts.models import Member, TrailRow, User, Workspace
from billing import figures
from kernel import clock

__all__ = ["History", "Line", "read"]

_A_PAGE = 50
OURS = "Tollway"
"""Who works here is told by this name, and not in whose words: reasons and notes are of the house."""
SHOWN = {
    "accounts.workspace": "the workspace",
    "accounts.member": "a member",
    "accounts.invitation": "an invitation",
    "accounts.farewell": "the deletion",
    "accounts.apikey": "a key",
    "accounts.providerkey": "an own key",
    "accounts.planupgrade": "an upgrade",
    "billing.billingdetails": "the billing details",
    "billing.customeralert": "an alert",
    "billing.customerendpoint": "a webhook",
    "billing.customerdelivery": "a message of an alert",
}


@dataclass(frozen=True)
class Line:
    """One deed; the clock is of the workspace's zone."""

    day: str
    clock: str
    who: str
    said: str


@dataclass(frozen=True)
class History:
    """A page of deeds, and the number from which the next one goes on, if there are more."""

    zone: str
    lines: list[Line]
    older: int | None


def read(workspace: Workspace, *, before: int | None) -> History:
    """Read the newest deeds of a workspace, or those before a number."""
    found = TrailRow.objects.filter(workspace_id=workspace.pk, model__in=SHOWN)
    if before is not None:
        found = found.filter(no__lt=before)
    rows = list(found.order_by("-no")[: _A_PAGE + 1])
    ours = _ours(workspace, rows)
    zone = ZoneInfo(workspace.time_zone)
    return History(
        zone=workspace.time_zone,
        lines=[_line(row, row.actor_id in ours, zone) for row in rows[:_A_PAGE]],
        older=rows[_A_PAGE - 1].no if len(rows) > _A_PAGE else None,
    )


def _ours(workspace: Workspace, rows: list[TrailRow]) -> set[int | None]:
    """Return which of the actors work here and are no members; commands and sweeps have no number."""
    actors = {row.actor_id for row in rows if row.actor_id is not None}
    staff = set(User.objects.filter(pk__in=actors, is_staff=True).values_list("pk", flat=True))
    seated = Member.objects.filter(workspace=workspace, user_id__in=staff).values_list("user_id", flat=True)
    return {None, *(staff - set(seated))}


def _line(row: TrailRow, ours: bool, zone: ZoneInfo) -> Line:
    day, at = figures.moment(row.at, now=clock.now(), zone=zone)
    if ours:
        verb = TrailRow.Verb(row.verb).label
        return Line(day, at, OURS, f"{verb} {SHOWN[row.model]}.")
    return Line(day, at, row.actor, row.said)
