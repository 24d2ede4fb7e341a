"""A call on a connection of aiohttp's pool, without what its client makes for each: a third of what a request cost.

Names, addresses, TLS and reuse are aiohttp's; what is sent is written here, and what comes is read by a `Line`.
"""

import asyncio
import functools
from collections.abc import Mapping
from typing import cast

import aiohttp
from yarl import URL

from kernel import guarded

from .line import Line, Reply

__all__ = ["Reply", "Wire"]


class Wire:
    """The connections of this process to one provider."""

    def __init__(self, *, private: bool) -> None:
        self._pool = guarded.connector(private=private, protocol=Line)
        self._places: dict[URL, tuple[aiohttp.ClientRequest, bytes]] = {}

    async def post(
        self, url: URL, headers: Mapping[str, str], body: bytes, *, connect_seconds: float
    ) -> Reply:
        """Send a body and return the answer once its head has come; it must be closed.

        Raises aiohttp.ClientError, OSError or TimeoutError; ValueError for a header that would be more than a line.
        """
        place, start = self._place(url)
        head = start + _lines(headers) + b"content-length: %d\r\n\r\n" % len(body)
        connection = await self._pool.connect(place, [], _patience(connect_seconds))
        line, transport = cast(Line | None, connection.protocol), connection.transport
        if line is None or transport is None:
            connection.close()
            raise aiohttp.ServerDisconnectedError
        reply = Reply(line, connection)
        line.begin(reply)
        transport.writelines((head, body))
        try:
            return await reply.begun()
        except BaseException:
            reply.close()
            raise

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    def _place(self, url: URL) -> tuple[aiohttp.ClientRequest, bytes]:
        # The pool asks a request where it goes, and one knows that for all to the same URL.
        known = self._places.get(url)
        if known is None:
            request = aiohttp.ClientRequest("POST", url, loop=asyncio.get_running_loop())
            host = request.headers["Host"]
            start = f"POST {url.raw_path_qs} HTTP/1.1\r\nhost: {host}\r\n".encode("ascii")
            known = self._places[url] = request, start
        return known


def _lines(headers: Mapping[str, str]) -> bytes:
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if text.count("\r") != len(headers) or text.count("\n") != len(headers) or "\0" in text:
        raise ValueError("a header has more than a line")
    return text.encode()


@functools.cache
def _patience(connect_seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds)
