"""The walk of a request that wants its answer whole."""

import asyncio
import functools
import time

from catalog.snapshot import Hop
from kernel import money

from . import routing
from .answers import JSON, Answer
from .breaker import Breaker
from .failing import failed_upstreams, refused_upstream
from .upstream import Upstreams, Whole
from .visit import Visit

__all__ = ["serve"]

# An answer of more bytes is written in a thread: vectors by the million take seconds.
GREATEST_ON_LOOP = 2**20


async def serve(visit: Visit, *, upstreams: Upstreams, breaker: Breaker) -> Answer:
    """Get the answer from an upstream, settle, and return it. Raises Failure once the failing is settled.

    A caller who leaves meanwhile changes nothing: the upstream works on and wants to be paid.
    """
    request_id, dialect = str(visit.request.id), visit.dialect
    accepts = functools.partial(dialect.accepts, visit.ask)

    async def attempt(hop: Hop, seconds: float) -> Whole:
        body = visit.ask.outgoing(hop, max_tokens=visit.deal.max_tokens)
        begun = time.monotonic()
        try:
            return await upstreams.whole(
                hop, dialect.path, body, accepts=accepts, request_id=request_id, seconds=seconds
            )
        finally:
            visit.upstream_seconds += time.monotonic() - begun

    try:
        reached = await routing.reach(visit.deal.hops, attempt, breaker=breaker, trail=visit.trail)
    except routing.Exhausted as exhausted:
        raise await failed_upstreams(visit, exhausted) from exhausted
    except routing.RefusedRequest as refused:
        raise await refused_upstream(visit, refused) from refused
    answer = reached.answer.answer
    found = dialect.measure(visit.ask, answer, output_bound=visit.output_bound)
    charge = visit.charge(reached.hop, found.reading, empty=found.empty)
    await visit.settle(
        reached.hop, charge, status="ok", finish=found.finish, ttfb_ms=visit.request.milliseconds
    )
    told = visit.told(reached.hop, found.reading, charge)
    if reached.answer.size > GREATEST_ON_LOOP:
        body = await asyncio.to_thread(dialect.whole, visit.ask, answer, told)
    else:
        body = dialect.whole(visit.ask, answer, told)
    return Answer(200, [JSON, *visit.headers(reached), ("X-Tollway-Cost", money.show(charge.cost))], body)
