"""The door of the routes that an inference key opens too: what it may see there is what it may see by /v1."""

from dataclasses import dataclass
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.callers import Caller, find_now
from accounts.models import User, Workspace
from accounts.rest_route import Refusal, take, wrong

from .door import ASKED_A_MINUTE, Granted, Managed, Principal, Tokens, principal

__all__ = ["Asker", "Keyed", "asker"]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the workspace, and the caller where a key was sent."""

    workspace: Workspace
    caller: Caller | None


class _KeysAndTokens(BaseAuthentication):
    """Finds the caller of a key, and the principal of a management token."""

    def authenticate(self, request: Request) -> tuple[User | None, Caller | Principal]:
        """Return who asks. Raises Refusal: 400 for two credentials, 401, 403 for a suspended workspace, 429."""
        secret = _key(request)
        if secret is None:
            return Tokens().authenticate(request)
        caller = find_now(secret)
        if caller is None:
            raise Refusal(401, "AUTHENTICATION_ERROR", "The API key is not valid.")
        if caller.workspace_status != Workspace.Status.ACTIVE:
            raise Refusal(403, "WORKSPACE_SUSPENDED", f"This workspace is {caller.workspace_status}.")
        take("management", f"key {caller.api_key_id}", ASKED_A_MINUTE, "requests of one key")
        return None, caller


class _Let(BasePermission):
    """Lets a key in, and of tokens those whose role has the power."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether a route may be used. Raises Refusal, 403."""
        return isinstance(request.auth, Caller) or Granted().has_permission(request, view)


class Keyed(Managed):
    """A route that reads, for keys and for management tokens."""

    authentication_classes = (_KeysAndTokens,)
    permission_classes = (_Let,)


def asker(request: Request) -> Asker:
    """Return who asks."""
    caller = request.auth
    if not isinstance(caller, Caller):
        return Asker(principal(request).workspace, None)
    found = Workspace.objects.select_related("plan_version__plan").get(pk=caller.workspace_id)
    return Asker(found, caller)


def _key(request: Request) -> str | None:
    """Return the key of a request, None where a token was sent or nothing. Raises Refusal, 400, for two credentials."""
    own = request.headers.get("X-API-Key")
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    bearer = bearer.strip() if scheme.lower() == "bearer" else ""
    if own is not None and bearer and own != bearer:
        raise wrong("Authorization", "it names another credential than X-API-Key.")
    return own if own is not None else bearer if bearer.startswith("rk_") else None
