"""The way in to the site, which is Django's own: bodies within the bounds of /v1, and answers handed over at once."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from inference import body
from inference.arrival import Receive, Send
from inference.errors import Failure
from kernel import ids, served

__all__ = ["Site"]

Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

MOST_BYTES = 4 * 2**20
"""What a form, or a webhook, may have; nothing is uploaded."""
AT_ONCE_BYTES = 2**20
_FOR_PROGRAMS = ("/api/", "/auth/")


class Site:
    """An ASGI application around Django's, which by itself reads a body for as long as it comes."""

    def __init__(self, site: Application) -> None:
        self._site = site

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request. Raises ValueError for what is not HTTP, as Django does."""
        if scope["type"] != "http":
            await self._site(scope, receive, send)
            return
        served.begin(ids.request_id())
        try:
            raw = await body.read(scope, receive, most=MOST_BYTES)
        except body.Left:
            return
        except Failure as failure:
            await _refuse(failure, send, in_json=scope["path"].startswith(_FOR_PROGRAMS))
            return
        await self._site(scope, _again(raw, receive), _Gathered(send))


class _Gathered:
    """Sends pages whole: a view's database connection is given back only once its page is sent.

    A caller who reads slowly would keep it else, and a process has few of them.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._blocks: list[bytes] = []
        self._size = 0

    async def __call__(self, message: Mapping[str, Any]) -> None:
        """Send a message, or keep it until there is enough to send, or all."""
        if message["type"] != "http.response.body":
            await self._send(_named(message))
            return
        self._blocks.append(message.get("body", b""))
        self._size += len(self._blocks[-1])
        more = message.get("more_body", False)
        if not more or self._size >= AT_ONCE_BYTES:
            gathered = b"".join(self._blocks)
            self._blocks, self._size = [], 0
            await self._send({"type": "http.response.body", "body": gathered, "more_body": more})


def _named(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message with the number of its request, if it is the head of an answer."""
    if message["type"] != "http.response.start":
        return message
    number = (b"x-request-id", str(served.request_id()).encode())
    return {**message, "headers": [*message.get("headers", ()), number]}


def _again(raw: bytes, receive: Receive) -> Receive:
    """Return a way to receive a body that has been read, and then whatever comes."""
    left = [{"type": "http.request", "body": raw, "more_body": False}]

    async def again() -> dict[str, Any]:
        return left.pop() if left else await receive()

    return again


async def _refuse(failure: Failure, send: Send, *, in_json: bool) -> None:
    """Answer a body that was not taken: in words, or as REST framework's routes refuse."""
    told = json.dumps({"detail": failure.message, "code": failure.code}) if in_json else failure.message
    text = told.encode()
    headers = [
        (b"content-type", b"application/json" if in_json else b"text/plain; charset=utf-8"),
        (b"x-error-code", failure.code.encode()),
        (b"cache-control", b"no-store"),
        (b"x-request-id", str(served.request_id()).encode()),
        (b"content-length", b"%d" % len(text)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": failure.kind.status, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": False})
