"""What a sandbox model may do differently: every switch of misbehaviour, as plain data."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

__all__ = ["Behaviour", "Ending", "Instead", "Knob", "tuned"]

Ending = Literal["", "fin", "rst", "unended", "clean", "stall", "error", "endless-line"]
Figures = Literal["true", "absent", "running", "tenfold", "negative"]
Framing = Literal["lf", "crlf", "cr", "bom", "no-space", "multi-line", "fields"]
Text = Literal["prose", "echo", "world", "big", "none"]


@dataclass(frozen=True, slots=True)
class Knob:
    """A number that may follow the name (`slow-50ms`): the field it sets, its unit, its greatest value."""

    field: str
    unit: str
    greatest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """A fixed answer sent in place of the real one, whatever was asked."""

    status: int
    body: bytes | Callable[[], bytes] = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One script. Every field at its default is an ordinary, well-behaved answer.

    Times are milliseconds unless the name says otherwise; token counts are by the rule of `words`.
    """

    about: str = "an ordinary answer"
    knob: Knob | None = None

    # In place of the answer.
    instead: Instead | None = None
    retry_after_s: int | None = None  # Retry-After on that answer
    leaks: bool = False  # that answer quotes the credentials and the address it was called with
    fail_first: int = 0  # 500 for this many calls of the model, then well
    fail_odd: bool = False  # 500 for the first, third, fifth … call
    silent: Literal["", "at-once", "after-headers"] = ""

    # The answer.
    text: Text = "prose"
    tokens: int | None = None  # exactly this many, unless the caller asks for fewer
    overrun: int = 1  # as many times longer than the caller allowed
    endless: bool = False
    calls: int = 0  # tool calls when the request offers tools
    broken_call: bool = False  # their arguments are not JSON
    reasons: bool = False
    cached: bool = False  # half of the prompt is reported as read from a cache
    refuses: bool = False  # finish reason content_filter
    choices: int | None = None  # so many, whatever `n` was
    stranger: bool = False  # another model's name, no id, no creation time
    figures: Figures = "true"

    # The wire.
    wait: int = 0  # before the first byte
    delay: int = 0  # before each token
    byte_delay: int = 0  # after each byte
    break_after: int | None = None  # tokens, then `ending`
    ending: Ending = ""
    broken_events: int = 0  # so many events of `broken_event` among the good ones
    broken_event: bytes = b""
    finishes: bool = True  # a finish reason is sent
    markers: int = 1  # end markers
    trails: bool = False  # another event after the end marker
    framing: Framing = "lf"
    shred: bool = False  # characters parted in their middle, each part a write of its own
    gzip: bool = False
    hangs_up: bool = False  # closes the kept-alive connection without having said so
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def figure_factor(self) -> int:
        """What every reported figure is multiplied by."""
        return {"tenfold": 10, "negative": -1}.get(self.figures, 1)

    @property
    def bursts(self) -> bool:
        """Nothing about the wire is unusual, so events may leave many to a write."""
        plain = self.framing == "lf" and not (
            self.delay or self.byte_delay or self.shred or self.broken_events
        )
        return plain and self.break_after is None and not self.endless


def tuned(behaviour: Behaviour, number: int, unit: str) -> Behaviour | None:
    """The behaviour with its number set, or None when it has none, in another unit or too great."""
    knob = behaviour.knob
    if knob is None or unit not in ("", knob.unit) or number > knob.greatest:
        return None
    changes: dict[str, Any] = {knob.field: number}
    return replace(behaviour, **changes)
