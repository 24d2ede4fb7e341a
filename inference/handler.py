"""The slim way in: Django's request, resolver and ninja for the inference routes, without middleware or threads.

The stock handler starts a thread for every request; this one answers on the event loop alone and so has to do
what the stock one does elsewhere: bound the body, answer for unknown paths and methods, CORS, and stray errors.
"""

from typing import Any

import structlog
from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, get_resolver

from . import answers, auth, body, process, replies
from .answers import Answer, OnTheWire
from .arrival import Arrival, Receive, Send
from .errors import Failure

__all__ = ["Handler"]

URLS = "inference.urls"
log = structlog.get_logger()


class Handler:
    """An ASGI application for the inference routes."""

    def __init__(self) -> None:
        self._resolver = get_resolver(URLS)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def known() -> None:
            await auth.caller(process.current().directory, Arrival(scope, b"", receive=receive, send=send))

        try:
            raw = await body.read(scope, receive, most=settings.MAX_BODY_BYTES, known=known)
        except body.Left:
            return
        except Failure as failure:
            request = Arrival(scope, b"", receive=receive, send=send)
            await replies.send(request, replies.failed(request, failure, closing=True))
            return
        request = Arrival(scope, raw, receive=receive, send=send)
        response = await self._respond(request)
        if not isinstance(response, OnTheWire):
            await replies.send(
                request, response if isinstance(response, Answer) else _adapted(request, response)
            )

    async def _respond(self, request: Arrival) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return replies.preflight(request)
        try:
            match = self._resolver.resolve(request.path_info)
            request.resolver_match = match
            response: HttpResponseBase = await match.func(request, *match.args, **match.kwargs)
        except Failure as failure:
            return replies.failed(request, failure)
        except Resolver404:
            return replies.failed(request, replies.no_such_path(request))
        except Exception:
            log.exception("inference route failed", request_id=str(request.id), path=request.path[:200])
            return replies.failed(request, replies.broken())
        return response


def _adapted(request: Arrival, response: HttpResponseBase) -> Answer:
    """Turn an answer of the framework's own into one of ours."""
    if response.status_code == 405:
        refused = replies.wrong_method(request, response.headers.get("Allow", ""))
        return replies.failed(request, refused)
    if response.status_code >= 400 or not isinstance(response, HttpResponse):
        log.error("unexpected answer", request_id=str(request.id), status=response.status_code)
        return replies.failed(request, replies.broken())
    return Answer(
        response.status_code, [*response.headers.items(), *answers.standing(request)], response.content
    )
