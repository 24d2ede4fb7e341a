"""How people are invited to a workspace: one link to one address, signed, for one role, good once and for a week."""

from datetime import timedelta

from django.core import signing
from django.core.validators import validate_email
from django.db import transaction

from kernel import clock
from kernel.deeds import Deed, Verb, tell

from . import powers
from .models import Invitation, Member, Workspace

__all__ = ["LASTS", "MOST", "Refused", "forget", "invite", "opened", "revoke", "send_again", "token"]

LASTS = timedelta(days=7)
MOST = 100
"""How many members and open invitations a workspace has at most."""
_SALT = "tollway invitation 1"


class Refused(Exception):
    """An invitation that cannot be; the text says why, to whoever asked."""


@transaction.atomic
def invite(by: Member, email: str, role: str) -> Invitation:
    """Save an invitation of an address to a role; its mail is the caller's to send, after the commit.

    Raises Refused where the asker may not give that role, for somebody who is here or invited, and beyond MOST;
    ValidationError for what is no address.
    """
    address = email.strip().lower()
    validate_email(address)
    if role not in Member.Role.values:
        raise Refused("Choose one of the roles.")
    Workspace.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.workspace_id)
    _check(by, address, role)
    moment = clock.now()
    invitation = Invitation.objects.create(
        workspace_id=by.workspace_id,
        email=address,
        role=role,
        invited_by=by.user,
        created_at=moment,
        sent_at=moment,
        expires_at=moment + LASTS,
    )
    _tell(by, "add", invitation, f"Invited {address} as {role}.")
    return invitation


@transaction.atomic
def send_again(by: Member, invitation_id: int) -> Invitation:
    """Renew an open invitation for a week: its new link works, the one before does not. Raises Refused."""
    invitation = _own(by, invitation_id)
    moment = clock.now()
    invitation.number += 1
    invitation.sent_at, invitation.expires_at, invitation.invited_by = moment, moment + LASTS, by.user
    invitation.save(update_fields=["number", "sent_at", "expires_at", "invited_by"])
    _tell(by, "change", invitation, f"Invited {invitation.email} as {invitation.role} again.")
    return invitation


@transaction.atomic
def revoke(by: Member, invitation_id: int) -> Invitation:
    """End an open invitation. Raises Refused."""
    invitation = _own(by, invitation_id)
    _end([invitation])
    _tell(by, "change", invitation, f"Took the invitation of {invitation.email} back.")
    return invitation


def forget(member: Member, *, role: str) -> None:
    """End the open invitations that somebody made and may not make in a role, empty for who is gone.

    Nobody joins by a word that does not count any more.
    """
    made = Invitation.objects.filter(
        workspace_id=member.workspace_id, invited_by_id=member.user_id, ended_at=None
    )
    _end([each for each in made if not powers.may_give(role, each.role)])


def token(invitation: Invitation) -> str:
    """Return what the link of an invitation carries: its number and that of its last sending, signed."""
    return _signer().sign(f"{invitation.pk}.{invitation.number}")


def opened(said: str) -> Invitation | None:
    """Return the invitation whose newest link carries this, ended or not; None for what we did not sign."""
    try:
        number, _, sending = _signer().unsign(said).partition(".")
    except signing.BadSignature:
        return None
    found = Invitation.objects.filter(pk=int(number), number=int(sending))
    return found.select_related("workspace", "invited_by").first()


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SALT, sep="~")


def _check(by: Member, address: str, role: str) -> None:
    asker = Member.objects.filter(pk=by.pk, workspace_id=by.workspace_id).first()
    if asker is None or not powers.may_give(asker.role, role):
        raise Refused("Your role does not let you invite somebody to this one.")
    members = Member.objects.filter(workspace_id=by.workspace_id)
    if members.filter(user__email=address).exists():
        raise Refused(f"{address} belongs to this workspace already.")
    waiting = Invitation.objects.filter(workspace_id=by.workspace_id, ended_at=None)
    if waiting.filter(email=address).exists():
        raise Refused(f"{address} is invited already. Send the invitation again, or take it back first.")
    if members.count() + waiting.count() >= MOST:
        raise Refused(f"A workspace has {MOST} members and invitations at most.")


def _own(by: Member, invitation_id: int) -> Invitation:
    """Return an open invitation of the workspace, locked, if the asker may give its role."""
    found = Invitation.objects.select_for_update(of=("self",)).filter(
        workspace_id=by.workspace_id, pk=invitation_id, ended_at=None
    )
    invitation = found.select_related("workspace").first()
    if invitation is None:
        raise Refused("This invitation was accepted or taken back by now.")
    if not powers.may_give(by.role, invitation.role):
        raise Refused("Only owners decide about invitations of owners.")
    return invitation


def _end(invitations: list[Invitation]) -> None:
    for invitation in invitations:
        invitation.ended_at, invitation.ended_by = clock.now(), Invitation.End.REVOKED
        invitation.save(update_fields=["ended_at", "ended_by"])


def _tell(by: Member, verb: Verb, invitation: Invitation, said: str) -> None:
    tell(Deed(verb, invitation, said, actor=str(by.user), actor_id=by.user_id))
