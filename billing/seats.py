"""Whose dashboard it is: one of the workspaces that a signed-in person belongs to, and what their role lets them do there.

An operator who sees a workspace as its owner does is given the owner's seat, and nothing to write with.
"""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts import powers, viewing
from accounts.models import Member, User, Workspace
from accounts.powers import Power
from accounts.signup import is_open
from accounts.trail_asker import watched
from billing import statements

__all__ = [
    "MOST",
    "PAYERS",
    "View",
    "choose",
    "chosen",
    "frame",
    "members",
    "needs",
    "payers",
    "seat",
    "seats",
]

PAYERS = tuple(powers.roles_with(Power.PAY))
"""The roles that pay, set what is paid, and see what was."""
MOST = 50
"""How many workspaces a person can change between; whoever has more reaches those joined first."""
_CHOSEN = "workspace"
_SAFE = ("GET", "HEAD", "OPTIONS")

View = Callable[..., HttpResponseBase]


def seats(user: User) -> list[Member]:
    """Return a person's memberships in workspaces that are not closed, the one joined first at the head."""
    found = Member.objects.filter(user=user).exclude(workspace__status=Workspace.Status.CLOSED)
    return list(
        found.select_related("user", "workspace__plan_version__plan").order_by("joined_at", "pk")[:MOST]
    )


def seat(user: User, workspace_id: int | None = None) -> Member | None:
    """Return a person's membership in the workspace of that number, else in the one joined first; None without one."""
    return _picked(seats(user), workspace_id)


def choose(request: HttpRequest, workspace_id: int) -> None:
    """Let a person's pages be of that workspace from now on, in this session; no member of it stays where they are."""
    request.session[_CHOSEN] = workspace_id


def chosen(request: HttpRequest) -> int | None:
    """Return the number of the workspace that was chosen in this session, or None."""
    number: int | None = request.session.get(_CHOSEN)
    return number


def needs(power: Power) -> Callable[[View], View]:
    """Return what lets a view be used by members whose role has a power, and gives it their membership.

    What the view tells the trail is kept with who asks and from where.
    """

    def let_in(view: View) -> View:
        @login_required
        @never_cache
        @wraps(view)
        def used(request: HttpRequest, **named: object) -> HttpResponseBase:
            assert isinstance(request.user, User)
            seen = viewing.current(request)
            if seen is not None:
                return _seen(view, request, seen, request.user, **named)
            found = seats(request.user)
            member = _picked(found, chosen(request))
            if member is None:
                return render(request, "billing/no_workspace.html", {"may_open": is_open()})
            request.seats = found  # type: ignore[attr-defined]  # the frame lets change between them
            if not powers.may(member.role, power):
                return _refused(request, member, power)
            return _watched(view, request, member, **named)

        used.needs = power  # type: ignore[attr-defined]  # a test asks every view for it
        return used

    return let_in


members = needs(Power.SEE)
"""Lets a view be used by every member of a workspace."""
payers = needs(Power.PAY)
"""Lets a view be used by those members who pay."""


def frame(member: Member, *, here: str, balance: statements.Balance | None = None) -> dict[str, object]:
    """Return what the frame around every page shows; the balance is read here unless the page has read it."""
    return {
        "here": here,
        "workspace": member.workspace,
        "pays": powers.may(member.role, Power.PAY),
        "may_open": is_open(),
        "balance": balance or statements.balance(member.workspace_id),
    }


def _picked(found: list[Member], workspace_id: int | None) -> Member | None:
    return next((each for each in found if each.workspace_id == workspace_id), next(iter(found), None))


def _refused(request: HttpRequest, member: Member, power: Power) -> HttpResponseBase:
    allowed = [Member.Role(role).label.lower() for role in powers.roles_with(power)]
    context = frame(member, here="") | {"power": powers.POWERS[power].words, "allowed": allowed}
    return render(request, "billing/no_right.html", context, status=403)


def _watched(view: View, request: HttpRequest, member: Member, **named: object) -> HttpResponseBase:
    if request.method in _SAFE:
        return view(request, member, **named)
    with watched(request, member.user):
        return view(request, member, **named)


def _seen(
    view: View, request: HttpRequest, seen: viewing.Viewing, operator: User, **named: object
) -> HttpResponseBase:
    """Show a page as the owner of a workspace sees it, in a transaction that PostgreSQL lets write nothing."""
    if seen.over:
        viewing.end(request)
        messages.info(request, "Half an hour is over. Begin again to go on looking.")
        return redirect("admin:accounts_workspace_change", seen.workspace_id)
    request.viewing = seen  # type: ignore[attr-defined]  # the frame says so above the page
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        return view(request, viewing.owner(seen, operator), **named)
