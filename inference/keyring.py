"""Which of our keys a call goes out with: those of an endpoint in turn, without the ones that are set aside.

A key that its provider refuses rests a while in this process, and after three times in a row everywhere, until an
operator takes it up again.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import psycopg
import structlog

from catalog import credentials, endpoint_keys
from catalog.snapshot import Hop, Key
from kernel import drain

__all__ = ["BLAMED", "Keyring", "Wait"]

log = structlog.get_logger()

# Refusals that may be the key's own, and are worth a try with another one.
BLAMED = frozenset((401, 402, 403, 429))
REFUSALS = 3
REST_SECONDS = 10.0
LONGEST_WAIT = 60.0
UNSAID_WAIT = 1.0
# Some providers say 403 also to a prompt that they do not like. A key that served someone so lately is not revoked;
# without this, one customer's prompts could take our key from all others.
PROVEN_SECONDS = 60.0

_REASONS = {401: "refused (401)", 402: "its account is empty (402)", 403: "forbidden (403)"}


@dataclass(slots=True)
class _State:
    picked: int = 0
    refusals: int = 0
    aside_until: float = 0.0
    waits: bool = False
    worked_at: float = field(default=float("-inf"))


@dataclass(frozen=True, slots=True)
class Wait:
    """How long until a key may be sent again, in seconds; None where that is for an operator to say."""

    seconds: float | None


class Keyring:
    """The state of our keys in this process."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        set_aside: Callable[..., Awaitable[bool]] = endpoint_keys.set_aside,
    ) -> None:
        self._clock = clock
        self._set_aside = set_aside
        self._states: dict[int, _State] = {}
        self._picks = 0

    def pick(self, hop: Hop, *, besides: Key | None = None) -> Key | None:
        """Return the key of an endpoint that went out longest ago, or None where all are set aside."""
        now = self._clock()
        usable = [key for key in hop.keys if key != besides and self._state(key).aside_until <= now]
        if not usable:
            return None
        key = min(usable, key=lambda each: self._state(each).picked)
        self._picks += 1
        self._state(key).picked = self._picks
        return key

    def wait(self, hop: Hop) -> Wait:
        """Return how long a hop without a usable key only waits for its provider's rate limits, if that is all."""
        states = [self._state(key) for key in hop.keys]
        left = [state.aside_until - self._clock() for state in states if state.waits]
        return Wait(max(0.0, min(left)) if left else None)

    def worked(self, key: Key) -> None:
        """Note that a call with a key was answered."""
        state = self._state(key)
        state.refusals, state.aside_until, state.worked_at = 0, 0.0, self._clock()

    def refused(self, hop: Hop, key: Key, *, status: int, retry_after: float | None) -> None:
        """Note that a provider blamed a key: it rests, and if that goes on, it is set aside in all processes."""
        now, state = self._clock(), self._state(key)
        if status == 429:
            seconds = min(retry_after or UNSAID_WAIT, LONGEST_WAIT)
            state.aside_until, state.waits = max(state.aside_until, now + seconds), True
            return
        if status == 403 and now - state.worked_at < PROVEN_SECONDS:
            return
        if now < state.aside_until and not state.waits:
            return  # sent before the key was set aside, so it tells nothing new
        state.refusals += 1
        state.aside_until, state.waits = now + REST_SECONDS, False
        if state.refusals >= REFUSALS:
            drain.owe(self._give_up(hop, key, state, _REASONS.get(status, f"refused ({status})")))

    def _state(self, key: Key) -> _State:
        return self._states.setdefault(key.id, _State())

    async def _give_up(self, hop: Hop, key: Key, state: _State, reason: str) -> None:
        about = {"key_id": key.id, "hint": credentials.hint(key.secret), "provider": hop.provider}
        try:
            first = await self._set_aside(key.id, reason=reason, failures=state.refusals)
        except (psycopg.Error, OSError) as error:
            # It keeps resting here, and is written at its next refusal.
            log.error("key of an endpoint could not be set aside", error=type(error).__name__, **about)
            return
        state.refusals = 0
        if first:
            log.error("key of an endpoint is set aside", reason=reason, **about)
