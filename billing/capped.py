"""Which workspaces were over a cap a moment ago, so that a flood of calls beyond it asks no database."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kernel import clock

from .admission import Ask, Refused

__all__ = ["REMEMBERED_SECONDS", "Capped"]

REMEMBERED_SECONDS = 1.0
"""Within a window the count only grows, but for units that failed calls give back; so long a refusal may outlive them."""
_MOST = 10_000
_CAPS: dict[str, Callable[[Ask], int | None]] = {
    "MINUTE_REQUEST_LIMIT_EXCEEDED": lambda ask: ask.minute_cap,
    "HOURLY_REQUEST_LIMIT_EXCEEDED": lambda ask: ask.hour_cap,
    "DAILY_REQUEST_LIMIT_EXCEEDED": lambda ask: ask.day_cap,
}


@dataclass(frozen=True, slots=True)
class _Remembered:
    # Not the refusal itself: once raised, an exception keeps the frames of its request, and their bodies.
    code: str
    limit: int
    used: int
    resets_at: datetime
    weight: int
    until: float


class Capped:
    """The latest refusal of each workspace by one of its windows; slots and credit come and go, and are not remembered."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._known: dict[int, _Remembered] = {}

    def refusal(self, ask: Ask) -> Refused | None:
        """Return why a request is over a cap, if one of no greater weight was a moment ago, under the same cap."""
        known = self._known.get(ask.workspace_id)
        if known is None or ask.weight < known.weight or self._seconds() >= known.until:
            return None
        if _CAPS[known.code](ask) != known.limit or clock.now() >= known.resets_at:
            return None
        return Refused(known.code, limit=known.limit, used=known.used, resets_at=known.resets_at)

    def note(self, ask: Ask, refused: Refused) -> None:
        """Remember a refusal, if it was one by a window."""
        if refused.code in _CAPS and refused.resets_at is not None:
            if len(self._known) >= _MOST:
                self._known.clear()
            until = self._seconds() + REMEMBERED_SECONDS
            self._known[ask.workspace_id] = _Remembered(
                refused.code, refused.limit, refused.used, refused.resets_at, ask.weight, until
            )

    def forget(self, workspace_id: int) -> None:
        """Forget what is known of a workspace: units came back."""
        self._known.pop(workspace_id, None)
