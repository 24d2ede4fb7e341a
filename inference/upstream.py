"""One call to one upstream over HTTP: pools, waits, bounded reads, and what counts as an answer."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from yarl import URL

from catalog.snapshot import Hop

from . import sse
from .adapters import Adapter, Call, Reader, Refusal, Unsupported
from .adapters.registry import adapter_for

__all__ = ["Opened", "UpstreamFailed", "Upstreams", "Whole"]

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 65536
CONNECTIONS = 1000
_SKIPPED = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class UpstreamFailed(Exception):
    """A call that brought no answer. `outcome` is a word for the list of attempts; no text of the upstream's."""

    def __init__(
        self,
        outcome: str,
        *,
        status: int | None = None,
        refusal: Refusal | None = None,
        unsupported: Unsupported | None = None,
        timed_out: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.status = status
        self.refusal = refusal
        self.unsupported = unsupported
        self.timed_out = timed_out
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Whole:
    """A complete answer: a JSON object, and its size in bytes."""

    answer: dict[str, Any]
    size: int


@dataclass(slots=True)
class Opened:
    """A stream whose first event has come and is no error."""

    response: aiohttp.ClientResponse
    splitter: sse.Splitter
    reader: Reader | None
    first: list[bytes]

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the chat events that these bytes complete. Raises sse.EventTooLong."""
        return self._read(self.splitter.feed(chunk))

    def finish(self) -> list[bytes]:
        """Return the chat events that the end of the stream left without their closing blank line."""
        return self._read(self.splitter.finish())

    def _read(self, events: list[bytes]) -> list[bytes]:
        if self.reader is None:
            return events
        return [event for data in events for event in self.reader.feed(data)]

    def close(self) -> None:
        """Let the connection go: back to the pool if the answer is over, else closed."""
        self.response.close()


class Upstreams:
    """The connections of this process to all providers; a slow provider cannot take those of another."""

    def __init__(self) -> None:
        self._sessions: dict[int, aiohttp.ClientSession] = {}
        self._urls: dict[str, URL] = {}

    async def whole(
        self,
        hop: Hop,
        path: str,
        body: dict[str, Any],
        *,
        accepts: Callable[[dict[str, Any]], bool],
        request_id: str,
        seconds: float,
    ) -> Whole:
        """Send a request and read the whole answer within so many seconds. Raises UpstreamFailed.

        `accepts` tells whether a JSON object without an error is an answer.
        """
        adapter = adapter_for(hop.dialect)
        with _translated():
            async with asyncio.timeout(min(seconds, hop.total_seconds)):
                call = await adapter.call(hop, path, body, secret=hop.credential, stream=False)
                async with self._post(
                    hop, call, accept="application/json", request_id=request_id
                ) as response:
                    await _check(response, "application/json", adapter)
                    return _whole(await _read(response), adapter, accepts)

    async def open(
        self, hop: Hop, path: str, body: dict[str, Any], *, request_id: str, seconds: float
    ) -> Opened:
        """Send a request and wait for the first event of its stream. Raises UpstreamFailed."""
        adapter = adapter_for(hop.dialect)
        with _translated():
            async with asyncio.timeout(min(seconds, hop.first_byte_seconds)):
                call = await adapter.call(hop, path, body, secret=hop.credential, stream=True)
                response = await self._post(hop, call, accept="text/event-stream", request_id=request_id)
                try:
                    await _check(response, "text/event-stream", adapter)
                    return await _first(Opened(response, sse.Splitter(), adapter.reader(), []))
                except BaseException:
                    response.close()
                    raise

    async def close(self) -> None:
        """Close all connections."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    def _post(
        self, hop: Hop, call: Call, *, accept: str, request_id: str
    ) -> "aiohttp.client._RequestContextManager":
        headers = {
            **hop.headers,
            **call.headers,
            "Accept": accept,
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "tollway",
            "X-Request-Id": request_id,
        }
        return self._session(hop.provider_id).post(
            self._url(call.url),
            data=call.body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=hop.connect_seconds),
        )

    def _url(self, text: str) -> URL:
        url = self._urls.get(text)
        if url is None:
            url = self._urls[text] = URL(text)
        return url

    def _session(self, provider_id: int) -> aiohttp.ClientSession:
        session = self._sessions.get(provider_id)
        if session is None:
            session = self._sessions[provider_id] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, ttl_dns_cache=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                skip_auto_headers=_SKIPPED,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return session


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn what the client library raises into UpstreamFailed."""
    try:
        yield
    except (aiohttp.ConnectionTimeoutError, aiohttp.SocketTimeoutError) as error:
        raise UpstreamFailed("connect_timeout", timed_out=True) from error
    except TimeoutError as error:
        raise UpstreamFailed("timeout", timed_out=True) from error
    except aiohttp.ClientConnectorError as error:
        raise UpstreamFailed("connect_error") from error
    except Unsupported as error:
        raise UpstreamFailed("unsupported", unsupported=error) from error
    except sse.EventTooLong as error:
        raise UpstreamFailed("too_long") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise UpstreamFailed("disconnected") from error


async def _check(response: aiohttp.ClientResponse, content_type: str, adapter: Adapter) -> None:
    status = response.status
    if status != 200:
        refusal = adapter.refusal(status, await _error(response)) if 400 <= status < 500 else None
        raise UpstreamFailed(
            f"status_{status}",
            status=status,
            refusal=refusal,
            retry_after=_seconds(response.headers.get("Retry-After")),
        )
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UpstreamFailed("bad_encoding", status=200)
    if response.content_type != content_type:
        raise UpstreamFailed("bad_type", status=200)


async def _error(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        found = orjson.loads(await response.content.read(MAX_ERROR_BYTES))
    except (orjson.JSONDecodeError, aiohttp.ClientError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    first = await response.content.readany()
    if response.content.at_eof():
        return first
    blocks, size = [first], len(first)
    while block := await response.content.readany():
        blocks.append(block)
        size += len(block)
        if size > MAX_ANSWER_BYTES:
            raise UpstreamFailed("too_long", status=200)
    return b"".join(blocks)


def _whole(raw: bytes, adapter: Adapter, accepts: Callable[[dict[str, Any]], bool]) -> Whole:
    try:
        said = orjson.loads(raw)
        if not isinstance(said, dict) or said.get("error"):
            raise ValueError("no answer")
        answer = adapter.answer(said)
    except ValueError as error:
        raise UpstreamFailed("bad_body", status=200) from error
    if not accepts(answer):
        raise UpstreamFailed("bad_body", status=200)
    return Whole(answer, len(raw))


async def _first(opened: Opened) -> Opened:
    size = 0
    while chunk := await opened.response.content.readany():
        size += len(chunk)
        opened.first = opened.feed(chunk)
        if opened.first:
            _refuse_error(opened.first[0])
            return opened
        if size > MAX_ANSWER_BYTES:
            raise UpstreamFailed("too_long", status=200)
    raise UpstreamFailed("empty", status=200)


def _refuse_error(data: bytes) -> None:
    if data == sse.DONE:
        raise UpstreamFailed("empty", status=200)
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        return  # one broken event among good ones is forgiven, the relay counts them
    if isinstance(event, dict) and event.get("error"):
        raise UpstreamFailed("error_event", status=200)
