"""What the page Set-up asks while it waits: the latest request of a key."""

from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from accounts import keys
from accounts.models import Member
from billing.seats import members

from .arriving import latest

__all__ = ["arrival"]


@require_GET
@members
def arrival(request: HttpRequest, member: Member, number: int) -> JsonResponse:
    """Tell the latest request of a key by its id and in words; both null as long as there is none."""
    reach = keys.in_reach(member.workspace_id, role=member.role, person_id=member.user_id)
    if number >= 2**63 or not reach.filter(pk=number).exists():
        raise Http404("there is no such key")
    found = latest(member.workspace_id, number)
    zone = ZoneInfo(member.workspace.time_zone)
    return JsonResponse(
        {"id": str(found.request_id), "words": found.words(zone)} if found else {"id": None, "words": None}
    )
