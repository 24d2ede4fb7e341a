"""A person's own pages: what they are called, where they are signed in, and how they go; allauth has the others."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kernel.deeds import Deed, tell

from . import farewells, second_factor, sessions
from .models import User
from .person_forms import DeleteForm, NameForm
from .trail_asker import watched

__all__ = ["delete", "keep", "profile", "signed_in"]


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    """Show who one is here, and keep another name."""
    person = _person(request)
    form = NameForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        before = str(form.initial["name"])
        form.save()
        if form.changed_data:
            with watched(request, person):
                tell(Deed("change", person, "Changed their name.", changes={"name": (before, person.name)}))
        messages.info(request, "Kept.")
        return redirect("person")
    context = {
        "form": form,
        "farewell": farewells.of_person(person.pk),
        "enrolled": second_factor.is_enrolled(person),
    }
    return render(request, "account/person.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def signed_in(request: HttpRequest) -> HttpResponse:
    """List where one is signed in, and end one of these places or all others."""
    person = _person(request)
    if request.method == "POST":
        with watched(request, person):
            _end(request, person, request.POST.get("end", ""))
        return redirect("person_sessions")
    context = {"places": sessions.listed(request, person)}
    return render(request, "account/signed_in.html", context)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def delete(request: HttpRequest) -> HttpResponse:
    """Say what goes and what stays of a person; then set the day."""
    person = _person(request)
    form = DeleteForm(request.POST or None, person=person)
    alone: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            with watched(request, person):
                row = farewells.ask_for_person(person)
        except farewells.SoleOwner as error:
            alone = error.names
        else:
            messages.warning(
                request, f"Your account is deleted on {row.due_at:%-d %B %Y} (UTC) unless you undo it."
            )
            return redirect("person")
    context = {"form": form, "alone": alone, "days": settings.CLOSING_DAYS}
    status = 409 if alone else 400 if form.errors else 200
    return render(request, "account/delete.html", context, status=status)


@require_POST
@login_required
def keep(request: HttpRequest) -> HttpResponse:
    """Undo the deletion of one's account."""
    person = _person(request)
    row = farewells.of_person(person.pk)
    with watched(request, person):
        if row is not None and farewells.undo(row, by=person):
            messages.info(request, "Your account stays. Nothing was deleted.")
    return redirect("person")


def _end(request: HttpRequest, person: User, which: str) -> None:
    if which == "others":
        sessions.end_others(request, person)
        messages.info(request, "You are signed in nowhere else now.")
    elif sessions.end(person, which):
        messages.info(request, "That sign-in has ended.")


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
