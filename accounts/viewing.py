"""How an operator sees a workspace as its owner does: in their own session, with a reason, read-only, for half an hour.

It is kept in the session of the site and nowhere else: the routes of /v1 and /auth know no sessions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden

from kernel import clock

from .models import Member, User, Workspace

__all__ = ["LASTS", "PERMISSION", "Viewing", "begin", "current", "end", "owner", "read_only"]

LASTS = timedelta(minutes=30)
PERMISSION = "accounts.view_as_customer"
_KEPT = "viewing"
_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_OWN = ("/admin/", "/accounts/")
"""Where operators act as themselves, whatever they see: elsewhere nothing that could change anything passes."""


@dataclass(frozen=True, slots=True)
class Viewing:
    """The workspace that an operator sees, and the moment in UTC from which on they do not."""

    workspace_id: int
    until: datetime

    @property
    def over(self) -> bool:
        """Tell whether its time has passed."""
        return clock.now() >= self.until


def begin(request: HttpRequest, workspace: Workspace) -> Viewing:
    """Let the operator who asks see a workspace from now on; the one before is left.

    Raises PermissionError without PERMISSION.
    """
    if not _may(request):
        raise PermissionError(PERMISSION)
    viewing = Viewing(workspace.pk, clock.now() + LASTS)
    request.session[_KEPT] = {"workspace": viewing.workspace_id, "until": int(viewing.until.timestamp())}
    return viewing


def current(request: HttpRequest) -> Viewing | None:
    """Return what the operator who asks sees, its time passed or not; None for whoever may not, or sees nothing."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    kept = request.session.get(_KEPT)
    if kept is None or not _may(request):
        return None
    return Viewing(kept["workspace"], datetime.fromtimestamp(kept["until"], UTC))


def end(request: HttpRequest) -> Viewing | None:
    """Stop seeing a workspace; return what was seen."""
    seen = current(request)
    request.session.pop(_KEPT, None)
    return seen


def owner(viewing: Viewing, operator: User) -> Member:
    """Return the membership through which pages are seen: that of whoever owns the workspace longest.

    Where nobody owns it, one that is not saved. Raises Workspace.DoesNotExist.
    """
    found = Member.objects.filter(workspace_id=viewing.workspace_id, role=Member.Role.OWNER)
    member = found.select_related("user", "workspace__plan_version__plan").order_by("joined_at", "pk").first()
    if member is not None:
        return member
    workspace = Workspace.objects.select_related("plan_version__plan").get(pk=viewing.workspace_id)
    return Member(workspace=workspace, user=operator, role=Member.Role.OWNER)


def read_only(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse whatever could change something while a workspace is seen; stands below the session's middleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method in _SAFE or request.path_info.startswith(_OWN):
            return get_response(request)
        seen = current(request)
        if seen is None or seen.over:
            return get_response(request)
        return HttpResponseForbidden(
            "You see this workspace as its owner does: nothing can be changed.",
            content_type="text/plain; charset=utf-8",
        )

    return middleware


def _may(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, User) and user.is_staff and user.has_perm(PERMISSION)
