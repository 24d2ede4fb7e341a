"""What is done with invitations: asked, sent again, taken back by those who may, and answered by whom they are for."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import inviting, joining, rates
from accounts.models import Invitation, Member, User
from accounts.powers import Power
from accounts.signup import INVITED
from billing.seats import choose, needs

from .forms import InviteForm
from .page import team
from .views import shown

__all__ = ["INVITED_A_MINUTE", "again", "answer", "invite", "mailed", "revoke"]

INVITED_A_MINUTE = 10
_WORDS = {
    joining.Why.UNKNOWN: ("This is no invitation", "The link is cut short or old. The newest mail has the one that works."),
    joining.Why.ENDED: ("This invitation is over", "It was accepted or taken back. Whoever sent it can send another."),
    joining.Why.EXPIRED: ("This invitation has expired", "It was good for a week. Whoever sent it can send it again."),
    joining.Why.OTHER_PERSON: ("This invitation is for somebody else", "You are signed in with another address than it was sent to."),
}  # fmt: skip


@require_POST
@needs(Power.TEAM)
def invite(request: HttpRequest, member: Member) -> HttpResponse:
    """Invite an address; the role is one of those that the one who asks may give."""
    giving = [(choice.role, choice.label) for choice in team(member).giving]
    form = InviteForm(request.POST, giving=giving)
    if form.is_valid():
        try:
            rates.take("invite", str(member.workspace_id), limit=INVITED_A_MINUTE)
            made = inviting.invite(member, form.cleaned_data["email"], form.cleaned_data["role"])
        except inviting.Refused as error:
            form.add_error("email", str(error))
        except rates.TooOften as error:
            form.add_error("email", f"{INVITED_A_MINUTE} mails a minute. {error.when}")
        else:
            return _sent(request, made)
    return shown(request, member, form=form, status=400)


@require_POST
@needs(Power.TEAM)
def again(request: HttpRequest, member: Member, invitation: int) -> HttpResponse:
    """Send an invitation again, with a new link."""
    _known(member, invitation)
    try:
        rates.take("invite", str(member.workspace_id), limit=INVITED_A_MINUTE)
        return _sent(request, inviting.send_again(member, invitation))
    except inviting.Refused as error:
        messages.error(request, str(error))
    except rates.TooOften as error:
        messages.error(request, f"{INVITED_A_MINUTE} mails a minute. {error.when}")
    return redirect("dashboard:team")


@require_POST
@needs(Power.TEAM)
def revoke(request: HttpRequest, member: Member, invitation: int) -> HttpResponse:
    """Take an invitation back."""
    _known(member, invitation)
    try:
        ended = inviting.revoke(member, invitation)
    except inviting.Refused as error:
        messages.error(request, str(error))
    else:
        messages.info(request, f"The invitation of {ended.email} was taken back. Its link leads nowhere now.")
    return redirect("dashboard:team")


@never_cache
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, said: str) -> HttpResponse:
    """Show an invitation to whoever has its link, and let the person whom it is for join."""
    try:
        invitation = joining.standing(said)
        if not isinstance(request.user, User):
            # Whoever opens the link has the mailbox: the address needs no other proof, and this sign-up is let through.
            request.session[INVITED] = invitation.email
            get_adapter(request).stash_verified_email(request, invitation.email)
            return _page(request, "asked", invitation=invitation, here=request.path)
        if request.user.email.lower() != invitation.email:
            raise joining.NotNow(joining.Why.OTHER_PERSON)
        if request.method == "POST":
            return _joined(request, joining.join(said, request.user))
    except joining.NotNow as error:
        title, words = _WORDS[error.why]
        return _page(request, "refused", status=403, title=title, words=words)
    return _page(request, "asked", invitation=invitation, here=request.path)


def _known(member: Member, invitation: int) -> None:
    """Let through the number of an invitation of the workspace, of one that is over too. Raises Http404."""
    if not Invitation.objects.filter(workspace_id=member.workspace_id, pk=invitation).exists():
        raise Http404("There is no such invitation.")


def _joined(request: HttpRequest, member: Member) -> HttpResponse:
    choose(request, member.workspace_id)
    messages.info(request, f"You belong to {member.workspace.name} now, as {member.role}.")
    return redirect("dashboard:home")


def _page(request: HttpRequest, name: str, *, status: int = 200, **context: object) -> HttpResponse:
    return render(request, f"billing/team/invitation_{name}.html", context, status=status)


def _sent(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Send the mail of an invitation that is committed; where that fails it can be sent again."""
    if mailed(request, invitation):
        messages.info(request, f"A mail is on its way to {invitation.email}. Its link is good for 7 days.")
    else:
        messages.error(
            request, f"{invitation.email} is invited, but the mail could not be sent. Send it again later."
        )
    return redirect("dashboard:team")


def mailed(request: HttpRequest, invitation: Invitation) -> bool:
    """Send the mail of an invitation that is committed; tell whether that went well."""
    link = reverse("dashboard:invitation", args=[inviting.token(invitation)])
    context = {"invitation": invitation, "link": request.build_absolute_uri(link)}
    try:
        get_adapter(request).send_mail("account/email/invitation", invitation.email, context)
    except OSError:  # every failure of a mail server is one
        return False
    return True
