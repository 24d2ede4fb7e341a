"""Who is calling: the credential in a request's headers, and the caller it stands for."""

import psycopg
from psycopg_pool import PoolTimeout

from accounts import powers, tokens
from accounts.callers import Caller, Directory, ForeignWorkspace
from accounts.powers import Power
from kernel import ids

from .arrival import Arrival
from .errors import Failure

__all__ = ["caller", "caller_or_nobody", "check_spends", "spender"]


async def caller(directory: Directory, request: Arrival) -> Caller:
    """Return the caller of a request. Raises Failure if there is no credential or it is not good."""
    found = await caller_or_nobody(directory, request)
    if found is None:
        raise _refused("An API key is required: send it as X-API-Key or as Authorization: Bearer.")
    return found


async def spender(directory: Directory, request: Arrival) -> Caller:
    """Return the caller of a request that costs. Raises Failure as `caller`, and for a person who may only look."""
    found = await caller(directory, request)
    check_spends(found)
    return found


def check_spends(found: Caller) -> None:
    """Raise Failure for a person who may look at a workspace and not spend its credit; a key has no role, and may."""
    if found.role and not powers.may(found.role, Power.CALL):
        raise Failure("AUTHORIZATION_ERROR", "A viewer of this workspace may not send requests that cost.")


async def caller_or_nobody(directory: Directory, request: Arrival) -> Caller | None:
    """Return the caller, or None if no credential was sent; a bad one is refused, never taken for none."""
    secret = _secret(request)
    if secret is None:
        return None
    try:
        found = await _found(directory, request, secret)
    except (psycopg.Error, PoolTimeout) as error:
        raise Failure("UNAVAILABLE", "Credentials cannot be checked right now.", retry_after=2) from error
    if found.workspace_status != "active":
        raise Failure("WORKSPACE_SUSPENDED", f"This workspace is {found.workspace_status}.")
    return found


async def _found(directory: Directory, request: Arrival, secret: str) -> Caller:
    workspace = request.header("x-workspace").strip()
    # A token comes as a bearer only; in X-API-Key it is no key.
    if tokens.is_shaped(secret) and request.sent("x-api-key") is None:
        try:
            person = await directory.find_person(secret, workspace=workspace)
        except ForeignWorkspace as error:
            raise Failure("NOT_FOUND", "You have no such workspace.") from error
        if person is None:
            raise _refused("The access token is not valid, or its sign-in has ended.")
        return person
    if ids.key_is_shaped(secret, "rkm"):
        raise _refused(
            "A management token (rkm_…) is for /api. Here a key is needed: send one that begins with rk_."
        )
    found = await directory.find(secret)
    if found is None:
        raise _refused("The API key is not valid.")
    if workspace:
        raise Failure(
            "VALIDATION_ERROR",
            "X-Workspace goes with an access token; a key belongs to one workspace.",
            param="X-Workspace",
        )
    return found


def _secret(request: Arrival) -> str | None:
    own, authorization = request.sent("x-api-key"), request.sent("authorization")
    bearer: str | None = None
    if authorization is not None:
        scheme, _, bearer = authorization.partition(" ")
        bearer = bearer.strip()
        if scheme.lower() != "bearer" or not bearer:
            raise _refused("The Authorization header must be of the form: Bearer <key>.")
    if own is not None and bearer is not None and own != bearer:
        raise Failure("VALIDATION_ERROR", "X-API-Key and Authorization name two different credentials.")
    return own if own is not None else bearer


def _refused(message: str) -> Failure:
    return Failure("AUTHENTICATION_ERROR", message)
