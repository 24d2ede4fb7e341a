"""The page Plan: choosing another plan, and the switch that lets usage go on with the balance."""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import rates
from accounts.models import Member
from billing.credits import withholding
from billing.models import Subscription
from billing.payments import calls, checkout, keys
from billing.payments.leaving import lets_forms_leave, pages
from billing.seats import frame, members, payers
from catalog.models import PlanVersion
from kernel import money

from . import book, offers, page
from .forms import SpillForm
from .offers import Way

__all__ = ["choose", "plan", "spill"]

BEGUN_A_MINUTE = 10


@require_GET
@members
def plan(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the plan of the signed-in person's workspace."""
    if request.GET.get("back") == "1":
        messages.info(request, "Nothing was bought.")
    if request.GET.get("bought") == "1":
        messages.info(request, _of_purchase(member))
    return _shown(request, member)


@require_POST
@payers
def choose(request: HttpRequest, member: Member) -> HttpResponse:
    """Put a workspace on a plan that costs nothing, or send a person to Stripe to buy one."""
    asked = request.POST.get("terms", "")
    offer = offers.named(member.workspace, int(asked) if asked.isdecimal() and len(asked) < 19 else 0)
    if offer is None:
        return _gone(request, member)
    if offer.way == Way.BUY:
        return _buy(request, member, offer.terms)
    try:
        book.change(
            member.workspace,
            offer.terms,
            token=uuid4(),
            actor=str(member.user),
            reason="chosen by the customer",
        )
    except book.NotOurs:
        return _gone(request, member)
    messages.info(request, f"{offer.terms.plan.name} it is, as told below.")
    return redirect("dashboard:plan")


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


def _gone(request: HttpRequest, member: Member) -> HttpResponse:
    messages.error(request, "This plan cannot be had any more. Choose among those below.")
    return _shown(request, member, status=409)


def _buy(request: HttpRequest, member: Member, terms: PlanVersion) -> HttpResponse:
    """Send a person to Stripe; nothing changes until Stripe says that it is paid."""
    page_of = reverse("dashboard:plan")
    try:
        rates.take("subscribe", rates.network(request.META.get("REMOTE_ADDR", "")), limit=BEGUN_A_MINUTE)
        back_to = pages(request, done=f"{page_of}?bought=1", back=f"{page_of}?back=1")
        return redirect(checkout.subscribe(member.workspace, terms, back_to))
    except rates.TooOften:
        messages.error(request, "Too many payments were begun within the last minute. Try again later.")
        return _shown(request, member, status=429)
    except (calls.Away, calls.Unusable):
        messages.error(request, "Stripe could not be reached. Nothing was charged. Try again.")
        return _shown(request, member, status=503)


def _of_purchase(member: Member) -> str:
    """Return how a purchase stands by what Stripe has told: coming back from it proves nothing."""
    row = book.active(member.workspace_id)
    if (
        row is not None
        and row.source == Subscription.Source.STRIPE
        and row.status == Subscription.Status.ACTIVE
    ):
        return f"Paid. You are on {row.plan_version.plan.name}."
    return "Stripe tells us of your payment within a minute. Then your plan changes here; reload to see it."


def _shown(
    request: HttpRequest, member: Member, *, form: SpillForm | None = None, status: int = 200
) -> HttpResponse:
    shown = page.plan(member)
    ceiling = shown.spill.ceiling if shown.spill.rule == "on" else shown.spill.offered
    initial = {} if ceiling is None else {"ceiling": money.show(ceiling, decimals=2)}
    context = {
        "page": shown,
        "offers": offers.of(member.workspace),
        "cards": keys.are_set_up(),
        "form": form or SpillForm(initial=initial),
    }
    return lets_forms_leave(
        render(request, "billing/plan.html", frame(member, here="plan") | context, status=status)
    )
