"""How upstreams speak: for each dialect of a provider, how a chat is asked there and its answer read as a chat again.

The inner form is OpenAI's: a body as `Ask.outgoing` gives it goes in, `chat.completion` and `chat.completion.chunk`
objects come out. What that form has no place for is kept in fields that clients already know from other gateways:
`reasoning_content`, `reasoning_details` with signatures, `cache_control` of parts, and in `prompt_tokens_details`
`cached_tokens`, `cache_write_tokens` and `cache_write_1h_tokens`, all of them parts of `prompt_tokens`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from catalog.snapshot import Hop

__all__ = ["Adapter", "Call", "Reader", "Refusal", "Unsupported"]


class Unsupported(Exception):
    """A request asks for what this dialect has no words for: the hop is passed by. `param` names the field."""

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True)
class Call:
    """One POST to an upstream: the whole address, the headers that open it, the body."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error of an upstream means: whether the caller's request is at fault, and OpenAI's code for it or "".

    `retry_after` is the wait in seconds that the body asks for, where the dialect says it there.
    """

    callers_fault: bool
    code: str = ""
    retry_after: float | None = None


class Reader(Protocol):
    """Reads one stream: the data of each event in, the data of chat events out."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the events that one becomes, `sse.DONE` for the end, `{"error": …}` for a failure told in the stream.

        What is no JSON comes back as it is, so that it is counted as broken; what is unknown becomes nothing.
        """
        ...


class Adapter(Protocol):
    """One dialect of upstreams."""

    async def call(
        self, hop: Hop, path: str, body: dict[str, Any], *, secret: str | None, stream: bool
    ) -> Call:
        """Return the call that asks a hop for this; `path` is OpenAI's. Raises Unsupported."""
        ...

    def answer(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return a whole answer in OpenAI's form. Raises ValueError if it is none."""
        ...

    def reader(self) -> Reader | None:
        """Return what reads a stream; None where its events are chat events as they come."""
        ...

    def refusal(self, status: int, said: Mapping[str, Any]) -> Refusal:
        """Return what an answer of 4xx means; `said` is its JSON body, empty where there is none."""
        ...
