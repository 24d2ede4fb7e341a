"""The page Plan, and the switch that lets usage go on with the balance."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Member
from billing.credits import withholding
from billing.seats import frame, members, payers
from kernel import money

from . import page
from .forms import SpillForm

__all__ = ["plan", "spill"]


@require_GET
@members
def plan(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the plan of the signed-in person's workspace."""
    return _shown(request, member)


@require_POST
@payers
def spill(request: HttpRequest, member: Member) -> HttpResponse:
    """Let usage go on with the balance up to a ceiling, or not."""
    enabled = request.POST.get("enabled") == "yes"
    form = SpillForm(request.POST if enabled else {})
    if not form.is_valid():
        return _shown(request, member, form=form, status=400)
    ceiling = form.ceiling_nano if enabled else None
    withholding.set_spill(
        member.workspace_id, enabled=enabled, monthly_ceiling=ceiling, actor=str(member.user)
    )
    messages.info(
        request,
        "Usage goes on with the balance once plan credits are spent."
        if enabled
        else "Requests that cost are refused once plan credits are spent. The balance is left alone.",
    )
    return redirect("dashboard:plan")


def _shown(
    request: HttpRequest, member: Member, *, form: SpillForm | None = None, status: int = 200
) -> HttpResponse:
    shown = page.plan(member)
    ceiling = shown.spill.ceiling if shown.spill.rule == "on" else shown.spill.offered
    initial = {} if ceiling is None else {"ceiling": money.show(ceiling, decimals=2)}
    context = frame(member, here="plan") | {"page": shown, "form": form or SpillForm(initial=initial)}
    return render(request, "billing/plan.html", context, status=status)
