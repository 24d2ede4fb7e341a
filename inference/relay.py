"""The bytes of a stream on their way from an upstream to the caller, and what is read off them in passing."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any, Literal

import aiohttp
import orjson

from . import sse
from .arrival import Send
from .dialects import Voice
from .hearing import BROKEN_EVENTS, MAX_STREAM_BYTES, Opened
from .meter import Tally
from .runs import Runs
from .streams import Interrupted, Stream

__all__ = ["Ending", "Relay"]

Ending = Literal["ok", "client_gone", "upstream_cut", "beyond", "killed", "drained"]

AFTER_FINISH_SECONDS = 5.0
_ENDINGS: dict[str, Ending] = {
    "client_gone": "client_gone",
    "stuck": "client_gone",
    "killed": "killed",
    "drained": "drained",
    "idle": "upstream_cut",
    "deadline": "upstream_cut",
    "beyond": "beyond",
}


class Relay:
    """Carries one stream up to its closing frames, which wait until the money is settled.

    A stream whose caller left is read on for `drain_seconds`, for the usage that its provider tells at the end.

    Nothing is queued: while the caller does not take bytes, none are taken from the upstream.
    """

    def __init__(
        self,
        *,
        source: Opened,
        stream: Stream,
        voice: Voice,
        tally: Tally,
        send: Send,
        drain_seconds: float = 0,
    ) -> None:
        self._source = source
        self._stream = stream
        self._voice = voice
        self._tally = tally
        self._send = send
        self._drain_seconds = drain_seconds
        self._broken = 0
        self._size = 0
        self._over = False
        self._cut = False
        self._held: tuple[bytes, dict[str, Any]] | None = None
        self._runs = Runs() if voice.steady else None

    async def run(self) -> Ending:
        """Relay until the answer is over or something ends it, and say which."""
        try:
            await self._pass_on(self._source.first)
            while not (self._over or self._cut):
                await self._pass_on(await self._next())
        except Interrupted:
            return await self._interrupted()
        finally:
            self._source.first = []
        return "ok" if self._over else "upstream_cut"

    async def _interrupted(self) -> Ending:
        ending = _ENDINGS[self._stream.why or "client_gone"]
        # Where all that was wanted is out, only the usage is missing, and the caller need not wait for it.
        complete = self._tally.complete and ending != "beyond"
        seconds = AFTER_FINISH_SECONDS if complete else self._drain_seconds if ending == "client_gone" else 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while seconds and not (self._over or self._cut or self._held):
                    self._take(await self._read())
        return "ok" if complete else ending

    async def _next(self) -> list[bytes]:
        while True:
            if self._stream.why is not None:
                raise Interrupted
            try:
                return await self._stream.wait(self._read())
            except Interrupted:
                if self._stream.why is not None:
                    raise
                await self._write(self._voice.keep_alive)

    async def _read(self) -> list[bytes]:
        try:
            chunk = await self._source.reply.read()
        except (aiohttp.ClientError, OSError):
            chunk = b""
        if not chunk:
            return self._at_end()
        self._stream.moved_at = time.monotonic()
        self._size += len(chunk)
        if self._size > MAX_STREAM_BYTES:
            self._cut = True
            return []
        try:
            return self._source.feed(chunk)
        except sse.EventTooLong:
            self._cut = True
            return []

    def _at_end(self) -> list[bytes]:
        left = self._source.finish()
        if left == [sse.DONE]:
            return left
        # Finished without its marker is complete; anything else that stops is cut off.
        self._over = self._tally.complete
        self._cut = not self._over
        return []

    async def _pass_on(self, events: Sequence[bytes]) -> None:
        while True:
            frames, events = self._take(events)
            if frames:
                await self._write(b"".join(frames))
            if self._held is None or not await self._stream.covered_again():
                return

    async def _write(self, data: bytes) -> None:
        self._stream.writing_since = time.monotonic()
        await self._stream.wait(self._send({"type": "http.response.body", "body": data, "more_body": True}))
        self._stream.writing_since = 0.0
        self._stream.told_at = time.monotonic()

    def _take(self, events: Sequence[bytes]) -> tuple[list[bytes], Sequence[bytes]]:
        """Return the frames of events, up to one that is not covered, and those after it.

        That one is held back, and comes first the next time.
        """
        frames: list[bytes] = []
        if self._held is not None:
            frames += [frame for frame in (self._voice.event(*self._held),) if frame]
            self._held = None
        number = 0
        while number < len(events):
            passed = self._pass_run(events, number, frames) or self._pass_event(events[number], frames)
            number += passed
            if not passed:
                break
        return frames, events[number + 1 :]

    def _pass_run(self, events: Sequence[bytes], start: int, frames: list[bytes]) -> int:
        """Add the frames of a run of events that is covered; return how many events that were."""
        room = self._stream.look_at - self._tally.bytes
        run = self._runs.take(events, start, room=room) if self._runs is not None else None
        if run is None:
            return 0
        self._tally.text(run.text, size=run.size)
        frames.append(run.frames)
        return run.events

    def _pass_event(self, data: bytes, frames: list[bytes]) -> int:
        """Add the frame of one event, if it becomes one; return 0 where it ends the answer or is not covered, else 1."""
        if data == sse.DONE:
            self._over = True
            return 0
        event = self._parsed(data)
        if event is None:
            return int(not self._cut)
        self._tally.event(event)
        if self._tally.bytes >= self._stream.look_at and not self._covered():
            self._held = data, event
            return 0
        frame = self._voice.event(data, event)
        if frame:
            frames.append(frame)
            if self._runs is not None:
                self._runs.learn(data, event, frame)
        return 1

    def _covered(self) -> bool:
        self._tally.output()
        return self._stream.covered()

    def _parsed(self, data: bytes) -> dict[str, Any] | None:
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            event = None
        if not isinstance(event, dict):
            self._broken += 1
            self._cut = self._broken > BROKEN_EVENTS
            return None
        if event.get("error"):
            self._cut = True
            return None
        return event
