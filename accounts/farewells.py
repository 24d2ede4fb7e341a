"""How a workspace or a person goes: asked for, undone while there is time, and then without what is personal.

What the money needs stays: the ledger, the papers as they were issued, usage by number, and the trail.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction

from kernel import clock
from kernel.deeds import Deed, tell

from . import management_tokens, workspaces
from .members import locked, owners
from .models import (
    ApiKey,
    Farewell,
    HubSession,
    Invitation,
    ManagementToken,
    Member,
    ProviderKey,
    SignIn,
    User,
    Workspace,
)

__all__ = [
    "SoleOwner",
    "ask_for_person",
    "ask_for_workspace",
    "due",
    "erase",
    "of_person",
    "of_workspace",
    "undo",
]

MOST_AT_ONCE = 100
GONE = "deleted.invalid"
"""No mail can be sent there: RFC 2606 keeps the ending for nobody."""


class SoleOwner(Exception):
    """The person is the only owner of these workspaces, which would have nobody."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def of_workspace(workspace_id: int) -> Farewell | None:
    """Return the open farewell of a workspace, or None."""
    found = Farewell.objects.filter(workspace_id=workspace_id, ended_at=None)
    return found.select_related("asked_by").first()


def of_person(person_id: int) -> Farewell | None:
    """Return the open farewell of a person, or None."""
    return Farewell.objects.filter(person_id=person_id, ended_at=None).first()


@transaction.atomic
def ask_for_workspace(workspace: Workspace, *, by: User) -> Farewell:
    """Say that a workspace is to go after settings.CLOSING_DAYS days; until then everything works."""
    locked(workspace.pk)
    there = of_workspace(workspace.pk)
    if there is not None:
        return there
    moment = clock.now()
    row = Farewell.objects.create(workspace=workspace, asked_by=by, asked_at=moment, due_at=_later(moment))
    said = f"Asked to delete the workspace on {row.due_at:%Y-%m-%d}."
    tell(Deed("add", row, said, actor=str(by), actor_id=by.pk))
    return row


@transaction.atomic
def ask_for_person(person: User) -> Farewell:
    """Say that a person is to go after settings.CLOSING_DAYS days. Raises SoleOwner."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    there = of_person(person.pk)
    if there is not None:
        return there
    _check_owners(person)
    moment = clock.now()
    row = Farewell.objects.create(person=person, asked_by=person, asked_at=moment, due_at=_later(moment))
    said = f"Asked to delete their account on {row.due_at:%Y-%m-%d}."
    tell(Deed("add", row, said, actor=str(person), actor_id=person.pk))
    return row


@transaction.atomic
def undo(row: Farewell, *, by: User) -> bool:
    """Keep what was to go; tell whether there still was time."""
    kept = Farewell.objects.select_for_update(of=("self",)).filter(pk=row.pk, ended_at=None).first()
    if kept is None:
        return False
    kept.ended_at, kept.ended_by = clock.now(), Farewell.End.UNDONE
    kept.save(update_fields=["ended_at", "ended_by"])
    tell(Deed("change", kept, "Undid the deletion.", actor=str(by), actor_id=by.pk))
    return True


def due() -> Iterator[Farewell]:
    """Yield what is due, the longest due first: MOST_AT_ONCE of it."""
    rows = Farewell.objects.filter(ended_at=None, due_at__lte=clock.now()).order_by("due_at")
    yield from rows.select_related("workspace", "person")[:MOST_AT_ONCE]


@transaction.atomic
def erase(row: Farewell) -> bool:
    """Delete what a farewell is of, unless it was undone meanwhile; tell whether. Raises SoleOwner for a person."""
    kept = Farewell.objects.select_for_update(of=("self",)).filter(pk=row.pk, ended_at=None).first()
    if kept is None:
        return False
    if kept.workspace_id is not None:
        _erase_workspace(locked(kept.workspace_id))
    else:
        _erase_person(User.objects.select_for_update().get(pk=kept.person_id or 0))
    kept.ended_at, kept.ended_by, kept.waits_for = clock.now(), Farewell.End.DONE, ""
    kept.save(update_fields=["ended_at", "ended_by", "waits_for"])
    tell(Deed("change", kept, "Deleted what was asked to be deleted.", actor="deletion", actor_id=None))
    return True


def _erase_workspace(workspace: Workspace) -> None:
    workspaces.put(workspace.pk, Workspace.Status.CLOSED)
    moment = clock.now()
    ApiKey.objects.filter(workspace=workspace, revoked_at=None).update(revoked_at=moment)
    ApiKey.objects.filter(workspace=workspace).update(name="Key of a deleted workspace", default_tag="")
    tokens = ManagementToken.objects.filter(workspace=workspace)
    tokens.filter(revoked_at=None).update(revoked_at=moment)
    tokens.update(name="Token of a deleted workspace")
    ProviderKey.objects.filter(workspace=workspace, active=True).update(active=False, sealed=b"", hint="")
    Invitation.objects.filter(workspace=workspace).delete()
    HubSession.objects.filter(workspace=workspace).delete()
    Member.objects.filter(workspace=workspace).delete()
    Workspace.objects.filter(pk=workspace.pk).update(
        name=f"Deleted workspace {workspace.pk}", slug=f"deleted-{workspace.pk}"
    )


def _erase_person(person: User) -> None:
    places = Member.objects.filter(user=person).order_by("workspace_id")
    for workspace_id in list(places.values_list("workspace_id", flat=True)):
        locked(workspace_id)  # nobody else leaves meanwhile
        management_tokens.end_of(person, workspace_id=workspace_id)
    _check_owners(person)
    Member.objects.filter(user=person).delete()
    ApiKey.objects.filter(person=person).update(name="A deleted person (signed in)")
    Invitation.objects.filter(email=person.email.lower()).delete()
    SignIn.objects.filter(person=person, ended_at=None).update(
        ended_at=clock.now(), ended_by=SignIn.End.LOGOUT
    )
    for session in UserSession.objects.filter(user=person):
        session.end()
    EmailAddress.objects.filter(user=person).delete()
    Authenticator.objects.filter(user=person).delete()
    person.email, person.name, person.is_active = f"{person.pk}@{GONE}", "", False
    person.set_unusable_password()
    person.save(update_fields=["email", "name", "is_active", "password"])


def _check_owners(person: User) -> None:
    """Raise SoleOwner where a workspace would be left without an owner."""
    owned = Member.objects.filter(user=person, role=Member.Role.OWNER)
    owned = owned.exclude(workspace__status=Workspace.Status.CLOSED).select_related("workspace")
    alone = [each.workspace.name for each in owned.order_by("workspace_id") if owners(each.workspace_id) < 2]
    if alone:
        raise SoleOwner(alone)


def _later(moment: datetime) -> datetime:
    return moment + timedelta(days=settings.CLOSING_DAYS)
