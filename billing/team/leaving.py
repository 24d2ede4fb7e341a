"""The page on which an owner has a workspace deleted, and the way back while there is time."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import farewells
from accounts.models import Member
from accounts.powers import Power
from billing.seats import frame, needs

from . import closing
from .forms import SureForm

__all__ = ["delete", "keep"]


@require_http_methods(["GET", "POST"])
@needs(Power.OWN)
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def delete(request: HttpRequest, member: Member) -> HttpResponse:
    """Say what goes and what stays, and what stands against it; then set the day."""
    workspace = member.workspace
    reasons = closing.against(workspace)
    form = SureForm(request.POST or None, word=workspace.slug)
    if request.method == "POST" and form.is_valid() and not reasons:
        row = farewells.ask_for_workspace(workspace, by=member.user)
        messages.warning(
            request, f"{workspace.name} is deleted on {row.due_at:%-d %B %Y} (UTC) unless you undo it."
        )
        return redirect("dashboard:workspace")
    context = {"form": form, "reasons": reasons, "days": settings.CLOSING_DAYS}
    status = 200 if request.method == "GET" else 409 if reasons else 400
    return render(
        request, "billing/team/delete.html", frame(member, here="workspace") | context, status=status
    )


@require_POST
@needs(Power.OWN)
def keep(request: HttpRequest, member: Member) -> HttpResponse:
    """Undo the deletion of a workspace."""
    row = farewells.of_workspace(member.workspace_id)
    if row is not None and farewells.undo(row, by=member.user):
        messages.info(request, f"{member.workspace.name} stays. Nothing was deleted.")
    return redirect("dashboard:workspace")
