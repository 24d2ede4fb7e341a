"""Which announcement a reader sees now: the most severe that concerns them, read at most every five seconds."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection

from accounts.models import Workspace
from billing.models import Announcement, AnnouncementUpdate
from kernel import clock, degraded, modes

__all__ = [
    "AFTERWARDS",
    "FRESH_SECONDS",
    "MOST",
    "Notice",
    "Shown",
    "concern",
    "for_everyone",
    "for_workspace",
    "forget",
]

FRESH_SECONDS = 5.0
"""How long a process tells what it has read."""
AFTERWARDS = timedelta(hours=24)
"""How long what is over stays as news."""
MOST = 100
"""How many are told apart at a time, the most severe first."""
log = structlog.get_logger()

_Severity = Announcement.Severity
_RANK = {_Severity.ACCESS: 0, _Severity.INCIDENT: 1, _Severity.NEWS: 2}
_READ = f"""
SELECT a.id, a.severity, a.title, a.consequence, a.link_text, a.link_url, a.audience, a.public,
    a.begins_at, least(a.ended_at, a.ends_at) AS over_at, coalesce(said.stage, ''), coalesce(said.text, ''), said.made_at,
    ARRAY(SELECT plan_id FROM billing_announcement_plans WHERE announcement_id = a.id),
    ARRAY(SELECT workspace_id FROM billing_announcement_workspaces WHERE announcement_id = a.id)
FROM billing_announcement a
LEFT JOIN LATERAL (SELECT stage, text, made_at FROM billing_announcementupdate
    WHERE announcement_id = a.id ORDER BY id DESC LIMIT 1) said ON true
WHERE a.published_at IS NOT NULL AND a.begins_at <= %(soon)s
    AND (least(a.ended_at, a.ends_at) IS NULL OR least(a.ended_at, a.ends_at) > %(long_ago)s)
ORDER BY array_position(ARRAY['access', 'incident', 'news'], a.severity::text), a.begins_at DESC LIMIT {MOST}"""


@dataclass(frozen=True, slots=True)
class Notice:
    """A published announcement with the last that was said of it; `over_at` is None while no end is known."""

    id: int
    severity: str
    title: str
    consequence: str
    link_text: str
    link_url: str
    audience: str
    public: bool
    begins_at: datetime
    over_at: datetime | None
    stage: str
    said: str
    said_at: datetime | None
    plans: Sequence[int]
    workspaces: Sequence[int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as a banner: what is over is told as news for a day."""

    notice: Notice
    over: bool

    @property
    def tone(self) -> str:
        """The banner's kind, as its class is called."""
        if self.over:
            return "success"
        return {_Severity.ACCESS: "error", _Severity.INCIDENT: "warning"}.get(self.notice.severity, "success")  # type: ignore[call-overload, no-any-return]

    @property
    def urgent(self) -> bool:
        """Whether it is more than news."""
        return self.tone != "success"

    @property
    def stage(self) -> str:
        """What is being done about it, in a word; nothing where nobody said."""
        return AnnouncementUpdate.Stage(self.notice.stage).label if self.notice.stage else ""

    @property
    def order(self) -> tuple[int, float]:
        """The most severe first, of equals the newest."""
        news = _Severity.NEWS if self.over else _Severity(self.notice.severity)
        return _RANK[news], -self.notice.begins_at.timestamp()


_read: tuple[float, tuple[Notice, ...]] = (float("-inf"), ())


def for_workspace(workspace: Workspace) -> Shown | None:
    """Return what the members of a workspace see on their pages, or None."""
    return _first(
        notice for notice in _notices() if concern(notice, workspace.pk, lambda: workspace.terms.plan_id)
    )


def for_everyone() -> Shown | None:
    """Return what is seen on the public pages, or None."""
    return _first(notice for notice in _notices() if notice.public)


def concern(notice: Notice, workspace_id: int, plan: Callable[[], int]) -> bool:
    """Tell whether a notice is for a workspace; its plan is asked for only where that decides."""
    match notice.audience:
        case Announcement.Audience.EVERYONE:
            return True
        case Announcement.Audience.WORKSPACES:
            return workspace_id in notice.workspaces
    return plan() in notice.plans


def forget() -> None:
    """Have the next reader read anew."""
    global _read
    _read = float("-inf"), ()


def _first(notices: Iterable[Notice]) -> Shown | None:
    now = clock.now()
    return min(
        filter(None, (_shown(notice, now) for notice in notices)), key=lambda each: each.order, default=None
    )


def _shown(notice: Notice, now: datetime) -> Shown | None:
    if notice.begins_at > now:
        return None
    if notice.over_at is None or notice.over_at > now:
        return Shown(notice, over=False)
    # News has been read by then; how an incident ended concerns whoever met it.
    gone = notice.severity == _Severity.NEWS or now - notice.over_at >= AFTERWARDS
    return None if gone else Shown(notice, over=True)


def _notices() -> tuple[Notice, ...]:
    """Return what was published; what was read last where the database does not answer."""
    global _read
    at, known = _read
    if time.monotonic() - at < FRESH_SECONDS or degraded.holds(modes.DATABASE):
        return known
    try:
        known = _fetch()
    except DatabaseError as error:
        log.warning("announcements were not read", error=type(error).__name__)
    _read = time.monotonic(), known
    return known


def _fetch() -> tuple[Notice, ...]:
    now = clock.now()
    soon = now + timedelta(seconds=2 * FRESH_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"soon": soon, "long_ago": now - AFTERWARDS})
        return tuple(Notice(*row) for row in cursor.fetchall())
