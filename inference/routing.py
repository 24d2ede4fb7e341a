"""Which upstream is tried next, what ends the trying, and what is said of the tries."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from billing.settlement import FailedAttempt
from catalog.snapshot import Hop
from kernel import clock

from . import traffic
from .adapters import Unsupported
from .budget import RetryBudget
from .legs import Leg
from .news import News
from .upstream import UpstreamFailed

__all__ = ["Exhausted", "Reached", "RefusedRequest", "Roads", "Trail", "candidates", "reach"]

PASSES = 2
PAUSE_SECONDS = 0.2
UNSAID_WAIT_SECONDS = 1.0
TOTAL_SECONDS = 600.0

_IN_VAIN = {"timeout", "no_room"}
"""What an upstream may have answered, or may still answer, and charges us for."""

T = TypeVar("T")


class Exhausted(Exception):
    """Every upstream of the chain failed; with `ours` each for what this machine was short of."""

    def __init__(self, *, timed_out: bool, ours: bool = False) -> None:
        super().__init__("timed out" if timed_out else "failed")
        self.timed_out = timed_out
        self.ours = ours


class RefusedRequest(Exception):
    """An upstream found the request itself wrong: status, and OpenAI's code if it gave one; or none has words for it."""

    def __init__(self, status: int, code: str, *, unsupported: Unsupported | None = None) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.unsupported = unsupported


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
class Roads:
    """What the walks of a process share: which places are open, and how many may be tried again."""

    news: News
    budget: RetryBudget
    failed: Callable[[Leg, UpstreamFailed], None]


@dataclass(frozen=True, slots=True)
class Reached(Generic[T]):
    """What came of the walk: the leg that answered, its answer, and whether it was not the first choice."""

    leg: Leg
    answer: T
    fallback: bool


@dataclass(slots=True)
class _Account:
    """How a walk has gone so far."""

    tries: int = 0
    timeouts: int = 0
    shortages: int = 0
    sent_in_vain: bool = False
    unsupported: Unsupported | None = None
    supported: bool = False

    def add(self, failure: UpstreamFailed) -> None:
        if failure.unsupported is not None:
            self.unsupported = self.unsupported or failure.unsupported
            return
        self.supported = True
        self.tries += 1
        self.timeouts += failure.timed_out
        self.shortages += failure.ours
        self.sent_in_vain |= failure.outcome in _IN_VAIN

    def end(self) -> Exception:
        if self.unsupported is not None and not self.supported:
            return RefusedRequest(400, "", unsupported=self.unsupported)
        return Exhausted(timed_out=0 < self.timeouts == self.tries, ours=0 < self.shortages == self.tries)


def candidates(hops: Sequence[Hop], *, rank: int, own_keys: Collection[int] = ()) -> list[Hop]:
    """Return the hops that a plan of this rank may use, in order, those where the caller has an own key first.

    They need none of ours. The sandbox never answers for a chain that has a configured provider.
    """
    usable = [
        hop
        for hop in hops
        if hop.min_plan_rank <= rank and (hop.configured or (hop.base_url and hop.provider_id in own_keys))
    ]
    real = [hop for hop in usable if hop.dialect != "sandbox"]
    return (
        sorted(real or usable, key=lambda hop: hop.provider_id not in own_keys)
        if own_keys
        else real or usable
    )


async def reach(
    legs: Sequence[Leg],
    attempt: Callable[[Leg, float], Awaitable[T]],
    *,
    roads: Roads,
    trail: Trail,
    total_seconds: float = TOTAL_SECONDS,
) -> Reached[T]:
    """Try the legs in order, in two passes, until one answers; `attempt` gets the seconds that are left.

    Raises Exhausted, or RefusedRequest when the request itself is wrong.
    """
    deadline = time.monotonic() + total_seconds
    account = _Account()
    roads.budget.note_walk()
    for turn in range(PASSES):
        if turn:
            # What timed out may still be at work up there: a second pass could pay for it twice.
            if account.sent_in_vain or not account.tries or not roads.budget.take():
                break
            await asyncio.sleep(PAUSE_SECONDS)
        for leg in legs:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Exhausted(timed_out=True)
            if not await roads.news.may_enter(leg.place):
                if not turn:
                    trail.outcomes.append(f"{leg.hop.provider}:open")
                account.supported = True
                continue
            failure = await _try(leg, attempt, left, roads, trail)
            if not isinstance(failure, UpstreamFailed):
                return Reached(leg, failure, fallback=leg is not legs[0])
            account.add(failure)
    raise account.end()


async def _try(
    leg: Leg, attempt: Callable[[Leg, float], Awaitable[T]], left: float, roads: Roads, trail: Trail
) -> T | UpstreamFailed:
    breaker = roads.news.breaker
    started_at, begun = clock.now(), time.monotonic()
    try:
        answer = await attempt(leg, left)
    except UpstreamFailed as failure:
        took = int((time.monotonic() - begun) * 1000)
        trail.add(leg.hop, failure, started_at=started_at, milliseconds=took)
        traffic.failed(leg.hop.provider, failure)
        # One customer's key says nothing of a place that others reach with keys of their own or with ours.
        if failure.unsupported is not None or failure.own_key or failure.ours:
            breaker.unknown(leg.place)
        elif failure.refusal is not None and failure.refusal.callers_fault:
            breaker.succeeded(leg.place)
            raise RefusedRequest(failure.status or 400, failure.refusal.code) from failure
        elif failure.status == 429:
            breaker.asked_to_wait(leg.place, failure.retry_after or UNSAID_WAIT_SECONDS)
            roads.failed(leg, failure)
        else:
            breaker.failed(leg.place)
            roads.failed(leg, failure)
        return failure
    except BaseException:
        breaker.unknown(leg.place)
        raise
    trail.outcomes.append(f"{leg.hop.provider}:ok")
    traffic.answered(leg.hop.provider, time.monotonic() - begun)
    breaker.succeeded(leg.place)
    return answer
