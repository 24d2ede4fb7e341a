"""One call to one upstream over HTTP: with which key, to which address, by which pool, within which time."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from catalog.snapshot import Hop, Key
from kernel import addresses, guarded

from . import hearing, spans, sse
from .adapters import Call, Unsupported
from .adapters.registry import adapter_for
from .hearing import MAX_ANSWER_BYTES, Opened, UpstreamFailed, Whole
from .keyring import BLAMED, Keyring
from .room import Place
from .wire import Reply, Wire

__all__ = ["MAX_ANSWER_BYTES", "Opened", "UpstreamFailed", "Upstreams", "Whole"]

_ALWAYS = {"Accept-Encoding": "identity", "Content-Type": "application/json", "User-Agent": "tollway"}

T = TypeVar("T")


class Upstreams:
    """The connections of this process to all providers; a slow provider cannot take those of another."""

    def __init__(self) -> None:
        self._wires: dict[tuple[int, bool], Wire] = {}
        self._urls: dict[tuple[str, str, bool], URL] = {}
        self._keyring = Keyring()

    async def whole(
        self,
        hop: Hop,
        path: str,
        body: dict[str, Any],
        *,
        accepts: Callable[[dict[str, Any]], bool],
        request_id: str,
        seconds: float,
        place: Place,
        most: int = MAX_ANSWER_BYTES,
        secret: str | None = None,
    ) -> Whole:
        """Send a request and read the whole answer within so many seconds. Raises UpstreamFailed.

        It may have `most` bytes, and a large one waits until its place may grow. `accepts` tells whether a JSON object
        without an error is an answer. `secret` is a customer's own key, in the place of ours.
        """
        adapter = adapter_for(hop.dialect)

        async def attempt(key: str | None) -> Whole:
            call = await adapter.call(hop, path, body, secret=key, stream=False)
            reply = await self._post(hop, call, accept="application/json", request_id=request_id)
            try:
                await hearing.check(reply, "application/json", adapter)
                return hearing.whole(await hearing.read(reply, place, most=most), adapter, accepts)
            finally:
                reply.close()

        place.waits = False  # another upstream's answer may have waited in it
        try:
            with _TRANSLATED:
                async with asyncio.timeout(min(seconds, hop.total_seconds)):
                    return await self._with_key(hop, secret, attempt)
        except UpstreamFailed as failure:
            if failure.outcome == "timeout" and place.waits:
                raise UpstreamFailed("no_room", ours=True) from failure
            raise

    async def open(
        self,
        hop: Hop,
        path: str,
        body: dict[str, Any],
        *,
        request_id: str,
        seconds: float,
        event_bytes: int = sse.MAX_EVENT_BYTES,
        secret: str | None = None,
    ) -> Opened:
        """Send a request and wait for the first event of its stream. Raises UpstreamFailed.

        No event may have more than `event_bytes`. `secret` is a customer's own key, in the place of ours.
        """
        adapter = adapter_for(hop.dialect)

        async def attempt(key: str | None) -> Opened:
            call = await adapter.call(hop, path, body, secret=key, stream=True)
            reply = await self._post(hop, call, accept="text/event-stream", request_id=request_id)
            try:
                await hearing.check(reply, "text/event-stream", adapter)
                splitter = sse.Splitter(max_event_bytes=event_bytes)
                return await hearing.first(Opened(reply, splitter, adapter.reader(), []))
            except BaseException:
                reply.close()
                raise

        with _TRANSLATED:
            async with asyncio.timeout(min(seconds, hop.first_byte_seconds)):
                return await self._with_key(hop, secret, attempt)

    async def close(self) -> None:
        """Close all connections."""
        wires, self._wires = list(self._wires.values()), {}
        for wire in wires:
            await wire.close()

    async def _with_key(self, hop: Hop, own: str | None, attempt: Callable[[str | None], Awaitable[T]]) -> T:
        """Make a call with the key whose turn it is, and once more with another one where its provider blames it."""
        if own is not None:
            return await _on_own_key(own, attempt)
        if not hop.needs_key:
            return await attempt(None)
        key = self._keyring.pick(hop)
        if key is None:
            raise self._without_key(hop)
        try:
            return await self._tried(hop, key, attempt)
        except UpstreamFailed as failure:
            other = self._keyring.pick(hop, besides=key) if _blames_key(failure) else None
            if other is None:
                raise
        return await self._tried(hop, other, attempt)

    async def _tried(self, hop: Hop, key: Key, attempt: Callable[[str | None], Awaitable[T]]) -> T:
        try:
            answer = await attempt(key.secret)
        except UpstreamFailed as failure:
            if failure.status is not None and _blames_key(failure):
                self._keyring.refused(hop, key, status=failure.status, retry_after=failure.retry_after)
            raise
        self._keyring.worked(key)
        return answer

    def _without_key(self, hop: Hop) -> UpstreamFailed:
        wait = self._keyring.wait(hop).seconds
        # Where only rate limits keep the keys back, the place is waited for as after a 429, and does not count as broken.
        status = 429 if wait is not None else None
        return UpstreamFailed("keys_aside", status=status, retry_after=wait)

    async def _post(self, hop: Hop, call: Call, *, accept: str, request_id: str) -> Reply:
        headers = {**hop.headers, **call.headers, **_ALWAYS, "Accept": accept, "X-Request-Id": request_id}
        if spans.passed_on:
            headers |= spans.headers()
        url = self._url(hop, call.url)
        return await self._wire(hop).post(url, headers, call.body, connect_seconds=hop.connect_seconds)

    def _url(self, hop: Hop, text: str) -> URL:
        known = (text, hop.base_url, hop.private)
        url = self._urls.get(known)
        if url is None:
            url = self._urls[known] = _checked(text, hop)
        return url

    def _wire(self, hop: Hop) -> Wire:
        known = (hop.provider_id, hop.private)
        wire = self._wires.get(known)
        if wire is None:
            wire = self._wires[known] = Wire(private=hop.private)
        return wire


def _blames_key(failure: UpstreamFailed) -> bool:
    callers_fault = failure.refusal is not None and failure.refusal.callers_fault
    return failure.status in BLAMED and not callers_fault


async def _on_own_key(secret: str, attempt: Callable[[str | None], Awaitable[T]]) -> T:
    try:
        if not secret:
            raise UpstreamFailed("own_key_unreadable")
        return await attempt(secret)
    except UpstreamFailed as failure:
        failure.own_key = not secret or _blames_key(failure)
        raise


def _checked(text: str, hop: Hop) -> URL:
    """Return the URL of a call. Raises UpstreamFailed if it must not be made or leaves the place of its hop."""
    try:
        addresses.check_url(hop.base_url, private=hop.private)
    except addresses.RefusedAddress as error:
        raise UpstreamFailed("refused_address") from error
    url = URL(text)
    if url.origin() != URL(hop.base_url).origin():
        raise UpstreamFailed("refused_address")
    return url


_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
"""What this machine has no more of: files, memory, ports. A thousand good providers would fail like this."""


class _Translation:
    """Turns what the client library raises within it into UpstreamFailed."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        failure = _failure(error)
        if failure is not None:
            raise failure from error


_TRANSLATED = _Translation()


def _failure(error: BaseException | None) -> UpstreamFailed | None:
    match error:
        case None | UpstreamFailed():
            return None
        case aiohttp.ConnectionTimeoutError() | aiohttp.SocketTimeoutError():
            return UpstreamFailed("connect_timeout", timed_out=True)
        case TimeoutError():
            return UpstreamFailed("timeout", timed_out=True)
        case aiohttp.ClientConnectorError() if error.os_error.errno in _SHORTAGES:
            return UpstreamFailed("no_connections", ours=True)
        case aiohttp.ClientConnectorError():
            return UpstreamFailed("refused_address" if guarded.refused(error) else "connect_error")
        case Unsupported():
            return UpstreamFailed("unsupported", unsupported=error)
        case sse.EventTooLong():
            return UpstreamFailed("too_long")
        case aiohttp.ClientError() | OSError() | ValueError():
            return UpstreamFailed("disconnected")
    return None
