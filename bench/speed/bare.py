"""The bare relay: an application that sends each body on and the answer back, and does nothing else.

The same server, loop and client library as Tollway; what it cannot do is the difference. BENCH_UPSTREAM is where to.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp

__all__ = ["application"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_PASSED_ON = ("Content-Type", "Content-Length")
_session: aiohttp.ClientSession | None = None


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Relay one request; ASGI."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    assert _session is not None
    headers = {"Content-Type": "application/json"}
    url = os.environ["BENCH_UPSTREAM"] + scope["path"]
    async with _session.post(url, data=await _body(receive), headers=headers) as answer:
        await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
        async for part in answer.content.iter_any():
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _headers(answer: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode(), answer.headers[name].encode())
        for name in _PASSED_ON
        if name in answer.headers
    ]


async def _live(receive: Receive, send: Send) -> None:
    global _session
    await receive()
    _session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),
    )
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _session.close()
    await asyncio.sleep(0)
    await send({"type": "lifespan.shutdown.complete"})
