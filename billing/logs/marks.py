"""Where a list of requests and refusals was left, so that it goes on there: both are walked by key, never counted."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

__all__ = ["NOWHERE", "EventKey", "Mark"]

_TEXT = re.compile(r"(?:(\d{1,18})\.(\d{1,17})\.([0-9a-f]{32})|-)~(?:([0-9a-f]{32})|-)\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class EventKey:
    """A settled request's place: charge numbers grow with the time of settling, and so does that time within one."""

    charge_no: int
    recorded_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in both lists; None is before the first of that list."""

    event: EventKey | None = None
    refusal: UUID | None = None

    def __str__(self) -> str:
        event = self.event
        written = "-" if event is None else f"{event.charge_no}.{_micros(event.recorded_at)}.{event.id.hex}"
        return f"{written}~{'-' if self.refusal is None else self.refusal.hex}"

    @classmethod
    def read(cls, text: str) -> "Mark":
        """Return the mark that was written. Raises ValueError for anything else."""
        match = _TEXT.match(text)
        if match is None:
            raise ValueError("before: this is no place in the list")
        number, micros, event, refusal = match.groups()
        try:
            key = EventKey(int(number), _EPOCH + int(micros) * _MICRO, UUID(event)) if number else None
        except OverflowError:
            raise ValueError("before: this is no place in the list") from None
        return cls(key, UUID(refusal) if refusal else None)

    def after(self, *, event: EventKey | None = None, refusal: UUID | None = None) -> "Mark":
        """Return the mark moved on in the list that a key is given of."""
        return replace(self, event=event or self.event, refusal=refusal or self.refusal)


NOWHERE = Mark()


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICRO
