"""Where a person is signed in: browsers, and sign-ins for tokens; each can be ended, and all but the present one."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.db.models import QuerySet
from django.http import HttpRequest

from kernel import clock
from kernel.deeds import Deed, tell

from . import signins
from .models import SignIn, User

__all__ = ["Place", "end", "end_others", "listed"]

_MOST = 50
_SYSTEMS = {"Windows": "Windows", "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Mac OS X": "macOS", "Linux": "Linux"}  # fmt: skip
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One place where somebody is signed in; `key` names it when it is to be ended."""

    key: str
    what: str
    address: str
    since: datetime
    is_this: bool


def listed(request: HttpRequest, person: User) -> list[Place]:
    """Return where a person is signed in, this browser first, then the newest: _MOST of each kind."""
    browsers = [_browser(session, request) for session in _sessions(person)]
    tokens = [
        Place(f"t{row.pk}", "Access tokens (API)", "", row.created_at, False)
        for row in _token_sign_ins(person).order_by("-created_at")[:_MOST]
    ]
    return sorted([*browsers, *tokens], key=lambda place: (not place.is_this, -place.since.timestamp()))


def end(person: User, key: str) -> bool:
    """End one place where a person is signed in; tell whether there was one."""
    if key.startswith("t"):
        number = _uuid(key[1:])
        row = None if number is None else _token_sign_ins(person).filter(pk=number).first()
        if row is None:
            return False
        signins.end(row.pk)
    else:
        session = UserSession.objects.filter(
            user=person, pk=int(key[1:]) if key[1:].isdecimal() else 0
        ).first()
        if session is None:
            return False
        session.end()
    tell(Deed("change", person, "Ended a sign-in of theirs."))
    return True


def end_others(request: HttpRequest, person: User) -> None:
    """End every session and sign-in of a person but the one that asks."""
    for session in UserSession.objects.filter(user=person).exclude(session_key=request.session.session_key):
        session.end()
    UserSession.objects.filter(user=person).delete()
    signins.end_everywhere(person)
    update_session_auth_hash(request, person)
    UserSession.objects.create_from_request(request)
    tell(Deed("change", person, "Ended all their other sign-ins."))


def _sessions(person: User) -> list[UserSession]:
    found = UserSession.objects.filter(user=person).order_by("-created_at")[:_MOST]
    return [session for session in found if not session.purge()]


def _token_sign_ins(person: User) -> QuerySet[SignIn]:
    return SignIn.objects.filter(person=person, ended_at=None, expires_at__gt=clock.now())


def _browser(session: UserSession, request: HttpRequest) -> Place:
    is_this = session.session_key == request.session.session_key
    return Place(f"b{session.pk}", _named(session.user_agent), session.ip, session.created_at, is_this)


def _named(agent: str) -> str:
    """Return a browser and its system in words, as far as they say who they are."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS.items() if sign in agent), "")
    plain = re.sub(r"[^\w ./-]", "", agent)[:40]
    return f"{browser} on {system}" if browser and system else browser or plain or "Unknown"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
