"""The way in to the desk: Django's stock handler without the site's middleware, speaking as all of /v1 does."""

from typing import Any

import structlog
from asgiref.sync import sync_to_async
from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, get_resolver

from .. import answers, body, replies
from ..answers import Answer
from ..arrival import Arrival, Receive, Send
from ..errors import HUB_SESSIONS, Failure

__all__ = ["Desk", "owns"]

URLS = "inference.desk.urls"
MOST_BYTES = 2**20
_ROOTS = tuple(
    f"/v1/{name}"
    for name in ("user", "key", "credits", "generation", "activity", "explain", "route/simulate")
)
_BRANCHES = (*(f"{root}/" for root in _ROOTS), HUB_SESSIONS)
HUB_USAGE = "/usage/me"
log = structlog.get_logger()


def owns(path: str) -> bool:
    """Tell whether a path of the gateway is the desk's; every other one is the inference door's."""
    return path in _ROOTS or path == HUB_USAGE or path.startswith(_BRANCHES)


class Desk(ASGIHandler):
    """An ASGI application for the account routes of /v1: views in a thread, with the ORM."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Load no middleware, as sessions, cookies and pages are the site's; and the routes now, not at a request."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        _ = get_resolver(URLS).url_patterns

    async def handle(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:  # type: ignore[override]
        """Answer one request; the ORM's connections are returned when it is over, as the stock handler does."""
        try:
            raw = await body.read(scope, receive, most=MOST_BYTES)
        except body.Left:
            return
        except Failure as failure:
            request = Arrival(scope, b"", receive=receive, send=send)
            await replies.send(request, replies.failed(request, failure, closing=True))
            return
        request = Arrival(scope, raw, receive=receive, send=send)
        await signals.request_started.asend(sender=type(self), scope=scope)
        answer = await self._answer(request)
        try:
            await replies.send(request, answer)
        finally:
            await sync_to_async(answer.close)()

    async def _answer(self, request: Arrival) -> Answer:
        if request.method == "OPTIONS":
            return replies.preflight(request)
        if request.method == "HEAD":
            request.method = "GET"  # the server sends no body for it
        request.urlconf = URLS
        try:
            # What stands behind the middleware; the types know only the way through it.
            response = await self._get_response_async(request)  # type: ignore[attr-defined]
            return _adapted(request, response)
        except Failure as failure:
            return replies.failed(request, failure)
        except Resolver404:
            return replies.failed(request, replies.no_such_path(request))
        except (OperationalError, InterfaceError) as error:
            log.warning("desk without database", request_id=request.number, error=type(error).__name__)
            unavailable = Failure("UNAVAILABLE", "This cannot be answered right now.", retry_after=2)
            return replies.failed(request, unavailable)
        except Exception:
            log.exception("desk route failed", request_id=request.number, path=request.path[:200])
            return replies.failed(request, replies.broken())


def _adapted(request: Arrival, response: HttpResponseBase) -> Answer:
    if response.status_code == 405:
        refused = replies.wrong_method(request, response.headers.get("Allow", ""))
        return replies.failed(request, refused)
    if response.status_code >= 400 or not isinstance(response, HttpResponse):
        raise RuntimeError(f"a view of the desk answered {response.status_code}; it must raise Failure")
    headers = [*response.headers.items(), *answers.standing(request)]
    return Answer(response.status_code, headers, response.content)
