"""The page of announcements, for anybody: what was public, and for members what concerned their workspace."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from billing import seats

from . import past

__all__ = ["page"]

_GREATEST = 2**63 - 1


@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show announcements, the newest first; ?before= goes on from a number."""
    member = seats.seat(request.user, seats.chosen(request)) if isinstance(request.user, User) else None
    workspace = member.workspace if member is not None else None
    found = past.read(workspace, before=_number(request.GET.get("before", "")))
    context = {"past": found, "workspace": workspace, "first": "before" not in request.GET}
    return render(request, "billing/announcements.html", context)


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > _GREATEST:
        raise Http404("before: a number")
    return int(text)
