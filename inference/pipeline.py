"""The walk of a request, in order: who calls, what is asked, on what terms, let in, served, settled."""

from django.http.response import HttpResponseBase

from kernel import drain

from . import auth, deal, entry, plain, refusing, streaming
from .arrival import Arrival
from .dialects import Dialect
from .errors import Failure
from .process import Process
from .visit import Status, Visit

__all__ = ["serve"]

TAG_LENGTH = 64


async def serve(process: Process, request: Arrival, dialect: Dialect) -> HttpResponseBase:
    """Answer a request in the dialect it came in. Raises Failure for whatever keeps it from being answered."""
    if drain.stopping():
        raise Failure("UNAVAILABLE", "The gateway is restarting.", retry_after=1)
    caller = await auth.caller(process.directory, request)
    with refusing.noted(process.refusals, request.id, caller) as sought:
        ask = dialect.read(request.raw)
        sought.model = ask.model
        terms = deal.strike(process.catalogue, caller, ask, dialect)
        sought.weight = terms.terms.weight(terms.offer.public_id)
        tag = _tag(request) or caller.default_tag
        granted, hold = await entry.admit(process.gate, request.id, terms, ask, tag=tag)
        sought.admitted = True
    visit = Visit(request, dialect, ask, terms, granted, hold, process.gate.settle)
    try:
        if ask.stream:
            return await streaming.serve(visit, process=process)
        return await plain.serve(visit, upstreams=process.upstreams, breaker=process.breaker)
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
