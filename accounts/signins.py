"""How a sign-in for tokens begins, is renewed and ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.db.models import F

from kernel import clock

from . import tokens
from .models import Member, SignIn, User, Workspace

__all__ = ["Pair", "Refused", "begin", "end", "end_everywhere", "person_by_password", "renew"]

_FORGOTTEN = timedelta(days=30)


class Refused(Exception):
    """A token that is forged, expired, spent, or of a sign-in that has ended."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens of a sign-in."""

    access: str
    refresh: str


def person_by_password(email: str, password: str) -> User | None:
    """Return the active person whom an address and a password belong to; every refusal takes the same time."""
    person = User.objects.filter(email=email.strip().lower()).first()
    if person is None or not person.has_usable_password():
        make_password(password)
        return None
    return person if person.check_password(password) and person.is_active else None


@transaction.atomic
def begin(person: User, *, sign_in: UUID | None = None) -> Pair:
    """Save a new sign-in, in the workspace that the person joined first, and return its tokens.

    Raises IntegrityError if the id was used before.
    """
    moment = clock.now()
    member = (
        Member.objects.filter(user=person).select_related("workspace").order_by("joined_at", "pk").first()
    )
    row = SignIn(
        id=sign_in or uuid4(),
        person=person,
        workspace=member.workspace if member else None,
        password_mark=tokens.password_mark(person.password),
        created_at=moment,
    )
    pair = _issue(row, moment)
    row.save(force_insert=True)
    SignIn.objects.filter(person=person, expires_at__lt=moment - _FORGOTTEN).delete()
    update_last_login(None, person)  # type: ignore[arg-type]  # a signal's receiver, which ignores its sender
    return pair


def renew(token: str) -> Pair:
    """Exchange a refresh token for new tokens; it is spent then, and a spent one ends the whole sign-in.

    Raises Refused.
    """
    said = tokens.read_refresh(token)
    if said is None:
        raise Refused
    with transaction.atomic():
        pair = _renewed(said, clock.now())
    if pair is None:
        raise Refused
    return pair


def end(sign_in: UUID) -> None:
    """End a sign-in with all its tokens; an ended one stays as it is."""
    SignIn.objects.filter(pk=sign_in, ended_at=None).update(ended_at=clock.now(), ended_by=SignIn.End.LOGOUT)


@transaction.atomic
def end_everywhere(person: User) -> None:
    """End every session of a person's browsers and every sign-in for tokens; the password stays."""
    User.objects.filter(pk=person.pk).update(session_number=F("session_number") + 1)
    person.refresh_from_db(fields=["session_number"])
    open_ones = SignIn.objects.filter(person=person, ended_at=None)
    open_ones.update(ended_at=clock.now(), ended_by=SignIn.End.LOGOUT)


def _renewed(said: tokens.Refresh, moment: datetime) -> Pair | None:
    rows = SignIn.objects.select_for_update(of=("self",)).select_related("person")
    row = rows.filter(pk=said.sign_in).first()
    if row is None or not _stands(row, moment):
        return None
    if bytes(row.refresh_digest) != said.digest:
        row.ended_at, row.ended_by = moment, SignIn.End.REUSE
        row.save(update_fields=["ended_at", "ended_by"])
        return None
    row.number += 1
    pair = _issue(row, moment)
    row.save(update_fields=["number", "refresh_digest", "refreshed_at", "expires_at"])
    return pair


def _stands(row: SignIn, moment: datetime) -> bool:
    unchanged = row.password_mark == tokens.password_mark(row.person.password)
    return row.ended_at is None and row.expires_at > moment and row.person.is_active and unchanged


def _issue(row: SignIn, moment: datetime) -> Pair:
    """Make the tokens of a row's present number and note on the row, unsaved, which are in force."""
    access = tokens.access(
        sign_in=row.pk,
        number=row.number,
        person_id=row.person_id,
        workspace_id=row.workspace_id,
        plan=_plan(row.workspace),
    )
    renewal, digest = tokens.refresh(sign_in=row.pk, number=row.number, person_id=row.person_id)
    row.refresh_digest = digest
    row.refreshed_at = moment
    row.expires_at = moment + timedelta(seconds=tokens.REFRESH_SECONDS)
    return Pair(access, renewal)


def _plan(workspace: Workspace | None) -> str:
    return workspace.plan_version.plan.slug if workspace else ""
