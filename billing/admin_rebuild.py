"""How operators have the sums of a day made anew: what differs is shown first, then put right with a reason."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from accounts.models import Workspace
from billing.admin_jobs import may_act
from billing.proof import rebuild
from billing.proof.rebuild import Change
from catalog import admin_apart
from kernel import clock

MOST_SHOWN = 100


class DayForm(forms.Form):
    """Asks whose sums of which day."""

    workspace = forms.CharField(
        label="Workspace",
        max_length=64,
        help_text="Its slug or its number.",
        widget=UnfoldAdminTextInputWidget(),
    )
    day = forms.DateField(label="UTC day", widget=UnfoldAdminSingleDateWidget())

    def clean_workspace(self) -> Workspace:
        """Return the workspace."""
        asked = self.cleaned_data["workspace"].strip()
        numbered = asked.isascii() and asked.isdigit() and len(asked) < 19
        found = Workspace.objects.filter(pk=int(asked)) if numbered else Workspace.objects.filter(slug=asked)
        workspace = found.first()
        if workspace is None:
            raise ValidationError("There is no workspace of that name.")
        return workspace

    def clean_day(self) -> date:
        """Return the day, which has begun."""
        day: date = self.cleaned_data["day"]
        if day > clock.utc_day(clock.now()):
            raise ValidationError("That day has not begun.")
        return day


class ReasonForm(forms.Form):
    """Asks why."""

    reason = forms.CharField(
        label="Why",
        max_length=200,
        help_text="It stands in the trail, with your name.",
        widget=UnfoldAdminTextInputWidget(),
    )


def rebuilding(request: HttpRequest) -> HttpResponse:
    """Show what differs, or put it right. Raises PermissionDenied for whom it is not."""
    if not may_act(request):
        raise PermissionDenied
    given = request.POST if request.method == "POST" else request.GET
    asked = DayForm(given if given.get("workspace") else None)
    why = ReasonForm(request.POST if request.method == "POST" else None)
    changes: list[Change] | None = None
    if asked.is_valid():
        apply = request.method == "POST" and why.is_valid()
        changes = _made(request, asked, apply=apply)
        if apply and changes is not None:
            return _told(request, asked, why.cleaned_data["reason"], changes)
    context = {
        **admin.site.each_context(request),
        "title": "Rebuild a day",
        "asked": asked,
        "why": why,
        "found": changes,
        "shown": (changes or [])[:MOST_SHOWN],
        "more": max(0, len(changes or ()) - MOST_SHOWN),
    }
    return render(request, "admin/jobs/rebuild.html", context)


def _made(request: HttpRequest, asked: DayForm, *, apply: bool) -> list[Change] | None:
    workspace, day = asked.cleaned_data["workspace"], asked.cleaned_data["day"]
    try:
        return rebuild.rebuild(workspace.pk, day, day, apply=apply)
    except rebuild.Gone as gone:
        messages.error(request, f"{str(gone).capitalize()}.")
        return None


def _told(request: HttpRequest, asked: DayForm, reason: str, changes: list[Change]) -> HttpResponse:
    workspace, day = asked.cleaned_data["workspace"], asked.cleaned_data["day"]
    said = f"{len(changes)} sums of {day} put right: {reason}"
    page: Any = admin.site._registry[Workspace]
    page.log_change(request, workspace, said)
    messages.success(request, f"{len(changes)} sums of {workspace} on {day} are as their requests make them.")
    return HttpResponseRedirect(reverse("admin:jobs"))


admin_apart.add("jobs/rebuild/", rebuilding, name="jobs_rebuild")
