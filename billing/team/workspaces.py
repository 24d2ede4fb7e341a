"""A person's workspaces: changing between them, opening one more, and what one is called."""

from uuid import uuid4

from django.conf import settings as of_site
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import farewells, powers, signup, viewing
from accounts.models import Member, User
from accounts.powers import Power
from billing import rankings
from billing.first_day import callable_model
from billing.seats import choose, frame, members, seat, seats
from kernel.deeds import Deed, tell

from . import opening
from .forms import NameForm, SettingsForm

__all__ = ["new", "settings", "switch"]

_ONCE = "opening"


@require_POST
@members
def switch(request: HttpRequest, member: Member) -> HttpResponse:
    """Change to another workspace that the person belongs to, for this session."""
    asked = request.POST.get("workspace", "")
    if asked not in {str(each.workspace_id) for each in seats(member.user)}:
        raise Http404("You have no such workspace.")
    choose(request, int(asked))
    return redirect("dashboard:home")


@require_http_methods(["GET", "POST"])
@members
def settings(request: HttpRequest, member: Member) -> HttpResponse:
    """Show what a workspace is called, its zone and whether it is counted in the rankings, and keep what is changed."""
    workspace = member.workspace
    may_change = powers.may(member.role, Power.SETTINGS)
    form = SettingsForm(request.POST or None, instance=workspace)
    if request.method == "POST" and not may_change:
        return render(request, "billing/no_right.html", _no_right(member), status=403)
    if request.method == "POST" and form.is_valid():
        before = {name: str(form.initial[name]) for name in form.changed_data}
        form.save()
        changes = {name: (before[name], str(getattr(workspace, name))) for name in before}
        if changes:
            tell(Deed("change", workspace, f"Changed {' and '.join(_named(changes))}.", changes=changes))
        messages.info(request, "Kept.")
        return redirect("dashboard:workspace")
    if form.errors:
        workspace.refresh_from_db(fields=["name", "time_zone", "in_rankings"])  # the frame shows what is kept
    context = {
        "form": form,
        "may_change": may_change,
        "least_counted": rankings.LEAST_WORKSPACES,
        "may_own": powers.may(member.role, Power.OWN),
        "farewell": farewells.of_workspace(workspace.pk),
    }
    page = frame(member, here="workspace") | context
    return render(request, "billing/team/workspace.html", page, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Ask for a name, or open the workspace and show its first key, which is shown this once."""
    person = request.user
    assert isinstance(person, User)
    if viewing.current(request) is not None or not opening.may_open(person):
        return _none_more(request, person)
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if request.session.pop(_ONCE, None) != request.POST.get("once"):
            return redirect("dashboard:home")  # sent twice: the first one opened it
        try:
            made = opening.opened(person, form.cleaned_data["name"])
        except ValueError as error:
            form.add_error("name", str(error).partition(": ")[2])
        except (opening.TooMany, opening.Closed):
            return _none_more(request, person)
        else:
            return _opened(request, person, made)
    request.session[_ONCE] = once = str(uuid4())
    context = _around(request, person) | {"form": form, "once": once}
    return render(request, "billing/team/new.html", context, status=400 if form.errors else 200)


def _opened(request: HttpRequest, person: User, made: opening.Opened) -> HttpResponse:
    choose(request, made.workspace.pk)
    told = {"key": made.key, "secret": made.secret, "rotated": False, "model": callable_model(made.workspace)}
    context = _around(request, person, made.workspace.pk) | {"made": told}
    return render(request, "billing/team/opened.html", context)


def _none_more(request: HttpRequest, person: User) -> HttpResponse:
    context = _around(request, person) | {"most": of_site.MOST_WORKSPACES if signup.is_open() else 0}
    return render(request, "billing/team/no_more.html", context, status=403)


def _around(request: HttpRequest, person: User, workspace_id: int | None = None) -> dict[str, object]:
    """Return the frame's facts for whoever has a workspace already, and nothing for whoever has none yet."""
    found = seats(person)
    request.seats = found  # type: ignore[attr-defined]
    member = seat(person, workspace_id) if found else None
    return frame(member, here="") if member else {}


def _no_right(member: Member) -> dict[str, object]:
    allowed = [Member.Role(role).label.lower() for role in powers.roles_with(Power.SETTINGS)]
    return frame(member, here="") | {"power": powers.POWERS[Power.SETTINGS].words, "allowed": allowed}


def _named(changes: dict[str, tuple[str, str]]) -> list[str]:
    return [name.replace("_", " ") for name in changes]
