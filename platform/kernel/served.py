"""Which request the running task or thread serves, so that whatever is logged meanwhile names it."""

from contextvars import ContextVar
from uuid import UUID

__all__ = ["begin", "request_id"]

_served: ContextVar[UUID | None] = ContextVar("served", default=None)


def begin(number: UUID) -> None:
    """Serve a request from now on, in this task and those that it starts."""
    _served.set(number)


def request_id() -> UUID | None:
    """Return the number of the request that is served; none in what belongs to no request."""
    return _served.get()
