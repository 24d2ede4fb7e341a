"""Which upstream is tried next, what ends the trying, and what is said of the tries."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from billing.settlement import FailedAttempt
from catalog.snapshot import Hop
from kernel import clock

from .breaker import Breaker
from .upstream import UpstreamFailed

__all__ = ["Exhausted", "Reached", "RefusedRequest", "Trail", "candidates", "reach"]

PASSES = 2
PAUSE_SECONDS = 0.2
UNSAID_WAIT_SECONDS = 1.0
TOTAL_SECONDS = 600.0

T = TypeVar("T")


class Exhausted(Exception):
    """Every upstream of the chain failed."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("timed out" if timed_out else "failed")
        self.timed_out = timed_out


class RefusedRequest(Exception):
    """An upstream found the request itself wrong: status, and OpenAI's code if it gave one."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


@dataclass(slots=True)
class Trail:
    """The tries of one request so far."""

    failed: list[FailedAttempt] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The list `provider:outcome,…` of X-Tollway-Attempts."""
        return ",".join(self.outcomes)

    def add(self, hop: Hop, failure: UpstreamFailed, *, started_at: datetime, milliseconds: int) -> None:
        """Note a try that brought nothing."""
        self.outcomes.append(f"{hop.provider}:{failure.outcome}")
        self.failed.append(
            FailedAttempt(
                number=len(self.failed) + 1,
                provider_id=hop.provider_id,
                endpoint_id=hop.endpoint_id,
                upstream_model=hop.upstream_model,
                outcome=failure.outcome,
                http_status=failure.status,
                started_at=started_at,
                milliseconds=milliseconds,
            )
        )


@dataclass(frozen=True, slots=True)
class Reached(Generic[T]):
    """What came of the walk: the hop that answered, its answer, and whether it was not the first choice."""

    hop: Hop
    answer: T
    fallback: bool


def candidates(hops: tuple[Hop, ...], *, rank: int) -> list[Hop]:
    """Return the hops that a plan of this rank may use, in order.

    The sandbox never answers for a chain that has a configured provider.
    """
    usable = [hop for hop in hops if hop.configured and hop.min_plan_rank <= rank]
    real = [hop for hop in usable if hop.dialect != "sandbox"]
    return real or usable


async def reach(
    hops: list[Hop],
    attempt: Callable[[Hop, float], Awaitable[T]],
    *,
    breaker: Breaker,
    trail: Trail,
    total_seconds: float = TOTAL_SECONDS,
) -> Reached[T]:
    """Try the hops in order, in two passes, until one answers; `attempt` gets the seconds that are left.

    Raises Exhausted, or RefusedRequest when the request itself is wrong.
    """
    deadline = time.monotonic() + total_seconds
    timeouts = failures = 0
    sent_in_vain = False
    for turn in range(PASSES):
        if turn:
            await asyncio.sleep(PAUSE_SECONDS)
        for hop in hops:
            place = (hop.endpoint_id, hop.upstream_model)
            left = deadline - time.monotonic()
            if left <= 0:
                raise Exhausted(timed_out=True)
            if not breaker.allows(place):
                if not turn:
                    trail.outcomes.append(f"{hop.provider}:open")
                continue
            failure = await _try(hop, attempt, left, breaker, trail)
            if not isinstance(failure, UpstreamFailed):
                return Reached(hop, failure, fallback=hop is not hops[0])
            failures += 1
            timeouts += failure.timed_out
            sent_in_vain |= failure.outcome == "timeout"
        # What timed out may still be at work up there: a second pass could pay for it twice.
        if sent_in_vain:
            break
    raise Exhausted(timed_out=0 < timeouts == failures)


async def _try(
    hop: Hop, attempt: Callable[[Hop, float], Awaitable[T]], left: float, breaker: Breaker, trail: Trail
) -> T | UpstreamFailed:
    place = (hop.endpoint_id, hop.upstream_model)
    started_at, begun = clock.now(), time.monotonic()
    try:
        answer = await attempt(hop, left)
    except UpstreamFailed as failure:
        took = int((time.monotonic() - begun) * 1000)
        trail.add(hop, failure, started_at=started_at, milliseconds=took)
        if failure.refusal is not None and failure.refusal.callers_fault:
            breaker.succeeded(place)
            raise RefusedRequest(failure.status or 400, failure.refusal.code) from failure
        if failure.status == 429:
            breaker.asked_to_wait(place, failure.retry_after or UNSAID_WAIT_SECONDS)
        else:
            breaker.failed(place)
        return failure
    except BaseException:
        breaker.unknown(place)
        raise
    trail.outcomes.append(f"{hop.provider}:ok")
    breaker.succeeded(place)
    return answer
