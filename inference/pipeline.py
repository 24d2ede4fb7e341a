"""The walk of a request, in order: who calls, what is asked, on what terms, let in, served, settled."""

from django.http.response import HttpResponseBase

from kernel import drain

from . import auth, deal, entry, plain, streaming
from .arrival import Arrival
from .ask import read_chat
from .errors import Failure
from .process import Process
from .visit import Status, Visit

__all__ = ["chat"]

TAG_LENGTH = 64


async def chat(process: Process, request: Arrival) -> HttpResponseBase:
    """Answer a chat completion. Raises Failure for whatever keeps it from being answered."""
    if drain.stopping():
        raise Failure("UNAVAILABLE", "The gateway is restarting.", retry_after=1)
    caller = await auth.caller(process.directory, request)
    ask = read_chat(request.raw)
    terms = deal.strike(process.catalogue, caller, model=ask.model, capability="chat", limit=ask.limit)
    tag = _tag(request) or caller.default_tag
    granted, hold = await entry.admit(process.gate, request.id, terms, ask, tag=tag)
    visit = Visit(request, ask, terms, granted, hold, process.gate.settle)
    try:
        if ask.stream:
            return await streaming.serve(visit, path="/chat/completions", process=process)
        return await plain.serve(
            visit, path="/chat/completions", upstreams=process.upstreams, breaker=process.breaker
        )
    finally:
        if not visit.settled:
            await _abandon(visit)


async def _abandon(visit: Visit) -> None:
    # Reached when the server cancels a request at the end of its patience, or when our own code fails.
    status: Status = "drained" if drain.stopping() else "failed"
    code = "UNAVAILABLE" if drain.stopping() else "INTERNAL_ERROR"
    await visit.settle_without_answer(status=status, http_status=500, error=code)


def _tag(request: Arrival) -> str:
    tag = request.header("x-tollway-tag")
    if len(tag) > TAG_LENGTH or not tag.isprintable():
        raise Failure(
            "VALIDATION_ERROR",
            f"X-Tollway-Tag must be at most {TAG_LENGTH} printable characters.",
            param="X-Tollway-Tag",
        )
    return tag
