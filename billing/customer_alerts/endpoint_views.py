"""What is done about endpoints on the page Alerts: added and renewed with a secret shown once, tested, taken away."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import rates
from accounts.models import Member
from accounts.powers import Power
from billing.keyring.once import remember, shown_before
from billing.models import CustomerEndpoint
from billing.seats import frame, needs

from . import deliveries, endpoints
from .forms import EndpointForm
from .views import shown

__all__ = ["add", "delete", "renew", "switch", "test"]

_TESTS_A_MINUTE = 5
_SHOWN_ONCE = "This secret was shown once and cannot be shown again. Renew it for another."


@require_POST
@needs(Power.ALERTS)
def add(request: HttpRequest, member: Member) -> HttpResponse:
    """Add an endpoint and show its secret."""
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return shown(request, member, endpoint_form=form, status=400)
    if shown_before(request):
        return _once_only(request)
    try:
        made, secret = endpoints.add(member, form.cleaned_data["address"])
    except rates.TooOften as error:
        form.add_error(None, f"That was often. {error.when}")
    except endpoints.Known:
        form.add_error("address", "This workspace has this endpoint already.")
    except endpoints.TooMany:
        form.add_error(None, f"This workspace has {endpoints.MOST} endpoints. Delete one first.")
    else:
        remember(request)
        return shown(request, member, made=made, secret=secret)
    return shown(request, member, endpoint_form=form, status=400)


@require_POST
@needs(Power.ALERTS)
def renew(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Give an endpoint a new secret and show it."""
    endpoint = _own(member, number)
    if shown_before(request):
        return _once_only(request)
    try:
        secret = endpoints.renew(member, endpoint)
    except rates.TooOften as error:
        messages.error(request, f"That was often. {error.when}")
        return redirect("dashboard:alerts")
    remember(request)
    return shown(request, member, made=endpoint, secret=secret, renewed=True)


@require_POST
@needs(Power.ALERTS)
def test(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Have a test sent to an endpoint."""
    endpoint = _own(member, number)
    try:
        rates.take("alert-test", str(member.workspace_id), limit=_TESTS_A_MINUTE)
    except rates.TooOften as error:
        messages.error(request, f"That was often. {error.when}")
        return redirect("dashboard:alerts")
    made = deliveries.test(member, endpoint)
    messages.success(request, "It goes out within seconds. What came of it stands here.")
    return redirect("dashboard:alert_delivery", made.pk)


@require_POST
@needs(Power.ALERTS)
def switch(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Switch an endpoint on or off: the other of what it is."""
    endpoint = _own(member, number)
    endpoints.switch(member, endpoint, on=not endpoint.active)
    messages.success(request, f"{endpoint.host} is {'on' if endpoint.active else 'off'}.")
    return redirect("dashboard:alerts")


@require_http_methods(["GET", "POST"])
@needs(Power.ALERTS)
def delete(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Say what ends with an endpoint, or take it away."""
    endpoint = _own(member, number)
    if request.method == "GET":
        whole = frame(member, here="alerts") | {"endpoint": endpoint}
        return render(request, "billing/alerts/endpoint_delete.html", whole)
    endpoints.remove(member, endpoint)
    messages.success(request, f"{endpoint.host} is gone. Nothing more is posted there.")
    return redirect("dashboard:alerts")


def _own(member: Member, number: int) -> CustomerEndpoint:
    found = endpoints.known(member.workspace_id).filter(pk=number) if number < 2**63 else None
    endpoint = found.select_related("workspace").first() if found is not None else None
    if endpoint is None:
        raise Http404("there is no such endpoint")
    return endpoint


def _once_only(request: HttpRequest) -> HttpResponse:
    messages.info(request, _SHOWN_ONCE)
    return redirect("dashboard:alerts")
