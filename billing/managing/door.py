"""Who manages a workspace by /api: the token of a request, the member as whom it acts, and what that lets them do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import management_tokens, powers
from accounts.models import ManagementToken, Member, User, Workspace
from accounts.powers import Power
from accounts.rest_route import Refusal, Route, take, wrong
from accounts.trail_asker import watched

__all__ = [
    "ASKED_A_MINUTE",
    "Granted",
    "Managed",
    "Principal",
    "Tokens",
    "changes",
    "missing",
    "principal",
]

ASKED_A_MINUTE = 300
"""How many requests one token may send a minute."""
_SAFE = ("get", "head")
_NEEDED = "send it as Authorization: Bearer rkm_…"


@dataclass(frozen=True, slots=True)
class Principal:
    """A good token and the member as whom it acts: what a route reads or changes is of their workspace alone."""

    token: ManagementToken
    member: Member

    @property
    def workspace(self) -> Workspace:
        """The one workspace that a token opens."""
        return self.member.workspace

    @property
    def user(self) -> User:
        """The person who made the token."""
        return self.member.user


class Tokens(BaseAuthentication):
    """Finds the principal of a bearer; anybody else is refused here, so that no route asks a second time."""

    def authenticate(self, request: Request) -> tuple[User, Principal]:
        """Return who asks. Raises Refusal: 401, 403 for a workspace that is not active, 429."""
        found = management_tokens.find(_bearer(request))
        if found is None:
            raise _refused(
                "The management token is not valid: it ended, or whoever made it left the workspace."
            )
        asks = Principal(*found)
        if asks.workspace.status != Workspace.Status.ACTIVE:
            raise Refusal(403, "WORKSPACE_SUSPENDED", f"This workspace is {asks.workspace.status}.")
        take("management", str(asks.token.pk), ASKED_A_MINUTE, "requests of one management token")
        management_tokens.used(asks.token)
        return asks.user, asks


class Granted(BasePermission):
    """Lets in whose token may change what it changes, and whose role has the power that a route needs."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether a route may be used; a method that it does not have is refused later. Raises Refusal, 403."""
        method = (request.method or "").lower()
        power = view.powers.get("get" if method == "head" else method)
        if power is None:
            return True
        asks = principal(request)
        if method not in _SAFE and asks.token.scope != ManagementToken.Scope.WRITE:
            raise Refusal(
                403, "AUTHORIZATION_ERROR", "This token may only read: make one that may change too."
            )
        if not powers.may(asks.member.role, power):
            words = powers.POWERS[power].words.lower()
            raise Refusal(
                403, "AUTHORIZATION_ERROR", f"The role {asks.member.role} does not let you {words}."
            )
        return True


class Managed(Route):
    """A route of the management API: `powers` by method, and the parameters that it reads from the address."""

    authentication_classes: Any = (Tokens,)
    permission_classes: Any = (Granted,)
    http_method_names = ("get", "head", "post", "patch", "delete")
    powers: ClassVar[Mapping[str, Power]] = {}
    asks: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a parameter that the route does not read: a filter with a slip in it would tell everything."""
        super().initial(request, *args, **kwargs)
        for name, values in request.query_params.lists():
            if name not in self.asks:
                raise wrong(name[:64], "there is no such parameter.")
            if not all(map(str.isprintable, values)):
                raise wrong(name, "only characters that can be seen.")


def principal(request: Request) -> Principal:
    """Return who asks."""
    found = request.auth
    if not isinstance(found, Principal):
        raise TypeError("routes of the management API are behind their door")
    return found


def changes(view: Callable[..., Response]) -> Callable[..., Response]:
    """Let the trail keep what a route changes, with who asked and from where."""

    @wraps(view)
    def kept(self: Managed, request: Request, **named: str) -> Response:
        with watched(request._request, principal(request).user):
            return view(self, request, **named)

    return kept


def missing(what: str) -> Refusal:
    """Return the refusal of what is not there: what belongs to another workspace is as what never was."""
    return Refusal(404, "NOT_FOUND", f"There is no such {what} in this workspace.")


def _bearer(request: Request) -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if secret.startswith("rk_") or "X-API-Key" in request.headers:
        raise _refused(f"Keys (rk_…) are for /v1. Here a management token is needed: {_NEEDED}.")
    if scheme.lower() != "bearer" or not secret:
        raise _refused(f"A management token is needed: {_NEEDED}.")
    return secret


def _refused(words: str) -> Refusal:
    return Refusal(401, "AUTHENTICATION_ERROR", words)
