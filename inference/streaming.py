"""The walk of a request that wants its answer as a stream."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Literal

from . import answers, replies, routing, spans, traffic
from .answers import EVENTS, OnTheWire
from .cover import Cover
from .dialects import Told, Voice
from .errors import Failure
from .failing import failed_upstreams, refused_upstream
from .legs import Leg
from .meter import Tally, read
from .process import Process
from .relay import Relay
from .streams import Interrupted, Stream
from .upstream import Opened
from .visit import Status, Visit

__all__ = ["serve"]

_Ending = Literal["ok", "client_gone", "upstream_cut", "overrun", "spent", "killed", "drained"]
_BROKEN = {
    "upstream_cut": ("PROVIDER_ERROR", "The provider broke off the answer; what was delivered is charged."),
    "overrun": (
        "PROVIDER_ERROR",
        "The provider wrote more than it was asked for and was stopped; what it wrote beyond that is not charged.",
    ),
    "spent": (
        "INSUFFICIENT_CREDITS",
        "The credit is used up, or the key's budget; what was delivered is charged.",
    ),
    "drained": ("UNAVAILABLE", "The gateway is restarting; what was delivered is charged."),
}


async def serve(visit: Visit) -> OnTheWire:
    """Open a stream upstream, relay it, settle, and close it. Raises Failure if nothing was sent yet."""
    process, tally = visit.process, Tally(choices=visit.deal.first.ask.n)
    stream = Stream(
        request_id=visit.request.id,
        credential=visit.deal.caller.credential,
        generation=visit.granted.kill_generation,
        deadline=visit.request.began + routing.TOTAL_SECONDS,
        tally=tally,
    )
    with _watched(visit, stream, process):
        reached = await _reach(visit, stream)
        if reached is None:
            return _sent(visit)
        try:
            await _flow(visit, stream, reached, tally)
        finally:
            reached.answer.close()
    return _sent(visit)


def _sent(visit: Visit) -> OnTheWire:
    traffic.responded(visit.request, 200)
    return OnTheWire()


@contextlib.contextmanager
def _watched(visit: Visit, stream: Stream, process: Process) -> Iterator[None]:
    """Have the stream end when its caller hangs up, is killed, or the process drains."""
    process.streams.add(stream)
    caller = asyncio.ensure_future(visit.request.receive())
    caller.add_done_callback(lambda _: stream.end("client_gone"))
    try:
        yield
    finally:
        process.streams.discard(stream)
        caller.cancel()


async def _reach(visit: Visit, stream: Stream) -> routing.Reached[Opened] | None:
    """Return what an upstream opened; nothing if the stream was killed meanwhile, and so is closed and settled."""
    request_id, process = visit.request.number, visit.process

    async def attempt(leg: Leg, seconds: float) -> Opened:
        body = visit.asked(leg)
        begun = time.monotonic()
        if spans.passed_on:
            spans.call_next(visit)
        try:
            return await process.upstreams.open(
                leg.hop,
                visit.dialect.path,
                body,
                request_id=request_id,
                seconds=seconds,
                event_bytes=leg.event_bytes,
                secret=leg.own_key,
            )
        finally:
            visit.note_attempt(begun)

    try:
        return await stream.wait(
            routing.reach(visit.deal.legs, attempt, roads=process.roads, trail=visit.trail)
        )
    except routing.Exhausted as exhausted:
        raise await failed_upstreams(visit, exhausted) from exhausted
    except routing.RefusedRequest as refused:
        raise await refused_upstream(visit, refused) from refused
    except Interrupted:
        if stream.why == "killed":
            await _close_unopened(visit)
            return None
        raise await _given_up(visit, stream) from None


async def _given_up(visit: Visit, stream: Stream) -> Failure:
    if stream.why == "deadline":
        return await failed_upstreams(visit, routing.Exhausted(timed_out=True))
    status: Status = "client_gone"
    failure = Failure("CONFLICT", "The caller left before the answer began.")
    if stream.why == "drained":
        status, failure = "drained", Failure("UNAVAILABLE", "The gateway is restarting.", retry_after=1)
    await visit.settle_without_answer(status=status, http_status=failure.kind.status, error=failure.code)
    return failure


async def _close_unopened(visit: Visit) -> None:
    # A killed stream ends as one, also where its upstream was still silent.
    await visit.settle_without_answer(status="killed", http_status=200, error="KILLED")
    headers = [EVENTS, *answers.standing(visit.request)]
    first = visit.deal.first
    closing = visit.dialect.voice(first.ask, visit.request.id, first.offer.public_id).killed()
    await replies.begin(visit.request, headers)
    await visit.request.send({"type": "http.response.body", "body": closing, "more_body": False})


async def _flow(visit: Visit, stream: Stream, reached: routing.Reached[Opened], tally: Tally) -> None:
    leg, ttfb = reached.leg, visit.request.milliseconds
    visit.note_served(leg)
    voice = visit.dialect.voice(leg.ask, visit.request.id, leg.offer.public_id)
    cover = Cover(visit, leg)
    stream.begin(idle_seconds=leg.hop.idle_seconds, cover=cover)
    relay = Relay(
        source=reached.answer,
        stream=stream,
        voice=voice,
        tally=tally,
        send=visit.request.send,
        drain_seconds=leg.hop.drain_seconds,
    )
    headers = [EVENTS, ("X-Accel-Buffering", "no"), *visit.headers(reached)]
    ending: _Ending = "upstream_cut"
    try:
        await replies.begin(visit.request, headers)
        relayed = await relay.run()
        ending = relayed if relayed != "beyond" else "spent" if cover.short else "overrun"
    except asyncio.CancelledError:
        ending = "drained"  # the server is at the end of its patience
        raise
    finally:
        reached.answer.close()
        told = await _settle(visit, leg, tally, ending, ttfb)
    closing = _closing(voice, told, ending)
    await visit.request.send({"type": "http.response.body", "body": closing, "more_body": False})


async def _settle(visit: Visit, leg: Leg, tally: Tally, ending: _Ending, ttfb_ms: int) -> Told:
    reading = read(
        tally,
        prompt=leg.ask.prompt_text,
        prompt_bound=leg.ask.prompt_bound,
        output_bound=leg.output_bound,
    )
    if ending == "upstream_cut" and not tally.bytes:
        charge = visit.nothing_came(leg, reading)
    else:
        empty = ending == "ok" and reading.counts.completion_tokens == 0 and tally.bytes == 0
        charge = await visit.charge(leg, reading, empty=empty)
    error = "" if ending in ("ok", "client_gone") else ending.upper()
    status: Status = "upstream_cut" if ending == "overrun" else ending
    await visit.settle(leg, charge, status=status, error=error, finish=tally.finish, ttfb_ms=ttfb_ms)
    return visit.told(leg, reading, charge)


def _closing(voice: Voice, told: Told, ending: _Ending) -> bytes:
    if ending == "ok":
        return voice.end(told)
    if ending == "killed":
        return voice.killed(told)
    return voice.broken(Failure(*_BROKEN.get(ending, _BROKEN["upstream_cut"])), told)
