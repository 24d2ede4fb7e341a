"""What is counted of the calls to one place over some time, and the figures that are read off the counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from .histograms import ADDED_MS, BUCKETS, FIRST_BYTE_MS, TOKENS_PER_SECOND

__all__ = [
    "COUNTS",
    "DEGRADED_BELOW",
    "DEGRADED_FAILURES",
    "DOWN_BELOW",
    "DOWN_FAILURES",
    "HISTOGRAMS",
    "Beats",
    "State",
    "judge",
    "total",
]

COUNTS = (
    *("calls", "timeouts", "rate_limited", "refused_keys", "errors"),
    *("checks", "checks_failed", "checks_refused"),
)
HISTOGRAMS = ("first_byte", "speed", "added")

DEGRADED_BELOW = 0.95
"""One call in twenty fails: more than a provider in health loses, and callers notice the second try."""
DEGRADED_FAILURES = 2
"""One failure alone is an accident: without this, a quiet provider's only call of an hour would decide."""
DOWN_BELOW = 0.5
"""It fails more often than it answers: trying it first costs more than it brings."""
DOWN_FAILURES = 3
"""Fewer say too little. More would not come: a place is left alone after five failures in a row."""


class State(StrEnum):
    """How a provider, or a model at it, is."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Beats:
    """The counts: each failure is a call too, and a check is none."""

    calls: int = 0
    timeouts: int = 0
    rate_limited: int = 0
    refused_keys: int = 0
    errors: int = 0
    checks: int = 0
    checks_failed: int = 0
    checks_refused: int = 0
    first_byte: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    speed: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    added: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    @property
    def failures(self) -> int:
        """How many calls brought nothing, or broke off."""
        return self.timeouts + self.rate_limited + self.refused_keys + self.errors

    @property
    def uptime(self) -> float | None:
        """The share (0 to 1) of calls that were no failures; None without a call."""
        return (self.calls - self.failures) / self.calls if self.calls else None

    @property
    def state(self) -> State:
        """What the calls say, or the checks where there was no call."""
        if self.calls:
            return judge(self.calls, self.failures)
        return judge(self.checks, self.checks_failed + self.checks_refused)

    def first_byte_ms(self, share: float = 0.5) -> float | None:
        """Return the milliseconds within which that share of answers began, true within `histograms.ERROR`; or None."""
        return FIRST_BYTE_MS.percentile(self.first_byte, share)

    def tokens_per_second(self, share: float = 0.5) -> float | None:
        """Return the output tokens a second that that share of answers did not exceed, as true; or None."""
        return TOKENS_PER_SECOND.percentile(self.speed, share)

    def added_ms(self, share: float = 0.5) -> float | None:
        """Return the milliseconds that Tollway added to that share of answers at most, as true; or None."""
        return ADDED_MS.percentile(self.added, share)

    def add(self, other: "Beats") -> None:
        """Count what another counted too."""
        self.calls += other.calls
        self.timeouts += other.timeouts
        self.rate_limited += other.rate_limited
        self.refused_keys += other.refused_keys
        self.errors += other.errors
        self.checks += other.checks
        self.checks_failed += other.checks_failed
        self.checks_refused += other.checks_refused
        for name in HISTOGRAMS:
            mine, others = getattr(self, name), getattr(other, name)
            for bucket, count in enumerate(others):
                if count:
                    mine[bucket] += count


def judge(made: int, failed: int) -> State:
    """Return what so many calls or checks, of which so many failed, say of a place."""
    if not made:
        return State.UNKNOWN
    share = (made - failed) / made
    if failed >= DOWN_FAILURES and share < DOWN_BELOW:
        return State.DOWN
    if failed >= DEGRADED_FAILURES and share < DEGRADED_BELOW:
        return State.DEGRADED
    return State.OPERATIONAL


def total(parts: Iterable[Beats]) -> Beats:
    """Return the sum."""
    whole = Beats()
    for part in parts:
        whole.add(part)
    return whole
