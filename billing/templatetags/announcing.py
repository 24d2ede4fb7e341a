"""The template tags that show an announcement: the one that concerns a workspace, or the public."""

from typing import Any

from django import template

from accounts.models import Workspace
from billing.announcing import notices

register = template.Library()


@register.inclusion_tag("parts/announcement.html", takes_context=True)
def announcement(context: template.Context, workspace: Workspace | str | None = None) -> dict[str, Any]:
    """Show the banner of a workspace's members, without one that of the public pages; nothing if there is none."""
    mine = isinstance(workspace, Workspace)
    shown = notices.for_workspace(workspace) if mine else notices.for_everyone()  # type: ignore[arg-type]
    return {"shown": shown, "concerning": context.get("concerning", ()) if mine else ()}
