"""Whose dashboard it is: the workspace that a signed-in person joined first, and who of its members pays for it."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from accounts.models import Member, User
from billing import statements

__all__ = ["PAYERS", "View", "frame", "members", "payers", "seat"]

PAYERS = (Member.Role.OWNER, Member.Role.ADMIN, Member.Role.BILLING)
"""The roles that pay, set what is paid, and see what was."""

View = Callable[..., HttpResponseBase]


def seat(user: User) -> Member | None:
    """Return a person's membership in the workspace they joined first, or None without one."""
    return (
        Member.objects.filter(user=user)
        .select_related("user", "workspace__plan_version__plan")
        .order_by("joined_at", "pk")
        .first()
    )


def members(view: View) -> View:
    """Let a view be used by members of a workspace, and give it their membership."""

    @login_required
    @never_cache
    @wraps(view)
    def used(request: HttpRequest, **named: object) -> HttpResponseBase:
        assert isinstance(request.user, User)
        member = seat(request.user)
        if member is None:
            return render(request, "billing/no_workspace.html")
        return view(request, member, **named)

    return used


def payers(view: View) -> View:
    """Let a view be used by those members who pay."""

    @members
    @wraps(view)
    def used(request: HttpRequest, member: Member, **named: object) -> HttpResponseBase:
        if member.role not in PAYERS:
            return render(request, "billing/no_right.html", frame(member, here=""), status=403)
        return view(request, member, **named)

    return used


def frame(member: Member, *, here: str, balance: statements.Balance | None = None) -> dict[str, object]:
    """Return what the frame around every page shows; the balance is read here unless the page has read it."""
    return {
        "here": here,
        "workspace": member.workspace,
        "balance": balance or statements.balance(member.workspace_id),
    }
