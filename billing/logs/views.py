"""The page Logs, one request of it, and whether something new came."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.models import Member
from billing import receipts
from billing.seats import PAYERS, frame, members
from kernel import clock

from . import calling, news, page
from .beside import Shown, shown
from .marks import NOWHERE, Mark
from .sought import Sought, read

__all__ = ["logs", "new", "request"]


@require_GET
@members
def logs(request: HttpRequest, member: Member) -> HttpResponse:
    """List the requests of the signed-in person's workspace that the address looks for, newest first."""
    asked = receipts.request_of(request.GET.get("q", "").strip())
    if asked is not None:
        query = request.GET.copy()
        del query["q"]
        return redirect(f"{reverse('dashboard:log', args=[asked])}?{query.urlencode()}")
    return _page(request, member, None)


@require_GET
@members
def request(request: HttpRequest, member: Member, request_id: UUID) -> HttpResponse:
    """Show one request beside the list; ?pane=1 sends the pane alone."""
    found = shown(member.workspace, request_id)
    if found is None:
        raise Http404("this workspace has no such request")
    if request.GET.get("pane") == "1":
        return render(request, "billing/logs/pane.html", _beside(request, member, found, _list(request)))
    return _page(request, member, found)


@require_GET
@members
def new(request: HttpRequest, member: Member) -> HttpResponse:
    """Tell how many requests came to a list since it was shown; ?since= is its newest."""
    try:
        mark = Mark.read(request.GET.get("since", ""))
        asked = page.asked_of(member.workspace, _sought(request.GET, member))
    except ValueError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    return JsonResponse({"new": min(found := news.since(asked, mark), news.MOST), "more": found > news.MOST})


def _sought(asked: QueryDict, member: Member) -> Sought:
    return read(asked, zone=ZoneInfo(member.workspace.time_zone), now=clock.now())


def _list(request: HttpRequest) -> str:
    query = request.GET.copy()
    del query["pane"]
    return f"?{query.urlencode()}"


def _page(request: HttpRequest, member: Member, found: Shown | None) -> HttpResponse:
    wrong = ""
    try:
        sought = _sought(request.GET, member)
        before = request.GET.get("before", "")
        listed = page.logs(member.workspace, sought, Mark.read(before) if before else NOWHERE)
    except ValueError as error:
        wrong, listed = str(error), page.logs(member.workspace, _sought(QueryDict(), member), NOWHERE)
    beside = {} if found is None else _beside(request, member, found, listed.here)
    context = {"page": listed, "wrong": wrong, "shown": None, "may_pay": member.role in PAYERS, **beside}
    shown_in = frame(member, here="logs") | context
    return render(request, "billing/logs/logs.html", shown_in, status=400 if wrong else 200)


def _beside(request: HttpRequest, member: Member, found: Shown, here: str) -> dict[str, object]:
    base, settled = request.build_absolute_uri("/v1"), found.settled
    called = (
        ""
        if settled is None
        else calling.as_curl(
            base,
            model=settled.receipt.model,
            capability=settled.capability,
            stream=settled.receipt.stream,
            tag=settled.receipt.tag,
        )
    )
    return {
        "shown": found,
        "here_address": here,
        "zone": member.workspace.time_zone,
        "curl": called,
        "explained": calling.explained(base, found.request_id),
        "may_pay": member.role in PAYERS,
    }
