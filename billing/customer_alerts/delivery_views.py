"""The pages of messages: the log of a workspace, one message with its tries, and the way to send it again."""

import json
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import rates
from accounts.models import Member
from accounts.powers import Power
from billing.alerting import trying
from billing.models import CustomerDelivery
from billing.seats import frame, needs
from kernel import clock

from . import deliveries
from .page import message

__all__ = ["again", "delivery", "listed"]

_A_PAGE = 50
_AGAIN_A_MINUTE = 10
_MOST_DIGITS = 4  # of the number of a page


@require_GET
@needs(Power.ALERTS)
def listed(request: HttpRequest, member: Member) -> HttpResponse:
    """List the messages of a workspace, the newest first; ?page=2 has older ones."""
    number = _number(request.GET.get("page", "1"))
    start = (number - 1) * _A_PAGE
    found = list(deliveries.known(member.workspace_id)[start : start + _A_PAGE + 1])
    zone, now = ZoneInfo(member.workspace.time_zone), clock.now()
    context = {
        "messages_sent": [message(row, zone, now) for row in found[:_A_PAGE]],
        "newer": number - 1,
        "older": number + 1 if len(found) > _A_PAGE else None,
        "zone": member.workspace.time_zone,
    }
    return render(request, "billing/alerts/deliveries.html", frame(member, here="alerts") | context)


@require_GET
@needs(Power.ALERTS)
def delivery(request: HttpRequest, member: Member, delivery: UUID) -> HttpResponse:
    """Show a message: how it stands, each try, and what is sent."""
    row = _own(member, delivery)
    zone = ZoneInfo(member.workspace.time_zone)
    context = {
        "message": message(row, zone, clock.now()),
        "body": json.dumps(json.loads(row.body), ensure_ascii=False, indent=2),
        "tries": [{**each, "at": each["at"].replace("T", " ")[:19]} for each in row.log],
        "zone": member.workspace.time_zone,
    }
    return render(request, "billing/alerts/delivery.html", frame(member, here="alerts") | context)


@require_POST
@needs(Power.ALERTS)
def again(request: HttpRequest, member: Member, delivery: UUID) -> HttpResponse:
    """Have a message sent once more."""
    row = _own(member, delivery)
    try:
        rates.take("alert-again", str(member.workspace_id), limit=_AGAIN_A_MINUTE)
        deliveries.again(member, row)
    except rates.TooOften as error:
        messages.error(request, f"That was often. {error.when}")
    except trying.NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It goes out within seconds, with the same id.")
    return redirect("dashboard:alert_delivery", row.pk)


def _number(asked: str) -> int:
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= _MOST_DIGITS and int(asked)):
        raise Http404("page: a whole number from 1")
    return int(asked)


def _own(member: Member, number: UUID) -> CustomerDelivery:
    found = deliveries.known(member.workspace_id).filter(pk=number).first()
    if found is None:
        raise Http404("there is no such message")
    return found
