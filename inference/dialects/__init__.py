"""How callers speak: for each kind of request, how its body is read and how its answer is written back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from catalog.snapshot import Hop

from ..ask import ChatAsk
from ..errors import Failure
from ..meter import Reading
from ..wishes import Wishes

__all__ = ["Ask", "Dialect", "Measured", "Told", "Voice"]


class Ask(Protocol):
    """What a caller asks for, as far as admission and the walk have to know. Limits in tokens.

    `prompt_bound` is never less than the prompt has; `prompt_extra` is the part of it that is not text.
    `images` is how many pictures are to be made.
    """

    @property
    def model(self) -> str: ...
    @property
    def stream(self) -> bool: ...
    @property
    def n(self) -> int: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def prompt_bound(self) -> int: ...
    @property
    def prompt_extra(self) -> int: ...
    @property
    def images(self) -> int: ...
    @property
    def wishes(self) -> Wishes: ...
    @property
    def prompt_field(self) -> str:
        """The field that holds the prompt, as the caller wrote it: what a refusal of its length names."""
        ...

    def prompt_text(self) -> str:
        """Return what goes in as one text, for counting."""
        ...

    @property
    def chat(self) -> ChatAsk | None:
        """The chat that goes upstream, where the request is one: what may be cut to fit. Wrappers keep it in a field."""
        ...

    def outgoing(self, hop: Hop, *, max_tokens: int) -> dict[str, Any]:
        """Return the body for an upstream in OpenAI's form, with no limit above `max_tokens`. Raises Failure."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of an answer when it is written: times in milliseconds, cost in nano-USD."""

    request_id: UUID
    model: str
    provider: str
    milliseconds: int
    reading: Reading
    cost: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What a whole answer used, why it ended, and whether there is nothing in it."""

    reading: Reading
    finish: str
    empty: bool


class Voice(Protocol):
    """Writes one stream: chat events of an upstream go in, frames for the caller come out."""

    @property
    def steady(self) -> bool:
        """Whether two events that differ in their text alone become frames that differ in nothing else."""
        ...

    @property
    def keep_alive(self) -> bytes:
        """What is sent while nothing comes from the upstream; no client takes it for an event of the answer."""
        ...

    def event(self, data: bytes, event: dict[str, Any]) -> bytes:
        """Return the frames that an event becomes, or nothing. `event` is what `data` parses to."""
        ...

    def end(self, told: Told) -> bytes:
        """Return the closing frames of a complete answer; they are sent once it is settled."""
        ...

    def killed(self, told: Told | None = None) -> bytes:
        """Return the closing frames of a stream that the workspace had ended; nothing is told if nothing came."""
        ...

    def broken(self, failure: Failure, told: Told | None = None) -> bytes:
        """Return the frames that tell of a failure after the answer began, and of what was delivered until then."""
        ...


class Dialect(Protocol):
    """One kind of request: its name as a scope of multipliers, what models answer it, and where upstreams do."""

    @property
    def name(self) -> str: ...
    @property
    def capability(self) -> str: ...
    @property
    def path(self) -> str: ...

    def read(self, raw: bytes) -> Ask:
        """Read a body. Raises Failure naming the field that is wrong."""
        ...

    def accepts(self, ask: Any, answer: Mapping[str, Any]) -> bool:
        """Tell whether an upstream's JSON object is an answer to this request; if not, it failed."""
        ...

    def measure(self, ask: Any, answer: Mapping[str, Any], *, output_bound: int) -> Measured:
        """Return what a whole answer used."""
        ...

    def whole(self, ask: Any, answer: dict[str, Any], told: Told) -> bytes:
        """Return the body for the caller; the answer may be changed for it."""
        ...

    def voice(self, ask: Any, request_id: UUID, model: str) -> Voice:
        """Return what writes a stream."""
        ...
