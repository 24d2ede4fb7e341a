"""Makes announcements that are published, as operators publish them."""

from datetime import timedelta
from typing import Any

from billing.announcing import publishing
from billing.models import Announcement
from kernel import clock


def draft(*, plans: Any = (), workspaces: Any = (), began: float = 60, **fields: Any) -> Announcement:
    """Save a draft that begins so many seconds ago."""
    made = Announcement.objects.create(
        **{
            "title": "route/kimi-k2.5 answers slowly.",
            "consequence": "Prices are unchanged.",
            "begins_at": clock.now() - timedelta(seconds=began),
            "drafted_by": "ann@tollway.example",
            **fields,
        }
    )
    made.plans.set(plans)
    made.workspaces.set(workspaces)
    return made


def published(**fields: Any) -> Announcement:
    """Publish one."""
    return publishing.publish(draft(**fields), by="ann@tollway.example")
