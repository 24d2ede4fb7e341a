"""What counts as an answer of an upstream: its status, its kind, its first event, within bounds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from . import sse
from .adapters import Adapter, Reader, Refusal, Unsupported
from .room import Place
from .wire import Reply

__all__ = [
    "BROKEN_EVENTS",
    "MAX_ANSWER_BYTES",
    "MAX_STREAM_BYTES",
    "Opened",
    "UpstreamFailed",
    "Whole",
    "check",
    "first",
    "read",
    "whole",
]

MAX_ANSWER_BYTES = 48 * 1024 * 1024
"""Of an answer that is held whole."""
MAX_STREAM_BYTES = 64 * 1024 * 1024
MAX_ERROR_BYTES = 65536
BROKEN_EVENTS = 3
"""How many events of a stream may be no JSON objects."""


class UpstreamFailed(Exception):
    """A call that brought no answer. `outcome` is a word for the list of attempts; no text of the upstream's.

    With `own_key` it failed because of the customer's own key, with `ours` because this machine was short of something:
    both say nothing of the place.
    """

    def __init__(
        self,
        outcome: str,
        *,
        status: int | None = None,
        refusal: Refusal | None = None,
        unsupported: Unsupported | None = None,
        timed_out: bool = False,
        ours: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.status = status
        self.refusal = refusal
        self.unsupported = unsupported
        self.timed_out = timed_out
        self.retry_after = retry_after
        self.ours = ours
        self.own_key = False


@dataclass(frozen=True, slots=True)
class Whole:
    """A complete answer: a JSON object, and its size in bytes."""

    answer: dict[str, Any]
    size: int


@dataclass(slots=True)
class Opened:
    """A stream whose first event has come and is no error."""

    reply: Reply
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
        self.reply.close()


async def check(reply: Reply, content_type: str, adapter: Adapter) -> None:
    """Raise UpstreamFailed unless an answer has begun well: 200, as it is, of this type."""
    status = reply.status
    if status != 200:
        refusal = adapter.refusal(status, await _error(reply)) if 400 <= status < 500 else None
        raise UpstreamFailed(
            f"status_{status}",
            status=status,
            refusal=refusal,
            retry_after=_seconds(reply.headers.get("retry-after"))
            or (refusal.retry_after if refusal is not None else None),
        )
    if reply.headers.get("content-encoding", "identity").lower() != "identity":
        raise UpstreamFailed("bad_encoding", status=200)
    if reply.content_type != content_type:
        raise UpstreamFailed("bad_type", status=200)


async def _error(reply: Reply) -> dict[str, Any]:
    said = b""
    try:
        while len(said) < MAX_ERROR_BYTES and (block := await reply.read()):
            said += block
        found = orjson.loads(said)
    except (orjson.JSONDecodeError, aiohttp.ClientError):
        return {}
    if isinstance(found, list) and found:  # Google's streams put their error into a list
        found = found[0]
    return found if isinstance(found, dict) else {}


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdecimal() else None


async def read(reply: Reply, place: Place, *, most: int) -> bytes:
    """Return a whole answer of at most `most` bytes, in the place it is given. Raises UpstreamFailed."""
    first = await reply.read()
    if reply.at_end:
        return first
    blocks, size = [first], len(first)
    try:
        while block := await reply.read():
            blocks.append(block)
            size += len(block)
            if size > most:
                raise UpstreamFailed("too_long", status=200)
            await place.grow(size)
        return b"".join(blocks)
    finally:
        # A failure is kept with its frames until the garbage is collected, which megabytes do not hasten.
        blocks.clear()


def whole(raw: bytes, adapter: Adapter, accepts: Callable[[dict[str, Any]], bool]) -> Whole:
    """Return the answer that these bytes are. Raises UpstreamFailed if they are none, or not what was asked for."""
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


async def first(opened: Opened) -> Opened:
    """Return a stream once its first event has come that can be read; some broken ones before are forgiven.

    Raises UpstreamFailed if that is an error, or never comes.
    """
    size = broken = 0
    while chunk := await opened.reply.read():
        size += len(chunk)
        for data in (fresh := opened.feed(chunk)):
            if _begins(data):
                opened.first = fresh  # what was broken before is forgotten with its bytes
                return opened
            broken += 1
            if broken > BROKEN_EVENTS:
                raise UpstreamFailed("bad_events", status=200)
        if size > MAX_STREAM_BYTES:
            raise UpstreamFailed("too_long", status=200)
    raise UpstreamFailed("empty", status=200)


def _begins(data: bytes) -> bool:
    """Tell whether an event can be read. Raises UpstreamFailed if it is an error, or the end."""
    if data == sse.DONE:
        raise UpstreamFailed("empty", status=200)
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    if isinstance(event, dict) and event.get("error"):
        raise UpstreamFailed("error_event", status=200)
    return isinstance(event, dict)
