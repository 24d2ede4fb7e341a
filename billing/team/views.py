"""The pages Team and Changes: who belongs to a workspace, what each may do, and what was done here by whom."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import Member
from accounts.powers import Power
from billing.seats import frame, members, needs

from . import history
from . import page as pages
from .forms import InviteForm

__all__ = ["changes", "shown", "team"]


@require_GET
@members
def team(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the team of the signed-in person's workspace."""
    return shown(request, member)


@require_GET
@needs(Power.TEAM)
def changes(request: HttpRequest, member: Member) -> HttpResponse:
    """List what was done in the workspace, the newest first; ?before= goes on from a number."""
    before = request.GET.get("before", "")
    number = int(before) if before.isdecimal() and len(before) < 19 else None
    found = history.read(member.workspace, before=number)
    context = {"history": found, "first": number is None}
    return render(request, "billing/team/changes.html", frame(member, here="team") | context)


def shown(
    request: HttpRequest, member: Member, *, form: InviteForm | None = None, status: int = 200
) -> HttpResponse:
    """Return the page Team, with a form that was wrong if one was."""
    page = pages.team(member)
    giving = [(choice.role, choice.label) for choice in page.giving]
    context = {"page": page, "form": form or InviteForm(giving=giving)}
    return render(request, "billing/team/team.html", frame(member, here="team") | context, status=status)
