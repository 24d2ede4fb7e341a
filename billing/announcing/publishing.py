"""How an announcement is published, added to and ended, and how many workspaces it reaches."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import connection, transaction

from accounts.models import Workspace
from accounts.upgrades import IN_FORCE, PLAN
from billing.models import Announcement, AnnouncementUpdate
from kernel import clock

from . import notices

__all__ = [
    "LATEST_BEGIN",
    "MOST_AT_ONCE",
    "NotAllowed",
    "State",
    "end",
    "publish",
    "reached",
    "say",
    "state_of",
]

MOST_AT_ONCE = notices.MOST
"""Of so many that are on or to come, readers are told; no more are published."""
LATEST_BEGIN = timedelta(days=7)
"""How far back an announcement may begin when it is published: what happened before is history."""
_OF_PLANS = f"""
SELECT count(*) FROM accounts_workspace w {IN_FORCE}
JOIN catalog_planversion counting ON counting.id = {PLAN}
WHERE w.status <> 'closed' AND counting.plan_id = ANY(%s)"""


class NotAllowed(ValueError):
    """Something that is not done with an announcement as it is; its text is a sentence for whoever asked."""


class State(StrEnum):
    """How far an announcement is."""

    DRAFT = "draft"
    TO_COME = "to come"
    ON = "shown"
    OVER = "over"


def state_of(announcement: Announcement, now: datetime) -> State:
    """Return how far an announcement is."""
    if announcement.published_at is None:
        return State.DRAFT
    ends = [at for at in (announcement.ended_at, announcement.ends_at) if at is not None]
    if ends and min(ends) <= now:
        return State.OVER
    return State.TO_COME if announcement.begins_at > now else State.ON


def reached(announcement: Announcement) -> int:
    """Return how many workspaces see it; closed ones have nobody who looks."""
    match announcement.audience:
        case Announcement.Audience.EVERYONE:
            return Workspace.objects.exclude(status=Workspace.Status.CLOSED).count()
        case Announcement.Audience.WORKSPACES:
            return announcement.workspaces.exclude(status=Workspace.Status.CLOSED).count()
    with connection.cursor() as cursor:
        cursor.execute(_OF_PLANS, [list(announcement.plans.values_list("pk", flat=True))])
        return int(cursor.fetchall()[0][0])


@transaction.atomic
def publish(announcement: Announcement, *, by: str) -> Announcement:
    """Show a draft to whom it concerns, within seconds or from its beginning on. Raises NotAllowed."""
    found = _locked(announcement)
    now = clock.now()
    if found.published_at is not None:
        raise NotAllowed("It is published already.")
    if found.ends_at is not None and found.ends_at <= now:
        raise NotAllowed("Its end is over: nobody would see it.")
    if found.begins_at < now - LATEST_BEGIN:
        raise NotAllowed(f"It begins more than {LATEST_BEGIN.days} days ago.")
    if not reached(found):
        raise NotAllowed("It reaches no workspace: choose whom it concerns.")
    if _going_on(now) >= MOST_AT_ONCE:
        raise NotAllowed(f"{MOST_AT_ONCE} are shown or to come already: end one first.")
    found.published_at, found.published_by = now, by
    found.save(update_fields=["published_at", "published_by"])
    _tell()
    return found


@transaction.atomic
def say(announcement: Announcement, *, stage: str, text: str, by: str) -> AnnouncementUpdate:
    """Add what became of it; what is resolved is over with it. Raises NotAllowed."""
    found = _locked(announcement)
    _must_go_on(found)
    if not text.strip():
        raise NotAllowed("Say what is known now.")
    update = AnnouncementUpdate.objects.create(announcement=found, stage=stage, text=text.strip(), by=by)
    if stage == AnnouncementUpdate.Stage.RESOLVED:
        _end(found, by=by)
    _tell()
    return update


@transaction.atomic
def end(announcement: Announcement, *, by: str) -> Announcement:
    """Take it off the pages. Raises NotAllowed."""
    found = _locked(announcement)
    _must_go_on(found)
    _end(found, by=by)
    _tell()
    return found


def _end(found: Announcement, *, by: str) -> None:
    found.ended_at, found.ended_by = clock.now(), by
    found.save(update_fields=["ended_at", "ended_by"])


def _must_go_on(found: Announcement) -> None:
    match state_of(found, clock.now()):
        case State.DRAFT:
            raise NotAllowed("It is a draft: nobody has read it.")
        case State.OVER:
            raise NotAllowed("It is over.")


def _locked(announcement: Announcement) -> Announcement:
    return Announcement.objects.select_for_update().get(pk=announcement.pk)


def _going_on(now: datetime) -> int:
    published = Announcement.objects.filter(published_at__isnull=False, ended_at=None)
    return published.exclude(ends_at__lte=now).count()


def _tell() -> None:
    # This process shows it at once; the others within notices.FRESH_SECONDS.
    transaction.on_commit(notices.forget)
