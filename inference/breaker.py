"""Which upstreams are left alone for a while: after failures in a row, after too many at all, or when they said so."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["FAILURES", "OPEN_SECONDS", "Breaker", "Change", "Place", "Verdict"]

FAILURES = 5
OPEN_SECONDS = 60.0
SHARE, LEAST_CALLS, WINDOW_SECONDS = 0.5, 20, 30
_SLICE_SECONDS = 10

Place = tuple[int, str]
"""An endpoint and what a model is called there."""
Verdict = Literal["closed", "open", "probe"]
Change = Callable[[Place, float, bool], None]
"""Hears that a place is left alone for so many seconds, and whether for failures; 0 when it works again."""


@dataclass(slots=True)
class _State:
    failures: int = 0
    tripped: bool = False
    closed_until: float = 0.0
    probing_until: float = 0.0
    slices: dict[int, list[int]] = field(default_factory=dict)


class Breaker:
    """The state of each place a model is served at, as this process sees it and hears of it."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        changed: Change = lambda place, seconds, tripped: None,
    ) -> None:
        self._clock = clock
        self._changed = changed
        self._states: dict[Place, _State] = {}

    def verdict(self, place: Place) -> Verdict:
        """Tell whether a request may go there now; after the pause it is one, as a probe that must be begun."""
        state = self._states.get(place)
        if state is None:
            return "closed"
        now = self._clock()
        if now < state.closed_until or now < state.probing_until:
            return "open"
        return "probe" if state.tripped else "closed"

    def left_alone(self) -> list[Place]:
        """Return the places that are left alone after failures, or wait for the end of a probe."""
        return [place for place, state in list(self._states.items()) if state.tripped]

    def begin_probe(self, place: Place) -> None:
        """Note that a request goes there as a probe: all others keep away until it has ended."""
        state = self._states.get(place)
        if state is not None:
            state.probing_until = self._clock() + OPEN_SECONDS

    def succeeded(self, place: Place) -> None:
        """Note an answer, also one that blames the caller: the place works."""
        state = self._states.get(place)
        if state is None:
            return
        if state.tripped:
            del self._states[place]
            self._changed(place, 0, True)
            return
        state.failures = 0
        if not self._count(state, failed=False)[1]:
            del self._states[place]

    def failed(self, place: Place) -> None:
        """Note a failure that is the place's own."""
        state = self._states.setdefault(place, _State())
        state.failures += 1
        state.probing_until = 0.0
        calls, failed = self._count(state, failed=True)
        if state.tripped or state.failures >= FAILURES or (calls >= LEAST_CALLS and failed > SHARE * calls):
            state.tripped = True
            state.closed_until = self._clock() + OPEN_SECONDS
            self._changed(place, OPEN_SECONDS, True)

    def asked_to_wait(self, place: Place, seconds: float) -> None:
        """Note that the place limits our rate: it is skipped for that long, at most a minute."""
        wait = min(seconds, OPEN_SECONDS)
        self.heard(place, wait, tripped=False)
        self._changed(place, wait, False)

    def unknown(self, place: Place) -> None:
        """Note that an attempt ended without a verdict, so that a probe in vain does not bar the place."""
        state = self._states.get(place)
        if state is not None:
            state.probing_until = 0.0

    def heard(self, place: Place, seconds: float, *, tripped: bool) -> None:
        """Take over what another process found out: to leave a place alone for so long, or that it works again."""
        if not seconds:
            self._states.pop(place, None)
            return
        state = self._states.setdefault(place, _State())
        state.probing_until = 0.0
        state.tripped |= tripped
        state.closed_until = max(state.closed_until, self._clock() + seconds)

    def _count(self, state: _State, *, failed: bool) -> tuple[int, int]:
        """Count a call and return those of the last half minute, and how many of them failed."""
        now = int(self._clock()) // _SLICE_SECONDS
        for old in [number for number in state.slices if number <= now - WINDOW_SECONDS // _SLICE_SECONDS]:
            del state.slices[old]
        present = state.slices.setdefault(now, [0, 0])
        present[0] += 1
        present[1] += failed
        return sum(calls for calls, _ in state.slices.values()), sum(bad for _, bad in state.slices.values())
