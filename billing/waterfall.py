"""How one request went in time: each try at an upstream and the waits between, on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing import figures
from billing.models import Attempt, UsageEvent

__all__ = ["Lane", "Waterfall", "waterfall"]

_LEAST = 0.4
"""The width of the shortest part, in hundredths of the scale."""

_LAST_LABEL = 60.0
"""How far right the moment of the first token is written, so that it stays clear of the end."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a lane in hundredths of the scale; `kind` is tollway, failed, waiting, streaming or wait."""

    kind: str
    x: float
    width: float

    @property
    def end(self) -> float:
        """Where it ends."""
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class Lane:
    """One line: what it is called, its parts, and what stands at the right."""

    name: str
    parts: tuple[Part, ...]
    says: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All lanes from 0 to `end`, with the moment of the first token in hundredths of that, if there was one, and in words."""

    lanes: tuple[Lane, ...]
    first_at: float
    first_token: str
    end: str
    words: str


def waterfall(event: UsageEvent, failed: Sequence[Attempt], names: dict[int, str]) -> Waterfall:
    """Return how a request went; `failed` are its tries that did not serve, in order, `names` those of providers."""
    whole = max(1, event.latency_ms, *(_after(event, each) + each.milliseconds for each in failed))
    lanes: list[Lane] = []
    passed = _after(event, failed[0]) if failed else 0
    lanes.append(Lane("Tollway", (_part("tollway", 0, passed, whole),), _tollway(passed, known=bool(failed))))
    for each in failed:
        begun = _after(event, each)
        if begun > passed:
            lanes += _waited(passed, begun, whole)
        name = f"{each.number} {names.get(each.provider_id, 'upstream')}"
        says = str(each.http_status or each.outcome.replace("_", " "))
        lanes.append(Lane(name, (_part("failed", begun, each.milliseconds, whole),), says, failed=True))
        passed = max(passed, begun + each.milliseconds)
    if event.provider_id:
        lanes.append(_served(event, len(failed) + 1, passed, whole, names))
    first = "" if event.ttfb_ms is None else f"first token {figures.milliseconds(event.ttfb_ms)}"
    first_at = round(min(_LAST_LABEL, 100 * (event.ttfb_ms or 0) / whole), 2)
    return Waterfall(tuple(lanes), first_at, first, figures.milliseconds(whole), _words(event, failed))


def _after(event: UsageEvent, each: Attempt) -> int:
    """Return the milliseconds from the admission of a request to a try."""
    return max(0, round((each.started_at - event.admitted_at).total_seconds() * 1000))


def _waited(begins: int, ends: int, whole: int) -> list[Lane]:
    return [Lane("wait", (_part("wait", begins, ends - begins, whole),), figures.milliseconds(ends - begins))]


def _served(event: UsageEvent, number: int, begun: int, whole: int, names: dict[int, str]) -> Lane:
    """Return the lane of the try that served: waiting up to its first token, streaming from there on.

    When it began was not kept: it is drawn from the end of the one before.
    """
    first = min(event.latency_ms, max(begun, event.latency_ms if event.ttfb_ms is None else event.ttfb_ms))
    parts = (
        _part("waiting", begun, first - begun, whole),
        _part("streaming", first, event.latency_ms - first, whole),
    )
    took = figures.milliseconds(max(0, event.latency_ms - begun))
    return Lane(f"{number} {names.get(event.provider_id, 'upstream')}", parts, took)


def _tollway(passed: int, *, known: bool) -> str:
    return figures.milliseconds(passed) if known else "not kept"


def _part(kind: str, begins: int, length: int, whole: int) -> Part:
    width = max(_LEAST, 100 * length / whole)
    return Part(kind, round(min(100 * begins / whole, 100 - _LEAST), 2), round(width, 2))


def _words(event: UsageEvent, failed: Sequence[Attempt]) -> str:
    tries = len(failed) + bool(event.provider_id)
    return f"{tries} {'attempt' if tries == 1 else 'attempts'} in {figures.milliseconds(event.latency_ms)}."
