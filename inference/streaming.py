"""The walk of a request that wants its answer as a stream."""

import asyncio
import contextlib
import time
from collections.abc import Iterator

from billing.gate import Gate, Progress
from catalog import pricing
from catalog.pricing import Counts
from catalog.snapshot import Hop
from kernel import clock

from . import answers, routing, tokens
from .answers import EVENTS, OnTheWire
from .dialects import Told, Voice
from .errors import Failure
from .failing import failed_upstreams, refused_upstream
from .meter import Tally, read
from .process import Process
from .relay import Ending, Relay
from .streams import Interrupted, Stream
from .upstream import Opened
from .visit import Status, Visit

__all__ = ["serve"]


async def serve(visit: Visit, *, process: Process) -> OnTheWire:
    """Open a stream upstream, relay it, settle, and close it. Raises Failure if nothing was sent yet."""
    tally = Tally(choices=visit.ask.n)
    stream = Stream(
        request_id=visit.request.id,
        credential=visit.deal.caller.credential,
        generation=visit.granted.kill_generation,
        deadline=visit.request.began + routing.TOTAL_SECONDS,
        tally=tally,
    )
    with _watched(visit, stream, process):
        reached = await _reach(visit, stream, process)
        if reached is None:
            return OnTheWire()
        try:
            await _flow(visit, stream, reached, tally, process.gate)
        finally:
            reached.answer.close()
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


async def _reach(visit: Visit, stream: Stream, process: Process) -> routing.Reached[Opened] | None:
    """Return what an upstream opened; nothing if the stream was killed meanwhile, and so is closed and settled."""
    request_id = str(visit.request.id)

    async def attempt(hop: Hop, seconds: float) -> Opened:
        body = visit.ask.outgoing(hop, max_tokens=visit.deal.max_tokens)
        begun = time.monotonic()
        try:
            return await process.upstreams.open(
                hop, visit.dialect.path, body, request_id=request_id, seconds=seconds
            )
        finally:
            visit.upstream_seconds += time.monotonic() - begun

    try:
        return await stream.wait(
            routing.reach(visit.deal.hops, attempt, breaker=process.breaker, trail=visit.trail)
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
    headers = answers.wire_headers([EVENTS, *answers.standing(visit.request)])
    closing = visit.dialect.voice(visit.ask, visit.request.id, visit.deal.offer.public_id).killed()
    await visit.request.send({"type": "http.response.start", "status": 200, "headers": headers})
    await visit.request.send({"type": "http.response.body", "body": closing, "more_body": False})


async def _flow(
    visit: Visit, stream: Stream, reached: routing.Reached[Opened], tally: Tally, gate: Gate
) -> None:
    ttfb = visit.request.milliseconds
    voice = visit.dialect.voice(visit.ask, visit.request.id, visit.deal.offer.public_id)
    stream.begin(idle_seconds=reached.hop.idle_seconds, progress=_Checkpoint(visit, reached.hop, gate).allows)
    relay = Relay(
        source=reached.answer,
        stream=stream,
        voice=voice,
        tally=tally,
        send=visit.request.send,
    )
    headers = answers.wire_headers([EVENTS, ("X-Accel-Buffering", "no"), *visit.headers(reached)])
    ending: Ending = "upstream_cut"
    try:
        await visit.request.send({"type": "http.response.start", "status": 200, "headers": headers})
        ending = await relay.run()
    except asyncio.CancelledError:
        ending = "drained"  # the server is at the end of its patience
        raise
    finally:
        reached.answer.close()
        told = await _settle(visit, reached.hop, tally, ending, ttfb)
    closing = _closing(voice, told, ending)
    await visit.request.send({"type": "http.response.body", "body": closing, "more_body": False})


async def _settle(visit: Visit, hop: Hop, tally: Tally, ending: Ending, ttfb_ms: int) -> Told:
    reading = read(
        tally,
        prompt=visit.ask.prompt_text,
        prompt_bound=visit.ask.prompt_bound,
        output_bound=visit.output_bound,
    )
    empty = ending == "ok" and reading.counts.completion_tokens == 0 and tally.bytes == 0
    charge = visit.charge(hop, reading, empty=empty)
    error = "" if ending in ("ok", "client_gone") else ending.upper()
    await visit.settle(hop, charge, status=ending, error=error, finish=tally.finish, ttfb_ms=ttfb_ms)
    return visit.told(hop, reading, charge)


def _closing(voice: Voice, told: Told, ending: Ending) -> bytes:
    if ending == "ok":
        return voice.end(told)
    if ending == "killed":
        return voice.killed()
    if ending == "drained":
        return voice.broken(
            Failure("UNAVAILABLE", "The gateway is restarting; what was delivered is charged.")
        )
    return voice.broken(
        Failure("PROVIDER_ERROR", "The provider broke off the answer; what was delivered is charged.")
    )


class _Checkpoint:
    """Notes once a second how far a stream is, and whether its hold still covers it."""

    def __init__(self, visit: Visit, hop: Hop, gate: Gate) -> None:
        self._visit = visit
        self._gate = gate
        self._price = visit.deal.prices[hop.provider_id]
        self._progress = Progress(
            workspace_id=visit.deal.caller.workspace_id,
            provider_id=hop.provider_id,
            first_byte_at=clock.now(),
            multipliers=pricing.factors_text(self._price.factors),
        )

    def allows(self, output_tokens: int) -> bool:
        """Note the output tokens so far; tell whether the hold covers them."""
        progress, visit = self._progress, self._visit
        if not progress.input_tokens:
            progress.input_tokens = tokens.count([visit.ask.prompt_text()])[0]
        progress.output_tokens = output_tokens
        self._gate.progress(visit.request.id, progress)
        if output_tokens <= visit.output_bound:
            return True
        counts = Counts(input=progress.input_tokens, output=output_tokens)
        return pricing.cost(self._price.card, counts, self._price.factors) <= visit.hold
