"""The page Activity, and the same numbers as files."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import Member, Workspace
from billing.seats import frame, members
from kernel import clock

from . import export, scope, tally
from .metrics import METRICS
from .page import Page
from .page import activity as read_page
from .question import GROUPS, Asked, Question, read

__all__ = ["activity", "as_csv", "as_json"]


@require_GET
@members
def activity(request: HttpRequest, member: Member) -> HttpResponse:
    """Show what the signed-in person's workspace used, as the address asks for it."""
    wrong = ""
    try:
        page = _page(member.workspace, request.GET)
    except ValueError as error:
        wrong, page = str(error), _page(member.workspace, QueryDict())
    context = {"page": page, "wrong": wrong, "metrics": METRICS.values(), "groups": GROUPS.items()}
    status = 400 if wrong else 200
    shown = frame(member, here="activity") | context
    return render(request, "billing/activity/activity.html", shown, status=status)


@require_GET
@members
def as_csv(request: HttpRequest, member: Member) -> HttpResponse:
    """Send the rows of a view as CSV."""
    return _file(request, member, "csv", "text/csv")


@require_GET
@members
def as_json(request: HttpRequest, member: Member) -> HttpResponse:
    """Send the rows of a view as JSON."""
    return _file(request, member, "json", "application/json")


def _page(workspace: Workspace, asked: Asked) -> Page:
    return read_page(workspace, _question(workspace, asked), scope.of(workspace.pk))


def _question(workspace: Workspace, asked: Asked) -> Question:
    return read(asked, zone=ZoneInfo(workspace.time_zone), now=clock.now())


def _file(request: HttpRequest, member: Member, ending: str, kind: str) -> HttpResponse:
    try:
        question = _question(member.workspace, request.GET)
        only = scope.of(member.workspace_id).only(question.narrowed)
        found = tally.ask(member.workspace_id, question, only).found
    except ValueError as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    text = (export.as_csv if ending == "csv" else export.as_json)(found, question)
    answer = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{export.file_name(question, ending)}"'
    return answer
