"""How long a browser's session lasts: an operator's half an hour without use and half a day at most, a customer's two weeks."""

import time
from collections.abc import Callable
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse

__all__ = ["ends_in_time"]

BEGUN, SEEN, STAFF = "begun", "seen", "staff"
NOTED_EVERY_SECONDS = 60


def ends_in_time(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """End a session whose time is over, before anything is served to it; what was asked is asked again by a stranger."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and "_auth_user_id" in request.session:
            if _is_over(request.session, time.time()):
                logout(request)
            else:
                _note(request.session, time.time())
        return get_response(request)

    return middleware


def _is_over(session: Any, now: float) -> bool:
    begun, seen = session.get(BEGUN, now), session.get(SEEN, now)
    if session.get(STAFF):
        return bool(now - seen > settings.STAFF_IDLE_SECONDS or now - begun > settings.STAFF_SESSION_SECONDS)
    return bool(now - begun > settings.SESSION_COOKIE_AGE)


def _note(session: Any, now: float) -> None:
    """Write down that a session is used: of operators to the minute, of customers only when it began."""
    session.setdefault(BEGUN, now)
    if session.get(STAFF) and now - session.get(SEEN, 0) > NOTED_EVERY_SECONDS:
        session[SEEN] = now


def _begin(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    now = time.time()
    request.session[BEGUN] = request.session[SEEN] = now
    request.session[STAFF] = bool(user.is_staff)


def _shown(sender: Any, request: HttpRequest, user: Any, authenticator: Authenticator, **_: Any) -> None:
    """Take a second factor that was just set up for shown: its first code was right."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, method="mfa", type=authenticator.type, reauthenticated=True)


def _taken_away(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Forget that a second factor was shown in the session of whoever took theirs away."""
    if request.user == user:
        records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [
            record for record in records if record["method"] != "mfa"
        ]


authenticator_removed.connect(_taken_away, dispatch_uid="second factor taken away")
authenticator_added.connect(_shown, dispatch_uid="second factor shown")
user_logged_in.connect(_begin, dispatch_uid="session begins")
