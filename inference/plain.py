"""The walk of a request that wants its answer whole."""

import time

import orjson

from catalog.snapshot import Hop
from kernel import money

from . import routing
from .answers import JSON, Answer
from .breaker import Breaker
from .failing import failed_upstreams, refused_upstream
from .meter import Reading, Tally, read, usage_object
from .upstream import Upstreams, Whole
from .visit import Charge, Visit

__all__ = ["serve"]


async def serve(visit: Visit, *, path: str, upstreams: Upstreams, breaker: Breaker) -> Answer:
    """Get the answer from an upstream, settle, and return it. Raises Failure once the failing is settled.

    A caller who leaves meanwhile changes nothing: the upstream works on and wants to be paid.
    """
    request_id = str(visit.request.id)

    async def attempt(hop: Hop, seconds: float) -> Whole:
        body = visit.ask.outgoing(model=hop.upstream_model, max_tokens=visit.deal.max_tokens)
        begun = time.monotonic()
        try:
            return await upstreams.whole(hop, path, body, request_id=request_id, seconds=seconds)
        finally:
            visit.upstream_seconds += time.monotonic() - begun

    try:
        reached = await routing.reach(visit.deal.hops, attempt, breaker=breaker, trail=visit.trail)
    except routing.Exhausted as exhausted:
        raise await failed_upstreams(visit, exhausted) from exhausted
    except routing.RefusedRequest as refused:
        raise await refused_upstream(visit, refused) from refused
    tally = Tally(choices=visit.ask.n)
    tally.whole(reached.answer.answer)
    reading = read(tally, prompt=visit.ask.prompt_text, output_bound=visit.output_bound)
    charge = visit.charge(reached.hop, reading, empty=_empty(reading, tally))
    await visit.settle(
        reached.hop, charge, status="ok", finish=tally.finish, ttfb_ms=visit.request.milliseconds
    )
    return Answer(
        200,
        [JSON, *visit.headers(reached), ("X-Tollway-Cost", money.show(charge.cost))],
        _body(visit, reached, reading, charge),
    )


def _empty(reading: Reading, tally: Tally) -> bool:
    return reading.counts.completion_tokens == 0 and tally.bytes == 0


def _body(visit: Visit, reached: routing.Reached[Whole], reading: Reading, charge: Charge) -> bytes:
    answer = reached.answer.answer
    told = answer.get("usage")
    usage = told if isinstance(told, dict) and reading.source == "upstream" else usage_object(reading.counts)
    usage["cost"] = charge.cost / money.NANO_PER_USD
    answer["id"] = f"chatcmpl-{visit.request.id.hex}"
    answer["model"] = visit.deal.offer.public_id
    answer["provider"] = reached.hop.provider
    answer["latency_ms"] = visit.request.milliseconds
    answer["usage"] = usage
    return orjson.dumps(answer)
