"""Passes: what a page gives its own script to call /v1 with, for a person who is signed in to the site.

A pass is an access token of a sign-in of its own, which has no refresh token and ends with the session that asked. No
cookie opens /v1, and no key has to be put into a browser.
"""

import os
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest

from kernel import clock

from . import signins, tokens
from .models import SignIn, User, Workspace

__all__ = ["end_with_sessions", "issue"]

_KEPT = "pass"
_LASTS = timedelta(seconds=tokens.ACCESS_SECONDS)


@transaction.atomic
def issue(session: SessionBase, person: User, workspace: Workspace) -> str:
    """Return an access token for a workspace, good for tokens.ACCESS_SECONDS, and remember it in the session.

    Asked again, the same sign-in goes on; what still runs under an earlier token goes on too. One for another
    workspace ends it.
    """
    row = _standing(session, person, workspace) or _begun(session, person, workspace)
    row.number += 1
    row.expires_at = clock.now() + _LASTS
    row.save()
    return tokens.access(
        sign_in=row.pk,
        number=row.number,
        person_id=person.pk,
        workspace_id=workspace.pk,
        plan=workspace.plan_version.plan.slug,
    )


def end_with_sessions() -> None:
    """End the pass of every session that is signed out, from now on."""
    user_logged_out.connect(_signed_out, dispatch_uid="passes")


def _standing(session: SessionBase, person: User, workspace: Workspace) -> SignIn | None:
    kept = session.get(_KEPT)
    if kept is None:
        return None
    mark, now = tokens.password_mark(person.password), clock.now()
    mine = SignIn.objects.select_for_update().filter(pk=kept, person=person, workspace=workspace)
    found = mine.filter(password_mark=mark, ended_at=None, expires_at__gt=now).first()
    if found is None:
        signins.end(UUID(kept))
    return found


def _begun(session: SessionBase, person: User, workspace: Workspace) -> SignIn:
    row = SignIn(
        id=uuid4(),
        person=person,
        workspace=workspace,
        password_mark=tokens.password_mark(person.password),
        refresh_digest=os.urandom(32),  # of no token: it cannot be renewed
    )
    session[_KEPT] = str(row.pk)
    return row


def _signed_out(sender: Any, request: HttpRequest | None, **_: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None and (kept := session.get(_KEPT)):
        signins.end(UUID(kept))
