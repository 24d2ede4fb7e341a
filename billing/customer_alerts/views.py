"""The page Alerts: the list, a new alert, and what is done to one."""

from collections.abc import Sequence
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import keys, rates
from accounts.models import ApiKey, Member
from accounts.powers import Power
from billing.models import CustomerAlert
from billing.seats import frame, members, needs

from . import page as pages
from . import rules, suggestions
from .forms import AlertForm, EndpointForm
from .kinds import KINDS, Of

__all__ = ["add", "alerts", "delete", "shown", "switch"]

_MOST_KEYS = 500  # as many as a workspace has in use


@require_GET
@members
def alerts(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the alerts of a workspace; ?kind=spend asks for what a new one of that kind needs."""
    kind = request.GET.get("kind", "")
    form = None
    if kind in KINDS:
        first = AlertForm.suggested(kind, suggestions.suggested(member.workspace, kind))
        form = AlertForm(kind=kind, keys=_keys(member, kind), initial=first)
    return shown(request, member, form=form)


@require_POST
@needs(Power.ALERTS)
def add(request: HttpRequest, member: Member) -> HttpResponse:
    """Add an alert."""
    kind = request.POST.get("kind", "")
    if kind not in KINDS:
        raise Http404("kind: there is no such alert")
    form = AlertForm(request.POST, kind=kind, keys=_keys(member, kind))
    if form.is_valid() and _added(request, member, form):
        return redirect("dashboard:alerts")
    return shown(request, member, form=form, status=400)


@require_POST
@needs(Power.ALERTS)
def switch(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Switch an alert on or off: the other of what it is."""
    alert = _own(member, number)
    rules.switch(member, alert, on=not alert.active)
    messages.success(request, f"“{rules.words(alert)}” is {'on' if alert.active else 'off'}.")
    return redirect("dashboard:alerts")


@require_http_methods(["GET", "POST"])
@needs(Power.ALERTS)
def delete(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Say what ends with an alert, or take it away."""
    alert = _own(member, number)
    if request.method == "GET":
        context = {"alert": alert, "words": rules.words(alert)}
        return render(request, "billing/alerts/delete.html", frame(member, here="alerts") | context)
    rules.remove(member, alert)
    messages.success(request, f"“{rules.words(alert)}” is gone. What it told stays in the history.")
    return redirect("dashboard:alerts")


def shown(
    request: HttpRequest,
    member: Member,
    *,
    form: AlertForm | None = None,
    endpoint_form: EndpointForm | None = None,
    status: int = 200,
    **more: object,
) -> HttpResponse:
    """Return the page, with a form that is filled in or was wrong, and a secret if one was made."""
    context = {
        "page": pages.page(member),
        "form": form,
        "kind": KINDS[form.kind] if form is not None else None,
        "endpoint_form": endpoint_form or EndpointForm(),
        "once": uuid4(),
        **more,
    }
    whole = frame(member, here="alerts") | context
    return render(request, "billing/alerts/alerts.html", whole, status=status)


def _added(request: HttpRequest, member: Member, form: AlertForm) -> bool:
    try:
        made = rules.add(member, form.wish())
    except rates.TooOften as error:
        form.add_error(None, f"That was often. {error.when}")
    except rules.Known:
        form.add_error(None, "This workspace has this alert already.")
    except rules.TooMany:
        form.add_error(None, f"This workspace has {rules.MOST} alerts. Delete one first.")
    else:
        messages.success(request, f"“{rules.words(made)}” is on. It is looked at once a minute.")
        return True
    return False


def _keys(member: Member, kind: str) -> Sequence[ApiKey]:
    """Return the keys to choose among: those in use that the member may see."""
    if kind != Of.KEY:
        return ()
    found = keys.known(member.workspace_id, role=member.role, person_id=member.user_id)
    return list(found.filter(revoked_at=None).order_by("name", "pk")[:_MOST_KEYS])


def _own(member: Member, number: int) -> CustomerAlert:
    found = rules.known(member.workspace_id).filter(pk=number).first() if number < 2**63 else None
    if found is None:
        raise Http404("there is no such alert")
    return found
