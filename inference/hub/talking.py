"""The walk of a hub's chat, and what is remembered of it where the caller names a session."""

from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.http.response import HttpResponseBase
from psycopg_pool import PoolTimeout

from accounts.hub_sessions import HubSessions

from .. import auth, pipeline, refusing
from ..arrival import Arrival, Send
from ..dialects.hub import Hub, Talk
from ..dialects.hub.asking import session
from ..errors import Failure
from ..process import Process

__all__ = ["serve"]

log = structlog.get_logger()


async def serve(process: Process, request: Arrival, *, tools: bool) -> HttpResponseBase:
    """Answer a chat, going on where its session was. Raises Failure."""
    caller = await auth.spender(process.directory, request)
    with refusing.noted(process.refusals, request.id, caller):
        name, asked = session(request.raw)
        earlier = await _earlier(process.sessions, caller.workspace_id, name) if name else []
    talk = Talk(name, earlier, asked)
    if name:
        request.exchange = None
        request.send = _Remembering(request.send, process.sessions, caller.workspace_id, talk)
    hub = Hub(settings.HUB_CREDITS_PER_USD, tools=tools, talk=talk)
    return await pipeline.serve(process, request, hub)


async def _earlier(sessions: HubSessions, workspace_id: int, name: str) -> list[dict[str, Any]]:
    try:
        return await sessions.load(workspace_id, name)
    except (psycopg.Error, PoolTimeout) as error:
        raise Failure("UNAVAILABLE", "Sessions cannot be read right now.", retry_after=2) from error


class _Remembering:
    """Sends an answer, and keeps the talk before its last bytes: the next request finds it."""

    def __init__(self, send: Send, sessions: HubSessions, workspace_id: int, talk: Talk) -> None:
        self._send = send
        self._sessions = sessions
        self._workspace_id = workspace_id
        self._talk = talk

    async def __call__(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if last and self._talk.answer is not None:
            await self._keep()
        await self._send(message)

    async def _keep(self) -> None:
        try:
            await self._sessions.save(self._workspace_id, self._talk.name, self._talk.messages)
        except (psycopg.Error, PoolTimeout) as error:
            # The answer is paid for and goes out; the talk stays as it was.
            log.warning("session of the hub is not kept", error=type(error).__name__)
