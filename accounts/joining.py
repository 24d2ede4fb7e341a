"""How an invitation is accepted: once, in time, by the person whose address it is for, in the role that it says."""

from enum import StrEnum

from django.db import transaction

from kernel import clock
from kernel.deeds import Deed, tell

from .inviting import opened
from .members import locked
from .models import Invitation, Member, User, Workspace

__all__ = ["NotNow", "Why", "join", "standing"]


class Why(StrEnum):
    """Why nobody joins by a link."""

    UNKNOWN = "unknown"
    ENDED = "ended"
    EXPIRED = "expired"
    OTHER_PERSON = "other_person"


class NotNow(Exception):
    """Nobody joins by this link, or not this person."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


def standing(said: str) -> Invitation:
    """Return the invitation of a link that is good at present. Raises NotNow."""
    return _good(opened(said))


@transaction.atomic
def join(said: str, person: User) -> Member:
    """Make a person a member by their link, which is spent then; whoever belongs there already keeps their role.

    Raises NotNow; then nothing has changed.
    """
    meant = _good(opened(said))
    locked(meant.workspace_id)
    invitation = _good(
        Invitation.objects.select_for_update(of=("self",))
        .select_related("workspace")
        .filter(pk=meant.pk, number=meant.number)
        .first()
    )
    if person.email.lower() != invitation.email or not person.is_active:
        raise NotNow(Why.OTHER_PERSON)
    member, _ = Member.objects.get_or_create(
        workspace_id=invitation.workspace_id, user=person, defaults={"role": invitation.role}
    )
    invitation.ended_at, invitation.ended_by = clock.now(), Invitation.End.ACCEPTED
    invitation.save(update_fields=["ended_at", "ended_by"])
    tell(Deed("add", member, f"{person} joined as {member.role}.", actor=str(person), actor_id=person.pk))
    return member


def _good(invitation: Invitation | None) -> Invitation:
    if invitation is None:
        raise NotNow(Why.UNKNOWN)
    if invitation.ended_at is not None or invitation.workspace.status == Workspace.Status.CLOSED:
        raise NotNow(Why.ENDED)
    if invitation.expired:
        raise NotNow(Why.EXPIRED)
    return invitation
