"""Whose days the desk tells: those of UTC, of the workspace's own time zone, or of one that the caller names."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from ninja import Query

from accounts.models import Workspace
from billing.statements import cut, zone_of
from kernel import clock

from ..errors import Failure

__all__ = ["Period", "Zone", "chosen", "start"]

Period = Literal["hourly", "daily", "monthly"]
Zone = Annotated[
    str | None,
    Query(max_length=64, description="Whose clock: an IANA time zone, or `workspace`; UTC if left out."),
]
WORKSPACE = "workspace"


def chosen(workspace_id: int, name: str | None) -> ZoneInfo:
    """Return the zone of a name, of the workspace for `workspace`, UTC for None. Raises Failure for another name."""
    if name == WORKSPACE:
        name = Workspace.objects.values_list("time_zone", flat=True).get(pk=workspace_id)
    try:
        return zone_of(name or "UTC")
    except ValueError as error:
        raise Failure("VALIDATION_ERROR", f"{error}.", param="zone") from error


def start(period: Period, zone: ZoneInfo) -> datetime:
    """Return when the present hour, day or month of a zone began, in UTC; an hour that comes twice is two."""
    now = clock.now()
    today = now.astimezone(zone).date()
    first = today.replace(day=1) if period == "monthly" else today
    made = cut(first, today, zone=zone, by="hour" if period == "hourly" else "all", now=now)
    return max(span.begins.astimezone(UTC) for span in made.spans if span.begins <= now)
