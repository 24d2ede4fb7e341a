"""What every answer carries besides its body: the request's id, the route it took, the limits, the caching rules."""

import time
from collections.abc import Callable, Iterable

from django.http.response import HttpResponseBase

from billing.admission import Granted
from catalog.snapshot import Terms
from kernel import clock, degraded

from . import errors
from .arrival import Arrival

__all__ = ["Answer", "Headers", "OnTheWire", "header_lines", "limits", "standing", "wire_headers"]

Headers = list[tuple[str, str]]

JSON = ("Content-Type", "application/json")
EVENTS = ("Content-Type", "text/event-stream; charset=utf-8")
_PRIVATE: Headers = [("Cache-Control", "no-store"), ("Vary", "Authorization, X-API-Key, Cookie")]
_OPEN: Headers = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "*")]


class _Bare(HttpResponseBase):
    """A response for Django and ninja to hand on, without the headers, cookies and charset that they would read."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self._resource_closers: list[Callable[[], None]] = []
        self._handler_class = None


class Answer(_Bare):
    """A whole answer whose headers are already as they go out."""

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        super().__init__(status)
        self.listed = headers
        self.body = body


class OnTheWire(_Bare):
    """Says that the answer has been sent: nothing is left to do."""

    def __init__(self) -> None:
        super().__init__(200)


def standing(request: Arrival) -> Headers:
    """Return the headers that every answer on an inference route has."""
    number = request.number
    # Anthropic's SDKs read the id of a request from a header of their own.
    own: Headers = [("request-id", number)] if request.path.startswith(errors.ANTHROPIC_PATHS) else []
    return [
        ("X-Request-Id", number),
        ("x-router-request-id", number),
        *own,
        *_PRIVATE,
        *_OPEN,
        *degraded.headers(),
    ]


def limits(terms: Terms, granted: Granted) -> Headers:
    """Return the state of the tightest window: the one with the least left; nothing without caps."""
    windows = [
        (cap - used, cap, minutes)
        for cap, used, minutes in (
            (terms.minute_cap, granted.minute_used, 1),
            (terms.hour_cap, granted.hour_used, 60),
            (terms.day_cap, granted.day_used, clock.MINUTES_PER_DAY),
        )
        if cap is not None
    ]
    if not windows:
        return []
    left, cap, minutes = min(windows)
    ends = (granted.minute_no // minutes + 1) * minutes * 60
    reset = max(0, int(ends - time.time()))
    left = max(0, left)
    return [
        ("RateLimit-Limit", str(cap)),
        ("RateLimit-Remaining", str(left)),
        ("RateLimit-Reset", str(reset)),
        ("x-ratelimit-limit-requests", str(cap)),
        ("x-ratelimit-remaining-requests", str(left)),
        ("x-ratelimit-reset-requests", f"{reset}s"),
    ]


def header_lines(headers: Headers) -> bytes:
    """Return headers as the lines that go out. Raises ValueError for one that would be more than its line."""
    text = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers)
    if text.count("\r") != len(headers) or text.count("\n") != len(headers) or "\0" in text:
        raise ValueError("a header has more than a line")
    return text.encode("latin-1", "replace")


def wire_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return headers as the server takes them."""
    return [(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in headers]
