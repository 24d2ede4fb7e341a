"""Who stands at the desk: any good credential, or a person who signed in."""

from asgiref.sync import async_to_sync
from django.http import HttpRequest

from accounts.callers import Caller

from .. import auth, process
from ..arrival import Arrival
from ..errors import Failure

__all__ = ["arrival", "authenticate", "caller", "person"]


def arrival(request: HttpRequest) -> Arrival:
    """Return the request as it came through the door, with its id and its moment."""
    if not isinstance(request, Arrival):
        raise TypeError("routes of the desk are served by inference.desk.door")
    return request


def authenticate(request: HttpRequest) -> Caller:
    """Find who calls, by key or by access token. Raises Failure (401, 400, 403, 404, 503) for anybody else.

    ninja asks this before it reads parameters. Credentials are looked up where the inference routes look them up,
    so that one is good at both doors or at none.
    """
    found: Caller = async_to_sync(auth.caller)(process.current().directory, arrival(request))
    return found


def caller(request: HttpRequest) -> Caller:
    """Return who calls, by key or by access token."""
    found = getattr(request, "auth", None)
    if not isinstance(found, Caller):
        raise TypeError("routes of the desk are behind identity.authenticate")
    return found


def person(request: HttpRequest) -> Caller:
    """Return who calls by access token; `person_id` and `role` are set. Raises Failure, 403 for a key."""
    found = caller(request)
    if found.person_id is None:
        raise Failure(
            "AUTHORIZATION_ERROR", "An API key may not do this: sign in and send an access token instead."
        )
    return found
