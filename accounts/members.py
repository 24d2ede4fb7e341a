"""How members of a workspace change: another role, gone, or a new owner; there is always one owner at least.

Each change locks the workspace first, so that two owners who leave at once cannot both find the other one staying.
"""

from django.db import transaction

from kernel.deeds import Deed, Verb, tell

from . import inviting, management_tokens, powers
from .models import Member, User, Workspace
from .powers import Power

__all__ = ["LastOwner", "NotAllowed", "change_role", "leave", "locked", "owners", "remove", "transfer"]


class NotAllowed(Exception):
    """The role of whoever asks does not let them do this, or there is no such member any more."""


class LastOwner(Exception):
    """A workspace keeps one owner at least."""


def owners(workspace_id: int) -> int:
    """Return how many people own a workspace."""
    return Member.objects.filter(workspace_id=workspace_id, role=Member.Role.OWNER).count()


@transaction.atomic
def change_role(by: Member, member_id: int, role: str) -> Member:
    """Give another member another role. Raises NotAllowed, LastOwner, and ValueError for what is no role."""
    if role not in Member.Role.values:
        raise ValueError("role: there is no such role")
    asker, member = _both(by, member_id)
    if not powers.may_give(asker.role, member.role) or not powers.may_give(asker.role, role):
        raise NotAllowed
    if member.role == role:
        return member
    _keep_an_owner(member, unless=role == Member.Role.OWNER)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    inviting.forget(member, role=role)
    _tell(asker, "change", member, f"Made {member.user} {role}, who was {before}.")
    return member


@transaction.atomic
def remove(by: Member, member_id: int) -> User:
    """Take another member out of the workspace and return who it was. Raises NotAllowed and LastOwner."""
    asker, member = _both(by, member_id)
    if not powers.may_give(asker.role, member.role):
        raise NotAllowed
    _keep_an_owner(member)
    return _gone(asker, member, f"Removed {member.user}, who was {member.role}.")


@transaction.atomic
def leave(member: Member) -> None:
    """Leave a workspace. Raises LastOwner, and NotAllowed for whoever is no member any more."""
    locked(member.workspace_id)
    own = _found(member.workspace_id, member.pk)
    _keep_an_owner(own)
    _gone(own, own, f"{own.user} left, who was {own.role}.")


@transaction.atomic
def transfer(by: Member, member_id: int) -> Member:
    """Make another member the owner in one's place: one is an admin then. Raises NotAllowed."""
    asker, member = _both(by, member_id)
    if not powers.may(asker.role, Power.OWN):
        raise NotAllowed
    member.role, asker.role = Member.Role.OWNER, Member.Role.ADMIN
    member.save(update_fields=["role"])
    asker.save(update_fields=["role"])
    inviting.forget(asker, role=asker.role)
    _tell(asker, "change", member, f"Made {member.user} owner in place of {asker.user}, who is admin now.")
    return member


def locked(workspace_id: int) -> Workspace:
    """Return a workspace, whose members change for nobody else until this transaction ends."""
    return Workspace.objects.select_for_update(no_key=True, of=("self",)).get(pk=workspace_id)


def _both(by: Member, member_id: int) -> tuple[Member, Member]:
    """Return who asks and whom it is about, as they are now. Nobody changes their own place by this way."""
    locked(by.workspace_id)
    if by.pk == member_id:
        raise NotAllowed
    return _found(by.workspace_id, by.pk), _found(by.workspace_id, member_id)


def _found(workspace_id: int, member_id: int) -> Member:
    found = Member.objects.filter(workspace_id=workspace_id, pk=member_id)
    member = found.select_related("user", "workspace").first()
    if member is None:
        raise NotAllowed
    return member


def _keep_an_owner(member: Member, *, unless: bool = False) -> None:
    if member.role == Member.Role.OWNER and not unless and owners(member.workspace_id) < 2:
        raise LastOwner


def _gone(by: Member, member: Member, said: str) -> User:
    _tell(by, "delete", member, said)
    inviting.forget(member, role="")
    management_tokens.end_of(member.user, workspace_id=member.workspace_id)
    member.delete()
    return member.user


def _tell(by: Member, verb: Verb, member: Member, said: str) -> None:
    tell(Deed(verb, member, said, actor=str(by.user), actor_id=by.user_id))
