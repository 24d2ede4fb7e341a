"""The page Keys: the list, a new key, and what is done to one; a secret is shown in the answer that made it, once."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts import keys, powers, rates
from accounts.models import ApiKey, Member
from accounts.powers import Power
from billing import budgets
from billing.first_day import callable_model
from billing.seats import frame, members, needs
from catalog.models import Model
from kernel import clock

from . import changes, page, streaming
from .forms import KeyForm, RotateForm
from .once import remember, shown_before
from .page import Asked

__all__ = ["change", "listed", "make", "revoke", "rotate"]

_LONGEST = 100
_TOO_OFTEN = f"One person makes at most {changes.CREATIONS_A_MINUTE} keys a minute."


@dataclass(frozen=True, slots=True)
class Made:
    """A key with its new secret, and the model that a test request would call, if any."""

    key: ApiKey
    secret: str
    rotated: bool
    model: str | None


managers = needs(Power.OWN_KEYS)
"""Lets a view be used by members whose role may make keys."""


@require_GET
@members
def listed(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the keys of a workspace that its member may see; ?q=, ?status=, ?tag=, ?page=."""
    return _listed(request, member, _asked(request))


@require_http_methods(["GET", "POST"])
@managers
def make(request: HttpRequest, member: Member) -> HttpResponse:
    """Ask for a new key, or make it and show its secret."""
    form = _form(request, member, None)
    if request.method == "POST" and form.is_valid():
        if shown_before(request):
            return _again(request)
        try:
            key, secret = changes.create(member.workspace_id, form.wish(), by=member.user)
        except rates.TooOften as error:
            form.add_error(None, f"{_TOO_OFTEN} {error.when}")
        except keys.TooMany:
            form.add_error(None, f"This workspace has {keys.MOST_KEYS} keys. Revoke some first.")
        except changes.Wrong as error:
            form.add_error(_FIELDS[error.field], _sentence(error))
        else:
            return _with_secret(request, member, key, secret, rotated=False)
    return _asking(request, member, form, None)


@require_http_methods(["GET", "POST"])
@managers
def change(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Show what a key may do, or change it."""
    key = _one(member, number)
    form = _form(request, member, key)
    if request.method == "POST" and form.is_valid():
        try:
            changes.amend(key, form.wish(), by=member.user)
        except changes.Wrong as error:
            form.add_error(_FIELDS[error.field], _sentence(error))
        else:
            messages.success(request, f"{key.name} is changed. It counts within 2 seconds.")
            return redirect("dashboard:keys")
    return _asking(request, member, form, key)


@require_http_methods(["GET", "POST"])
@managers
def rotate(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Ask how long the old secret shall work, or give the key a new one and show that."""
    key = _one(member, number)
    form = RotateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if shown_before(request):
            return _again(request)
        secret = changes.rotate(key, by=member.user, grace_seconds=form.cleaned_data["grace"])
        return _with_secret(request, member, key, secret, rotated=True)
    context = {"form": form, "shown": _row(key, member), "once": uuid4()}
    return _page(request, member, "rotate", context, form)


@require_http_methods(["GET", "POST"])
@managers
def revoke(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Say what ends with a key, or end it."""
    key = _one(member, number)
    if request.method == "POST":
        changes.revoke(key, by=member.user)
        messages.success(request, f"{key.name} is revoked. Requests with it are refused within 2 seconds.")
        return redirect("dashboard:keys")
    context = {"shown": _row(key, member), "open": streaming.open_streams(member.workspace_id, key.pk)}
    return _page(request, member, "revoke", context, None)


_FIELDS = {"expires_at": "last_day", "allowed_models": "models"}


def _sentence(error: changes.Wrong) -> str:
    words = str(error)
    return words[:1].upper() + words[1:]


def _asked(request: HttpRequest) -> Asked:
    given = request.GET
    number, state = given.get("page", "1"), given.get("status", "")
    if state and state not in page.STATES:
        raise Http404(f"status: choose one of {', '.join(page.STATES)}")
    if not (number.isascii() and number.isdecimal() and 1 <= len(number) <= 3 and int(number)):
        raise Http404("page: a number from 1")
    return Asked(given.get("q", "").strip()[:_LONGEST], state, given.get("tag", "")[:_LONGEST], int(number))


def _listed(request: HttpRequest, member: Member, asked: Asked, made: Made | None = None) -> HttpResponse:
    kept = request.GET.copy()
    kept.pop("page", None)
    shown = page.page(member, asked)
    context = {
        "page": shown,
        "made": made,
        "states": page.STATES.items(),
        "kept": kept.urlencode(),
        "may_manage": powers.may(member.role, Power.TOKENS),
    }
    return render(request, "billing/keyring/keys.html", frame(member, here="keys") | context)


def _with_secret(
    request: HttpRequest, member: Member, key: ApiKey, secret: str, *, rotated: bool
) -> HttpResponse:
    """Answer with the list and the secret above it. It is kept nowhere, and loading the page again makes no other."""
    remember(request)
    models = key.allowed_models
    model = models[0] if models else callable_model(member.workspace)
    return _listed(request, member, Asked(), Made(key, secret, rotated, model))


def _again(request: HttpRequest) -> HttpResponse:
    messages.info(
        request, "This secret was shown once and cannot be shown again. Rotate the key for another."
    )
    return redirect("dashboard:keys")


def _form(request: HttpRequest, member: Member, key: ApiKey | None) -> KeyForm:
    zone, terms = ZoneInfo(member.workspace.time_zone), member.workspace.terms
    on_sale = Model.objects.filter(active=True).order_by("public_id").values_list("public_id", "tier")
    models = [name for name, tier in on_sale if terms.allows(name, tier)]
    if request.method == "POST":
        return KeyForm(request.POST, zone=zone, models=models, key=key)
    initial = KeyForm.of(key, budgets.of_key(key.workspace_id, key.pk), zone=zone) if key else None
    return KeyForm(zone=zone, models=models, key=key, initial=initial)


def _asking(request: HttpRequest, member: Member, form: KeyForm, key: ApiKey | None) -> HttpResponse:
    shown = _row(key, member) if key else None
    return _page(request, member, "key", {"form": form, "shown": shown, "once": uuid4()}, form)


def _page(
    request: HttpRequest, member: Member, name: str, context: dict[str, Any], form: Any
) -> HttpResponse:
    status = 400 if form is not None and form.errors else 200
    whole = frame(member, here="keys") | context
    return render(request, f"billing/keyring/{name}.html", whole, status=status)


def _row(key: ApiKey, member: Member) -> page.Row:
    zone, budget = ZoneInfo(member.workspace.time_zone), budgets.of_key(key.workspace_id, key.pk)
    return page.row(key, budget, zone=zone, now=clock.now())


def _one(member: Member, number: int) -> ApiKey:
    reach = keys.in_reach(member.workspace_id, role=member.role, person_id=member.user_id)
    found = reach.filter(pk=number).first() if number < 2**63 else None
    if found is None:
        raise Http404("there is no such key")
    return found
