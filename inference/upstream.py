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

__all__ = ["Opened", "UpstreamFailed", "Upstreams", "Whole"]

MAX_ANSWER_BYTES = 64 * 1024 * 1024
CONNECTIONS = 1000
_CALLERS_FAULT = frozenset((400, 404, 413, 422))
_SKIPPED = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class UpstreamFailed(Exception):
    """A call that brought no answer. `outcome` is a word for the list of attempts; no text of the upstream's."""

    def __init__(
        self,
        outcome: str,
        *,
        status: int | None = None,
        code: str = "",
        timed_out: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.status = status
        self.code = code
        self.timed_out = timed_out
        self.retry_after = retry_after

    @property
    def callers_fault(self) -> bool:
        """Whether the upstream finds the request itself wrong: then no other would take it either."""
        return self.status in _CALLERS_FAULT


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
    first: list[bytes]

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
        body: bytes,
        *,
        accepts: Callable[[dict[str, Any]], bool],
        request_id: str,
        seconds: float,
    ) -> Whole:
        """Send a request and read the whole answer within so many seconds. Raises UpstreamFailed.

        `accepts` tells whether a JSON object without an error is an answer.
        """
        with _translated():
            async with asyncio.timeout(min(seconds, hop.total_seconds)):
                async with self._post(
                    hop, path, body, accept="application/json", request_id=request_id
                ) as response:
                    await _check(response, "application/json")
                    return _whole(await _read(response), accepts)

    async def open(self, hop: Hop, path: str, body: bytes, *, request_id: str, seconds: float) -> Opened:
        """Send a request and wait for the first event of its stream. Raises UpstreamFailed."""
        with _translated():
            async with asyncio.timeout(min(seconds, hop.first_byte_seconds)):
                response = await self._post(
                    hop, path, body, accept="text/event-stream", request_id=request_id
                )
                try:
                    await _check(response, "text/event-stream")
                    return await _first(response)
                except BaseException:
                    response.close()
                    raise

    async def close(self) -> None:
        """Close all connections."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    def _post(
        self, hop: Hop, path: str, body: bytes, *, accept: str, request_id: str
    ) -> "aiohttp.client._RequestContextManager":
        headers = {
            "Accept": accept,
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "tollway",
            "X-Request-Id": request_id,
        }
        if hop.credential:
            headers["Authorization"] = f"Bearer {hop.credential}"
        return self._session(hop.provider_id).post(
            self._url(hop.base_url + path),
            data=body,
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
    except sse.EventTooLong as error:
        raise UpstreamFailed("too_long") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise UpstreamFailed("disconnected") from error


async def _check(response: aiohttp.ClientResponse, content_type: str) -> None:
    status = response.status
    if status != 200:
        code = await _error_code(response) if status in _CALLERS_FAULT else ""
        raise UpstreamFailed(
            f"status_{status}",
            status=status,
            code=code,
            retry_after=_seconds(response.headers.get("Retry-After")),
        )
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UpstreamFailed("bad_encoding", status=200)
    if response.content_type != content_type:
        raise UpstreamFailed("bad_type", status=200)


async def _error_code(response: aiohttp.ClientResponse) -> str:
    try:
        found = orjson.loads(await response.content.read(65536))
        code = found["error"]["code"]
    except (orjson.JSONDecodeError, KeyError, TypeError, aiohttp.ClientError):
        return ""
    return code if isinstance(code, str) else ""


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


def _whole(raw: bytes, accepts: Callable[[dict[str, Any]], bool]) -> Whole:
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UpstreamFailed("bad_body", status=200) from error
    if not isinstance(answer, dict) or answer.get("error") or not accepts(answer):
        raise UpstreamFailed("bad_body", status=200)
    return Whole(answer, len(raw))


async def _first(response: aiohttp.ClientResponse) -> Opened:
    splitter = sse.Splitter()
    size = 0
    while chunk := await response.content.readany():
        size += len(chunk)
        events = splitter.feed(chunk)
        if events:
            _refuse_error(events[0])
            return Opened(response, splitter, events)
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
