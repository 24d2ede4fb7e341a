"""The slim way in: Django's request, resolver and ninja for the inference routes, without middleware or threads.

The stock handler starts a thread for every request; this one answers on the event loop alone and so has to do
what the stock one does elsewhere: bound the body, answer for unknown paths and methods, CORS, and stray errors.
"""

from typing import Any

import structlog
from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, get_resolver

from . import answers, auth, body, process, replies
from .answers import Answer, OnTheWire
from .arrival import Arrival, Receive, Send, exchange_of
from .errors import Failure

__all__ = ["Handler"]

URLS = "inference.urls"
log = structlog.get_logger()


class Handler:
    """An ASGI application for the inference routes."""

    def __init__(self) -> None:
        self._resolver = get_resolver(URLS)
        self._known: dict[str, ResolverMatch] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = exchange_of(scope)
        most = settings.MAX_BODY_BYTES
        raw = exchange.body(most=min(most, body.NAMELESS_BYTES)) if exchange is not None else None
        if raw is None:
            raw = await self._read(scope, receive, send, most=most)
        if raw is None:
            return
        request = Arrival(scope, raw, receive=receive, send=send)
        response = await self._respond(request)
        if not isinstance(response, OnTheWire):
            await replies.send(
                request, response if isinstance(response, Answer) else _adapted(request, response)
            )

    async def _read(self, scope: dict[str, Any], receive: Receive, send: Send, *, most: int) -> bytes | None:
        """Return a body that is still coming, or nothing where it was refused or its caller left."""

        async def known() -> None:
            await auth.caller(process.current().directory, Arrival(scope, b"", receive=receive, send=send))

        try:
            return await body.read(scope, receive, most=most, known=known)
        except body.Left:
            return None
        except Failure as failure:
            request = Arrival(scope, b"", receive=receive, send=send)
            await replies.send(request, replies.failed(request, failure, closing=True))
            return None

    def _match(self, path: str) -> ResolverMatch:
        """Return the view of a path; those without parameters, which are as many as routes, are known after once."""
        match = self._known.get(path)
        if match is None:
            match = self._resolver.resolve(path)
            if not match.args and not match.kwargs:
                self._known[path] = match
        return match

    async def _respond(self, request: Arrival) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return replies.preflight(request)
        try:
            match = self._match(request.path_info)
            request.resolver_match = match
            response: HttpResponseBase = await match.func(request, *match.args, **match.kwargs)
        except Failure as failure:
            return replies.failed(request, failure)
        except Resolver404:
            return replies.failed(request, replies.no_such_path(request))
        except Exception:
            log.exception("inference route failed", request_id=request.number, path=request.path[:200])
            return replies.failed(request, replies.broken())
        return response


def _adapted(request: Arrival, response: HttpResponseBase) -> Answer:
    """Turn an answer of the framework's own into one of ours."""
    if response.status_code == 405:
        refused = replies.wrong_method(request, response.headers.get("Allow", ""))
        return replies.failed(request, refused)
    if response.status_code >= 400 or not isinstance(response, HttpResponse):
        log.error("unexpected answer", request_id=request.number, status=response.status_code)
        return replies.failed(request, replies.broken())
    return Answer(
        response.status_code, [*response.headers.items(), *answers.standing(request)], response.content
    )
