"""The walk of a request that wants its answer whole."""

import asyncio
import functools
import time

from kernel import money

from . import routing, spans
from .answers import JSON, Answer
from .failing import failed_upstreams, refused_upstream
from .legs import Leg
from .room import Place
from .upstream import Whole
from .visit import Visit

__all__ = ["serve"]

# An answer of more bytes is written in a thread: vectors by the million take seconds.
GREATEST_ON_LOOP = 2**20


async def serve(visit: Visit) -> Answer:
    """Get the answer from an upstream, settle, and return it. Raises Failure once the failing is settled.

    A caller who leaves meanwhile changes nothing: the upstream works on and wants to be paid.
    """
    with visit.process.room.place() as place:
        return await _serve(visit, place)


async def _serve(visit: Visit, place: Place) -> Answer:
    request_id, dialect, process = visit.request.number, visit.dialect, visit.process

    async def attempt(leg: Leg, seconds: float) -> Whole:
        begun = time.monotonic()
        if spans.passed_on:
            spans.call_next(visit)
        try:
            return await process.upstreams.whole(
                leg.hop,
                dialect.path,
                visit.asked(leg),
                accepts=functools.partial(dialect.accepts, leg.ask),
                request_id=request_id,
                seconds=seconds,
                place=place,
                most=leg.answer_bytes,
                secret=leg.own_key,
            )
        finally:
            visit.note_attempt(begun)

    try:
        reached = await routing.reach(visit.deal.legs, attempt, roads=process.roads, trail=visit.trail)
    except routing.Exhausted as exhausted:
        raise await failed_upstreams(visit, exhausted) from exhausted
    except routing.RefusedRequest as refused:
        raise await refused_upstream(visit, refused) from refused
    leg, answer = reached.leg, reached.answer.answer
    visit.note_served(leg)
    found = dialect.measure(leg.ask, answer, output_bound=leg.output_bound)
    charge = await visit.charge(leg, found.reading, empty=found.empty)
    await visit.settle(leg, charge, status="ok", finish=found.finish, ttfb_ms=visit.request.milliseconds)
    told = visit.told(leg, found.reading, charge)
    if reached.answer.size > GREATEST_ON_LOOP:
        body = await asyncio.to_thread(dialect.whole, leg.ask, answer, told)
    else:
        body = dialect.whole(leg.ask, answer, told)
    return Answer(200, [JSON, *visit.headers(reached), ("X-Tollway-Cost", money.show(charge.cost))], body)
