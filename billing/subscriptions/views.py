"""The page Plan, and the switch that lets usage go on with the balance."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Member, User
from billing import statements
from billing.credits import withholding
from billing.payments.notices import PAYERS
from billing.payments.page import seat
from kernel import money

from . import page
from .forms import SpillForm

__all__ = ["plan", "spill"]


@require_GET
@login_required
@never_cache
def plan(request: HttpRequest) -> HttpResponse:
    """Show the plan of the signed-in person's workspace."""
    member = _member(request)
    return _shown(request, member) if member else render(request, "billing/no_workspace.html")


@require_POST
@login_required
@never_cache
def spill(request: HttpRequest) -> HttpResponse:
    """Let usage go on with the balance up to a ceiling, or not. Raises PermissionDenied for who may not pay."""
    member = _member(request)
    if member is None or member.role not in PAYERS:
        raise PermissionDenied("owners, admins and billing members decide about the balance")
    enabled = request.POST.get("enabled") == "yes"
    form = SpillForm(request.POST if enabled else {})
    if not form.is_valid():
        return _shown(request, member, form=form, status=400)
    ceiling = form.ceiling_nano if enabled else None
    withholding.set_spill(
        member.workspace_id, enabled=enabled, monthly_ceiling=ceiling, actor=str(request.user)
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
    context = {
        "here": "plan",
        "workspace": member.workspace,
        "balance": statements.balance(member.workspace_id),
        "page": shown,
        "form": form or SpillForm(initial=initial),
    }
    return render(request, "billing/plan.html", context, status=status)


def _member(request: HttpRequest) -> Member | None:
    assert isinstance(request.user, User)
    return seat(request.user)
