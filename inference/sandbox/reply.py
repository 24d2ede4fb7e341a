"""What a door of the sandbox hands to the wire: one body, or the events of a stream."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Event", "Reply"]


class Event(NamedTuple):
    """The JSON of one event of a stream, the output tokens it delivers, and whether output is over."""

    data: bytes
    tokens: int = 0
    closing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer not yet written: `whole` makes its body, `events` its stream where one was asked for."""

    prompt_tokens: int
    tokens: int
    whole: Callable[[], bytes]
    events: Callable[[], Iterator[Event]] | None = None
