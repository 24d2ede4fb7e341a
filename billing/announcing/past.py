"""The announcements that were made, for one reader: what concerned everyone, or their own workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q

from accounts.models import Workspace
from billing.models import Announcement, AnnouncementUpdate
from kernel import clock

from .publishing import State, state_of

__all__ = ["PAGE", "Past", "Told", "read"]

PAGE = 20
"""How many announcements a page has."""


@dataclass(frozen=True, slots=True)
class Told:
    """One announcement with all that was said of it, the newest first."""

    announcement: Announcement
    on: bool
    over_at: datetime | None
    updates: Sequence[AnnouncementUpdate]


@dataclass(frozen=True, slots=True)
class Past:
    """A page of them, the newest first; `older` is the number from which the next page goes on, or None."""

    told: Sequence[Told]
    older: int | None


def read(workspace: Workspace | None, *, before: int | None = None) -> Past:
    """Return what one may read, without a workspace what is public. Two queries, and one for the plan."""
    now = clock.now()
    rows = Announcement.objects.filter(_concerns(workspace), published_at__isnull=False, begins_at__lte=now)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    said = Prefetch("updates", AnnouncementUpdate.objects.order_by("-pk"))
    found = list(rows.prefetch_related(said).order_by("-pk").distinct()[: PAGE + 1])
    shown = found[:PAGE]
    return Past([_told(each, now) for each in shown], shown[-1].pk if len(found) > PAGE else None)


def _concerns(workspace: Workspace | None) -> Q:
    if workspace is None:
        return Q(public=True)
    return (
        Q(audience=Announcement.Audience.EVERYONE)
        | Q(audience=Announcement.Audience.WORKSPACES, workspaces=workspace)
        | Q(audience=Announcement.Audience.PLANS, plans=workspace.terms.plan_id)
    )


def _told(announcement: Announcement, now: datetime) -> Told:
    ends = [at for at in (announcement.ended_at, announcement.ends_at) if at is not None and at <= now]
    return Told(
        announcement,
        state_of(announcement, now) is State.ON,
        min(ends, default=None),
        list(announcement.updates.all()),
    )
