"""Who sees a workspace's papers and adds credit: owners, admins and billing members."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from accounts.models import Member, User
from billing import statements

__all__ = ["frame", "keepers"]

_ROLES = (Member.Role.OWNER, Member.Role.ADMIN, Member.Role.BILLING)

View = Callable[..., HttpResponseBase]


def keepers(view: View) -> View:
    """Let a view be used by them, and give it their membership in the workspace they joined first."""

    @login_required
    @never_cache
    @wraps(view)
    def used(request: HttpRequest, **named: object) -> HttpResponseBase:
        assert isinstance(request.user, User)
        member = (
            Member.objects.filter(user=request.user)
            .select_related("workspace__plan_version__plan", "user")
            .order_by("joined_at", "pk")
            .first()
        )
        if member is None:
            return render(request, "billing/no_workspace.html")
        if member.role not in _ROLES:
            return render(request, "billing/paper/no_right.html", frame(member, here=""), status=403)
        return view(request, member, **named)

    return used


def frame(member: Member, *, here: str) -> dict[str, object]:
    """Return what the frame of every page shows."""
    return {
        "here": here,
        "workspace": member.workspace,
        "balance": statements.balance(member.workspace_id),
    }
