"""The open streams of this process: what each waits for, who may end it, and how far it is."""

import asyncio
import time
from collections.abc import Awaitable, Iterable
from typing import Literal, Protocol, TypeVar
from uuid import UUID

from django.conf import settings

from accounts.callers import Credential
from kernel import drain

from . import tokens
from .meter import Tally

__all__ = ["Interrupted", "Stream", "Streams", "Why"]

Why = Literal["client_gone", "killed", "drained", "idle", "deadline", "stuck", "beyond"]
T = TypeVar("T")

TICK_SECONDS = 0.25
KEEP_ALIVE_SECONDS = 10.0
WRITE_SECONDS = 30.0
LEAST_LOOK_BYTES = 64


class Cover(Protocol):
    """What a stream may write."""

    def note(self, output_tokens: int) -> int:
        """Note the output tokens so far; return how many more may be written."""
        ...

    def note_prompt(self) -> None:
        """Note the tokens that went in, unless they are noted."""
        ...

    async def grown(self) -> bool:
        """Wait for the cover to grow, if it does; tell whether it has grown."""
        ...


class Interrupted(Exception):
    """A stream was told to end."""


class Stream:
    """One open stream. Its task waits through `wait`; whoever ends the stream interrupts that wait at once.

    One task and no timer per stream: cancellation reaches the wait for the upstream and for the caller alike.
    """

    __slots__ = (
        "_struck",
        "_task",
        "_waiting",
        "cover",
        "credential",
        "deadline",
        "generation",
        "idle_seconds",
        "look_at",
        "moved_at",
        "relaying",
        "request_id",
        "tally",
        "told_at",
        "why",
        "writing_since",
    )

    def __init__(
        self,
        *,
        request_id: UUID,
        credential: Credential,
        generation: int,
        deadline: float,
        tally: Tally,
    ) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a stream belongs to a task")
        self.request_id = request_id
        self.credential = credential
        self.generation = generation
        self.deadline = deadline
        self.tally = tally
        self.relaying = False
        self.idle_seconds = float("inf")
        self.cover: Cover | None = None
        self.look_at = 0
        self.why: Why | None = None
        self.moved_at = self.told_at = time.monotonic()
        self.writing_since = 0.0
        self._task = task
        self._waiting = False
        self._struck = False

    def begin(self, *, idle_seconds: float, cover: "Cover") -> None:
        """Note that the first event came, and what the stream may write."""
        self.idle_seconds = idle_seconds
        self.cover = cover
        self.moved_at = self.told_at = time.monotonic()
        self.relaying = True
        self.covered()

    def covered(self) -> bool:
        """Compare what was counted with what is covered; note from how many bytes on that is to be done again.

        No token is shorter than a byte, so until then no more can be written than may be.
        """
        if self.cover is None:
            return True
        left = self.cover.note(self.tally.counted)
        self.look_at = self.tally.bytes + max(left, 0)
        return left >= LEAST_LOOK_BYTES

    async def covered_again(self) -> bool:
        """Wait for a greater cover; end the stream where there is none. Raises Interrupted."""
        if self.cover is None:
            return True
        while not self.covered():
            try:
                grown = await self.wait(self.cover.grown())
            except Interrupted:
                if self.why is not None:
                    raise
                continue
            if not grown:
                self.end("beyond")
                return False
        return True

    def end(self, why: Why) -> None:
        """Tell the stream to end; the first reason counts."""
        if self.why is None:
            self.why = why
            self.nudge()

    def nudge(self) -> None:
        """Wake the stream from its wait, if it waits."""
        if self._waiting and not self._struck:
            self._struck = True
            self._task.cancel()

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Wait for something. Raises Interrupted when nudged; a cancellation from outside stays one."""
        self._waiting = True
        try:
            return await awaitable
        except asyncio.CancelledError:
            if not self._struck:
                raise
            self._struck = False
            if self._task.uncancel() > 0:
                raise
            raise Interrupted from None
        finally:
            self._waiting = False


class Streams:
    """All open streams of a process, looked after by one task."""

    def __init__(self) -> None:
        self._open: dict[UUID, Stream] = {}
        self._drained_at: float | None = None

    def __len__(self) -> int:
        return len(self._open)

    def add(self, stream: Stream) -> None:
        """Look after a stream until it is discarded."""
        self._open[stream.request_id] = stream

    def discard(self, stream: Stream) -> None:
        """Forget a stream."""
        self._open.pop(stream.request_id, None)

    def workspaces(self) -> set[int]:
        """Return the workspaces that have open streams here."""
        return {stream.credential.workspace_id for stream in self._open.values()}

    def credentials(self) -> set[Credential]:
        """Return what the callers of the open streams came in by."""
        return {stream.credential for stream in self._open.values()}

    def kill(self, workspace_id: int, *, before_generation: int) -> int:
        """End a workspace's streams that began before a generation; return how many."""
        return self._end(
            stream
            for stream in self._open.values()
            if stream.credential.workspace_id == workspace_id and stream.generation < before_generation
        )

    def kill_credential(self, credential: Credential) -> int:
        """End the streams of a key or a sign-in; return how many."""
        return self._end(stream for stream in self._open.values() if stream.credential == credential)

    async def watch(self) -> None:
        """Keep the waits, the deadlines and the drain of all streams."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            if self._drained_at is None and drain.stopping():
                self._drained_at = now + settings.DRAIN_SECONDS
            for stream in list(self._open.values()):
                self._look_after(stream, now)

    def count(self) -> None:
        """Count how far the streams are, and note it."""
        for stream in self._open.values():
            if stream.cover is not None:
                stream.cover.note_prompt()
        fresh = [(stream, text) for stream in self._open.values() if (text := stream.tally.fresh())]
        for (stream, _), counted in zip(fresh, tokens.count([text for _, text in fresh]), strict=True):
            stream.tally.counted += counted
            stream.covered()

    def _end(self, streams: Iterable[Stream]) -> int:
        doomed = list(streams)
        for stream in doomed:
            stream.end("killed")
        return len(doomed)

    def _look_after(self, stream: Stream, now: float) -> None:
        if self._drained_at is not None and now >= self._drained_at:
            stream.end("drained")
        elif now >= stream.deadline:
            stream.end("deadline")
        elif not stream.relaying:
            return
        elif stream.writing_since:
            if now - stream.writing_since >= WRITE_SECONDS:
                stream.end("stuck")
        elif now - stream.moved_at >= stream.idle_seconds:
            stream.end("idle")
        elif now - stream.told_at >= KEEP_ALIVE_SECONDS:
            stream.nudge()
