"""What a door of the sandbox hands to the wire: one body, or the events of a stream."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = ["Event", "Reply"]

BURST_BYTES = 16_384
KEPT_BYTES = 2**20
ASKED_LENGTH = 64


class Event(NamedTuple):
    """The JSON of one event of a stream, the output tokens it delivers, and whether output is over."""

    data: bytes
    tokens: int = 0
    closing: bool = False


class Reply:
    """An answer not yet written. What was written once is kept, up to 1 MiB, for the same request again."""

    def __init__(
        self,
        *,
        prompt_tokens: int,
        tokens: int,
        asked: str = "",
        whole: Callable[[], bytes],
        events: Callable[[], Iterator[Event]] | None = None,
    ) -> None:
        """`whole` makes the body; `events` makes the stream where one was asked for; `asked` is the last text asked."""
        self.prompt_tokens = prompt_tokens
        self.asked = asked[:ASKED_LENGTH]
        self.tokens = tokens
        self.events = events
        self._whole = whole
        self._body: bytes | None = None
        self._bursts: list[tuple[bytes, int]] | None = None

    def body(self) -> bytes:
        """The body of a plain answer."""
        if self._body is not None:
            return self._body
        body = self._whole()
        if len(body) <= KEPT_BYTES:
            self._body = body
        return body

    def bursts(self, frame: Callable[[bytes, int], bytes]) -> Iterator[tuple[bytes, int]]:
        """The framed stream in writes of about 16 KiB, each with the tokens it delivers.

        Always called with the same `frame`, as the framing belongs to the model that was asked.
        """
        if self._bursts is not None:
            yield from self._bursts
            return
        kept: list[tuple[bytes, int]] = []
        size = 0
        for burst in self._joined(frame):
            size += len(burst[0])
            if size <= KEPT_BYTES:
                kept.append(burst)
            yield burst
        if size <= KEPT_BYTES:
            self._bursts = kept

    def _joined(self, frame: Callable[[bytes, int], bytes]) -> Iterator[tuple[bytes, int]]:
        frames: list[bytes] = []
        size = tokens = 0
        for number, event in enumerate(self.events() if self.events else ()):
            frames.append(frame(event.data, number))
            size += len(frames[-1])
            tokens += event.tokens
            if size >= BURST_BYTES:
                yield b"".join(frames), tokens
                frames.clear()
                size = tokens = 0
        if frames:
            yield b"".join(frames), tokens
