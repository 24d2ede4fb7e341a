"""What is done with members: another role, taken out, made owner, or leaving by themselves."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import keys
from accounts import members as changing
from accounts.models import ApiKey, Member
from accounts.powers import Power
from billing.seats import frame, needs
from billing.seats import members as of_members

__all__ = ["leave", "owner", "remove", "role"]

_LAST = "A workspace keeps one owner at least. Make somebody else owner first."
_NOT = "Your role does not let you do this, or they are no member any more."


@require_POST
@needs(Power.TEAM)
def role(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Give a member the role that was chosen."""
    _other(member, number)
    try:
        changed = changing.change_role(member, number, request.POST.get("role", ""))
    except changing.LastOwner:
        messages.error(request, _LAST)
    except (changing.NotAllowed, ValueError):
        messages.error(request, _NOT)
    else:
        messages.info(request, f"{changed.user} is {changed.role} from now on.")
    return redirect("dashboard:team")


@require_http_methods(["GET", "POST"])
@needs(Power.TEAM)
def remove(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Ask whether a member is to go, and what with the keys they made; then take them out."""
    other = _other(member, number)
    made = _keys_of(other)
    if request.method == "GET":
        return _asked(request, member, "remove", other=other, keys=len(made))
    try:
        changing.remove(member, number)
    except changing.LastOwner:
        messages.error(request, _LAST)
    except changing.NotAllowed:
        messages.error(request, _NOT)
    else:
        ended = sum(keys.revoke(key) for key in made) if request.POST.get("keys") == "revoke" else 0
        messages.info(
            request, f"{other.user} is out.{f' {ended} keys of theirs were revoked.' if ended else ''}"
        )
    return redirect("dashboard:team")


@require_http_methods(["GET", "POST"])
@needs(Power.OWN)
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def owner(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Ask whether another member is to own the workspace in one's place; then make them the owner."""
    other = _other(member, number)
    if request.method == "GET":
        return _asked(request, member, "owner", other=other)
    try:
        changing.transfer(member, number)
    except changing.NotAllowed:
        messages.error(request, _NOT)
    else:
        messages.info(request, f"{other.user} owns the workspace from now on. You are admin.")
    return redirect("dashboard:team")


@require_http_methods(["GET", "POST"])
@of_members
def leave(request: HttpRequest, member: Member) -> HttpResponse:
    """Ask whether a member means to go; then let them."""
    if request.method == "GET":
        return _asked(request, member, "leave")
    try:
        changing.leave(member)
    except changing.LastOwner:
        messages.error(request, _LAST)
        return redirect("dashboard:team")
    except changing.NotAllowed:
        pass  # gone already, as was asked
    messages.info(request, f"You have left {member.workspace.name}.")
    return redirect("dashboard:home")


def _other(member: Member, number: int) -> Member:
    """Return another member of the same workspace that one's role decides about. Raises Http404."""
    found = Member.objects.filter(workspace_id=member.workspace_id, pk=number).exclude(pk=member.pk)
    other = found.select_related("user").first()
    if other is None:
        raise Http404("There is no such member.")
    return other


def _keys_of(other: Member) -> list[ApiKey]:
    return list(
        ApiKey.objects.filter(
            workspace_id=other.workspace_id, created_by_id=other.user_id, revoked_at=None, person=None
        )
    )


def _asked(request: HttpRequest, member: Member, what: str, **context: object) -> HttpResponse:
    return render(request, f"billing/team/{what}.html", frame(member, here="team") | context)
