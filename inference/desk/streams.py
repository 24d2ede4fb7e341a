"""The routes by which a workspace ends its own open streams."""

from django.http import HttpRequest
from ninja import Router

from billing import kills

from . import identity

__all__ = ["router"]

router = Router()


@router.post("/user/streams/kill")
def kill(request: HttpRequest) -> dict[str, int]:
    """End every open stream of the caller's workspace; each is charged for what was delivered."""
    caller = identity.caller(request)
    return {"killed_streams": kills.kill_streams(caller.workspace_id)}
