"""The slim way in: Django's request, resolver and ninja for the inference routes, without middleware or threads.

The stock handler starts a thread for every request; this one answers on the event loop alone and so has to do
what the stock one does elsewhere: bound the body, answer for unknown paths and methods, CORS, and stray errors.
"""

import asyncio
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, get_resolver

from . import answers, errors
from .answers import Answer, Headers, OnTheWire
from .arrival import Arrival, Receive, Send
from .errors import Failure

__all__ = ["Handler"]

URLS = "inference.urls"
BODY_SECONDS = 30
_PREFLIGHT: Headers = [
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "*, Authorization"),
    ("Access-Control-Max-Age", "86400"),
]
log = structlog.get_logger()


class _Left(Exception):
    """The caller hung up before the request was complete."""


class Handler:
    """An ASGI application for the inference routes."""

    def __init__(self) -> None:
        self._resolver = get_resolver(URLS)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            raw = await _body(scope, receive)
        except _Left:
            return
        except Failure as failure:
            request = Arrival(scope, b"", receive=receive, send=send)
            await _send(request, _failed(request, failure, closing=True))
            return
        request = Arrival(scope, raw, receive=receive, send=send)
        response = await self._respond(request)
        if not isinstance(response, OnTheWire):
            await _send(request, response if isinstance(response, Answer) else _adapted(request, response))

    async def _respond(self, request: Arrival) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return Answer(204, [*answers.standing(request), *_PREFLIGHT], b"")
        try:
            match = self._resolver.resolve(request.path_info)
            request.resolver_match = match
            response: HttpResponseBase = await match.func(request, *match.args, **match.kwargs)
        except Failure as failure:
            return _failed(request, failure)
        except Resolver404:
            return _failed(request, Failure("NOT_FOUND", f"There is no {request.path[:200]} here."))
        except Exception:
            log.exception("inference route failed", request_id=str(request.id), path=request.path[:200])
            return _failed(request, Failure("INTERNAL_ERROR", "Something failed on our side."))
        return response


async def _body(scope: dict[str, Any], receive: Receive) -> bytes:
    """Read the whole body, within its bound of bytes and of time."""
    too_large = Failure("PAYLOAD_TOO_LARGE", f"The body must be at most {settings.MAX_BODY_BYTES} bytes.")
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > settings.MAX_BODY_BYTES:
            raise too_large
    blocks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Left
                blocks.append(message.get("body", b""))
                size += len(blocks[-1])
                if size > settings.MAX_BODY_BYTES:
                    raise too_large
                if not message.get("more_body", False):
                    return blocks[0] if len(blocks) == 1 else b"".join(blocks)
    except TimeoutError as error:
        raise Failure("REQUEST_TIMEOUT", f"The body did not come within {BODY_SECONDS} seconds.") from error


def _failed(request: Arrival, failure: Failure, *, closing: bool = False) -> Answer:
    style = errors.style(
        accept=request.header("accept"), agent=request.header("user-agent"), body=request.raw
    )
    status, headers, body = errors.render(failure, style)
    end: Headers = [("Connection", "close")] if closing else []
    return Answer(status, [*headers, *answers.standing(request), *end], body)


def _adapted(request: Arrival, response: HttpResponseBase) -> Answer:
    """Turn an answer of the framework's own into one of ours."""
    if response.status_code == 405:
        allowed = response.headers.get("Allow", "")
        refused = Failure(
            "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here.", headers={"Allow": allowed}
        )
        return _failed(request, refused)
    if response.status_code >= 400 or not isinstance(response, HttpResponse):
        log.error("unexpected answer", request_id=str(request.id), status=response.status_code)
        return _failed(request, Failure("INTERNAL_ERROR", "Something failed on our side."))
    return Answer(
        response.status_code, [*response.headers.items(), *answers.standing(request)], response.content
    )


async def _send(request: Arrival, answer: Answer) -> None:
    headers = answers.wire_headers(answer.listed)
    if answer.status_code != 204:
        headers.append((b"Content-Length", b"%d" % len(answer.body)))
    await request.send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await request.send({"type": "http.response.body", "body": answer.body, "more_body": False})
