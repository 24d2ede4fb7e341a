"""The page Management tokens: the list, a new token that is shown once, and the end of one."""

from dataclasses import dataclass
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import management_tokens, rates
from accounts.models import ManagementToken, Member
from accounts.powers import Power
from billing import figures
from billing.seats import frame, needs
from kernel import clock

from .once import remember, shown_before
from .page import ago, moment
from .token_form import TokenForm

__all__ = ["revoke", "tokens"]

_MOST_LISTED = 100  # all in use, and of those that ended the latest
_TOO_OFTEN = f"One person makes at most {management_tokens.CREATIONS_A_MINUTE} tokens a minute."
_TOO_MANY = f"This workspace has {management_tokens.MOST} tokens in use. Revoke some first."


@dataclass(frozen=True, slots=True)
class Row:
    """One token as it is listed."""

    token: ManagementToken
    state: str
    badge: str
    used: str
    expires: str


@require_http_methods(["GET", "POST"])
@needs(Power.TOKENS)
def tokens(request: HttpRequest, member: Member) -> HttpResponse:
    """List the tokens of a workspace, or make one and show it above the list."""
    form = TokenForm(request.POST or None, zone=ZoneInfo(member.workspace.time_zone))
    if request.method != "POST" or not form.is_valid():
        return _page(request, member, form)
    if shown_before(request):
        messages.info(request, "This token was shown once and cannot be shown again. Make another.")
        return redirect("dashboard:tokens")
    return _made(request, member, form)


@require_http_methods(["GET", "POST"])
@needs(Power.TOKENS)
def revoke(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Say what ends with a token, or end it."""
    token = management_tokens.known(member.workspace_id).filter(pk=number).first() if number < 2**63 else None
    if token is None:
        raise Http404("there is no such token")
    if request.method == "POST":
        management_tokens.revoke(member, token)
        messages.success(request, f"{token.name} is revoked. Requests with it are refused from now on.")
        return redirect("dashboard:tokens")
    context = frame(member, here="keys") | {"row": _row(token, member)}
    return render(request, "billing/keyring/token_revoke.html", context)


def _made(request: HttpRequest, member: Member, form: TokenForm) -> HttpResponse:
    facts = {"name": form.cleaned_data["name"], "scope": form.cleaned_data["scope"]}
    try:
        token, secret = management_tokens.make(member, **facts, expires_at=form.expires_at)
    except rates.TooOften as error:
        form.add_error(None, f"{_TOO_OFTEN} {error.when}")
    except management_tokens.TooMany:
        form.add_error(None, _TOO_MANY)
    else:
        remember(request)
        empty = TokenForm(zone=ZoneInfo(member.workspace.time_zone))
        return _page(request, member, empty, made=token, secret=secret)
    return _page(request, member, form)


def _page(request: HttpRequest, member: Member, form: TokenForm, **made: object) -> HttpResponse:
    found = management_tokens.known(member.workspace_id).select_related("created_by")
    # None is the greatest: those in use stand first.
    rows = [_row(token, member) for token in found.order_by("-revoked_at", "-pk")[:_MOST_LISTED]]
    context = {
        "rows": rows,
        "form": form,
        "once": uuid4(),
        "here_url": request.build_absolute_uri("/api"),
        **made,
    }
    whole = frame(member, here="keys") | context
    return render(request, "billing/keyring/tokens.html", whole, status=400 if form.errors else 200)


def _row(token: ManagementToken, member: Member) -> Row:
    zone, now = ZoneInfo(member.workspace.time_zone), clock.now()
    state, badge = "Active", "ok"
    if token.revoked_at is not None:
        state, badge = f"Revoked {figures.day(token.revoked_at.astimezone(zone).date())}", "idle"
    elif token.expires_at is not None and token.expires_at <= now:
        state, badge = "Expired", "idle"
    return Row(
        token=token,
        state=state,
        badge=badge,
        used="Never" if token.last_used_at is None else ago(token.last_used_at, now=now, zone=zone),
        expires="Never" if token.expires_at is None else moment(token.expires_at, zone),
    )
