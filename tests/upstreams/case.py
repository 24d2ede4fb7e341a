"""What a case is: a fault that an upstream plays, and what its caller must get, whole and streamed."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.fakes.caller import Heard
from tests.fakes.scripted import Answer, Step

from .upstream import Call, Play

if TYPE_CHECKING:
    from .stage import Stage
    from .trial import Trial

__all__ = ["PATIENT_SECONDS", "Case", "Look", "Outcome", "Walk", "either", "same"]

SHORT_SECONDS, PATIENT_SECONDS = 2, 15

Outcome = Literal["passed_by", "timed_out", "cut", "answered", "refused", "too_long"]
"""Passed by: the next hop answers, or 502. Timed out: the next hop answers, or 504. Cut: an error frame after what
was delivered. Answered: as if nothing were wrong. Refused, or too long: the caller's own fault, and nobody else is
asked."""

Look = Callable[[Heard, bool], Iterable[str]]
"""Says what is wrong with an answer; the flag is for a stream."""

Walk = Callable[["Trial", "Stage"], Awaitable[None]]
"""Makes the requests of a trial and complains of what is wrong between them."""


@dataclass(frozen=True)
class Case:
    """A row of the catalogue of upstream faults, or one of its variants.

    `walk` makes the requests where one is not enough; `second` is what the other place plays if it is not well.
    `door` is how the place is reached. `waits` makes the waits for it short, where one must run out; all others are
    waited for patiently, so that a busy machine changes nothing. `seconds` is how long it may take besides.
    `heavy` ones move many megabytes and run one at a time. `pictures` are what the model can say besides text.
    """

    number: str
    name: str
    play: Play
    plain: Outcome | None = None
    stream: Outcome | None = None
    look: Look | None = None
    door: str = "http"
    waits: bool = False
    seconds: float = 0.0
    max_tokens: int | None = None
    heavy: bool = False
    pictures: bool = False
    walk: "Walk | None" = None
    second: Play | None = None

    @property
    def wait_seconds(self) -> int:
        """How long the first byte and idle time of the faulty place are waited for; in total twice as long."""
        return SHORT_SECONDS if self.waits else PATIENT_SECONDS

    @property
    def id(self) -> str:
        """The name in reports and of the test."""
        return f"{self.number}-{self.name}"


def either(plain: Answer, stream: Iterable[Step]) -> Play:
    """Play one answer to a plain call and another to a stream."""
    steps = tuple(stream)
    return lambda call: steps if call.stream else plain


def same(steps: Answer) -> Callable[[Call], Answer]:
    """Play one answer to every call."""
    return lambda call: steps
