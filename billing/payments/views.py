"""The page Credit: adding credit, auto-recharge, and where Stripe sends people back to. Nothing here credits anything."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import rates
from accounts.models import Member
from billing import statements
from billing.credits import shown
from billing.models import Dispute, TopUp
from billing.seats import frame, payers

from . import calls, checkout, page, recharge_rules
from .forms import AddForm, RechargeForm
from .leaving import lets_forms_leave, pages, paying

__all__ = ["add", "card", "credit", "portal", "recharge", "topup"]

ADDS_A_MINUTE = 10
LOOKS = 40
"""How often the landing page looks by itself: every three seconds for two minutes."""


@require_GET
@payers
def credit(request: HttpRequest, member: Member) -> HttpResponse:
    """Show balance, payments and auto-recharge, with what may be done about them."""
    if request.GET.get("back") == "1":
        messages.info(request, "Nothing was paid.")
    return _credit(request, member)


@require_POST
@paying
def add(request: HttpRequest, member: Member) -> HttpResponse:
    """Send a person to Stripe to pay for credit."""
    form = AddForm(request.POST)
    if not form.is_valid():
        return _credit(request, member, add_form=form, status=400)
    try:
        rates.take("topup", rates.network(request.META.get("REMOTE_ADDR", "")), limit=ADDS_A_MINUTE)
        made = checkout.begin(member.workspace, cents=form.cents, by=member.user)
        return redirect(checkout.start(made, _pages(request, reverse("dashboard:topup", args=[made.id]))))
    except checkout.BadAmount as error:
        form.add_error("amount", str(error))
        return _credit(request, member, add_form=form, status=400)
    except (checkout.TooMany, rates.TooOften):
        messages.error(request, "Too many payments were begun within the last hour. Try again later.")
        return _credit(request, member, add_form=form, status=429)
    except (calls.Away, calls.Unusable):
        return _away(request, member)


@require_GET
@payers
def topup(request: HttpRequest, member: Member, topup: UUID) -> HttpResponse:
    """Show how a payment stands: where Stripe sends a person back to, and nothing that moves money."""
    found = TopUp.objects.filter(pk=topup, workspace_id=member.workspace_id).first()
    if found is None:
        raise Http404("no such top-up")
    taken = Dispute.objects.filter(workspace_id=member.workspace_id, topup_id=found.id)
    looks = request.GET.get("look", "0")
    look = int(looks) if looks.isdecimal() and len(looks) < 4 else LOOKS
    line = page.line(found, member.workspace, taken_cents=sum(row.taken_cents for row in taken))
    context = {"line": line, "look": look + 1 if line.waits and look < LOOKS else None}
    return render(request, "billing/credit_topup.html", _frame(member) | context)


@require_POST
@paying
def recharge(request: HttpRequest, member: Member) -> HttpResponse:
    """Turn auto-recharge on or off, and set its rules."""
    form = RechargeForm(request.POST)
    enabled = request.POST.get("enabled") == "yes"
    if not form.is_valid():
        return _credit(request, member, recharge_form=form, status=400)
    least, most = settings.TOPUP_LEAST_USD * 100, settings.TOPUP_MOST_USD * 100
    try:
        recharge_rules.save(
            member.workspace_id, form.rules(enabled=enabled), least=least, most=most, by=member.user_id
        )
    except recharge_rules.BadRules as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _credit(request, member, recharge_form=form, status=400)
    messages.info(request, "Auto-recharge is on." if enabled else "Auto-recharge is off.")
    return redirect("dashboard:credit")


@require_POST
@paying
def card(request: HttpRequest, member: Member) -> HttpResponse:
    """Send a person to Stripe to save a card for auto-recharge."""
    try:
        pages = _pages(request, reverse("dashboard:credit") + "#recharge")
        return redirect(checkout.save_card(member.workspace, pages))
    except (calls.Away, calls.Unusable):
        return _away(request, member)


@require_POST
@paying
def portal(request: HttpRequest, member: Member) -> HttpResponse:
    """Send a person to their payments and cards at Stripe."""
    try:
        back = request.build_absolute_uri(reverse("dashboard:credit"))
        return redirect(checkout.portal(member.workspace, back))
    except (calls.Away, calls.Unusable):
        return _away(request, member)


def _credit(
    request: HttpRequest,
    member: Member,
    *,
    add_form: AddForm | None = None,
    recharge_form: RechargeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    told = page.credit(member.workspace)
    rules = told.automatic.row
    known = {
        name: f"{cents // 100}.{cents % 100:02d}"
        for name, cents in (
            ("threshold", rules.threshold_cents if rules else 0),
            ("amount", rules.amount_cents if rules else 0),
            ("ceiling", rules.monthly_ceiling_cents if rules else 0),
        )
        if cents
    }
    context = {
        "page": told,
        "add_form": add_form or AddForm(),
        "recharge_form": recharge_form or RechargeForm(initial=known),
    }
    return lets_forms_leave(render(request, "billing/credit.html", _frame(member) | context, status=status))


def _frame(member: Member) -> dict[str, object]:
    balance = statements.balance(member.workspace_id)
    return frame(member, here="credit", balance=balance) | {
        "lots": shown.parts(member.workspace_id),
        "unbilled_taken": -balance.unbilled,
        "withheld_taken": -balance.withheld,
        "held_taken": -balance.held,
    }


def _away(request: HttpRequest, member: Member) -> HttpResponse:
    messages.error(request, "Stripe could not be reached. Nothing was charged. Try again.")
    return _credit(request, member, status=503)


def _pages(request: HttpRequest, done: str) -> checkout.Pages:
    return pages(request, done=done, back=reverse("dashboard:credit") + "?back=1")
