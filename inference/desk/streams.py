"""The routes by which a workspace ends its own open streams."""

from django.http import HttpRequest
from ninja import Router

from accounts import keys
from billing import kills

from ..errors import Failure
from . import identity

__all__ = ["router"]

router = Router()


@router.post("/user/streams/kill")
def kill(request: HttpRequest) -> dict[str, int]:
    """End every open stream of the caller's workspace; each is charged for what was delivered."""
    caller = identity.caller(request)
    if caller.person_id is not None and not keys.may_manage(caller.role):
        raise Failure("AUTHORIZATION_ERROR", f"The role {caller.role} may not end streams.")
    return {"killed_streams": kills.kill_streams(caller.workspace_id)}
