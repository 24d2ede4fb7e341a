"""The `Idempotency-Key` of a request: the first with it runs, and whoever repeats it hears of the first."""

import contextlib
from collections.abc import AsyncIterator

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from billing.idempotency import HOURS, KEY_LENGTH, Marked, Repeated, Repeats

from .arrival import Arrival
from .errors import Failure

__all__ = ["marked", "once"]

HEADER = "Idempotency-Key"
log = structlog.get_logger()


def marked(request: Arrival, *, workspace_id: int) -> Marked | None:
    """Return a request with its key, or nothing if it has none. Raises Failure for a key that is none."""
    key = request.header("idempotency-key")
    if not key:
        return None
    if len(key) > KEY_LENGTH or not key.isprintable():
        raise Failure(
            "VALIDATION_ERROR", f"{HEADER} must be at most {KEY_LENGTH} printable characters.", param=HEADER
        )
    return Marked(workspace_id, key, request.id, request.path.encode() + b"\n" + request.raw)


@contextlib.asynccontextmanager
async def once(repeats: Repeats, marked: Marked) -> AsyncIterator[None]:
    """Run a request whose key nobody used; a Failure within frees the key. Raises Failure CONFLICT for a repetition."""
    await _take(repeats, marked)
    try:
        yield
    except Failure:
        await _give_back(repeats, marked)
        raise


async def _take(repeats: Repeats, marked: Marked) -> None:
    try:
        await repeats.take(marked)
    except Repeated as repeated:
        said = "for request" if repeated.same else "with another body, for request"
        raise Failure(
            "CONFLICT",
            f"This {HEADER} was used within {HOURS} hours {said} {repeated.first}.",
            param=HEADER,
        ) from repeated
    except (psycopg.Error, PoolTimeout) as error:
        raise Failure("UNAVAILABLE", f"The {HEADER} cannot be checked now.", retry_after=2) from error


async def _give_back(repeats: Repeats, marked: Marked) -> None:
    try:
        await repeats.give_back(marked)
    except (psycopg.Error, PoolTimeout):
        log.exception("idempotency key not given back", request_id=str(marked.request_id))
