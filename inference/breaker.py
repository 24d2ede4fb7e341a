"""Which upstreams are left alone for a while: after five failures in a row, or when they said to wait."""

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Breaker"]

FAILURES = 5
OPEN_SECONDS = 60.0


@dataclass(slots=True)
class _State:
    failures: int = 0
    closed_until: float = 0.0
    probing_until: float = 0.0


class Breaker:
    """The state of each place a model is served at, in this process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._states: dict[tuple[int, str], _State] = {}

    def allows(self, place: tuple[int, str]) -> bool:
        """Tell whether a request may go there now; after the pause one request is let through as a probe."""
        state = self._states.get(place)
        if state is None:
            return True
        now = self._clock()
        if now < state.closed_until or now < state.probing_until:
            return False
        if state.failures >= FAILURES:
            state.probing_until = now + OPEN_SECONDS
        return True

    def succeeded(self, place: tuple[int, str]) -> None:
        """Note an answer, also one that blames the caller: the place works."""
        self._states.pop(place, None)

    def failed(self, place: tuple[int, str]) -> None:
        """Note a failure that is the place's own."""
        state = self._states.setdefault(place, _State())
        state.failures += 1
        state.probing_until = 0.0
        if state.failures >= FAILURES:
            state.closed_until = self._clock() + OPEN_SECONDS

    def asked_to_wait(self, place: tuple[int, str], seconds: float) -> None:
        """Note that the place limits our rate: it is skipped for that long, at most a minute."""
        state = self._states.setdefault(place, _State())
        state.probing_until = 0.0
        state.closed_until = max(state.closed_until, self._clock() + min(seconds, OPEN_SECONDS))

    def unknown(self, place: tuple[int, str]) -> None:
        """Note that an attempt ended without a verdict, so that a probe in vain does not bar the place."""
        state = self._states.get(place)
        if state is not None:
            state.probing_until = 0.0
