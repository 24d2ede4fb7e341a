"""The walk of a request, in order: who calls, what is asked, on what terms, let in, served, settled."""

from django.http.response import HttpResponseBase

from accounts.callers import Caller
from kernel import drain

from . import auth, deal, entry, fitting, plain, refusing, repeats, streaming
from .arrival import Arrival
from .deal import Deal
from .dialects import Dialect
from .errors import Failure
from .process import Process
from .refusing import Sought
from .visit import Status, Visit

__all__ = ["agree", "serve"]

TAG_LENGTH = 64


async def serve(process: Process, request: Arrival, dialect: Dialect) -> HttpResponseBase:
    """Answer a request in the dialect it came in. Raises Failure for whatever keeps it from being answered."""
    if drain.closed():
        raise Failure("UNAVAILABLE", "The gateway is restarting.", retry_after=1)
    caller = await auth.spender(process.directory, request)
    with refusing.noted(process.refusals, request.id, caller) as sought:
        _check_type(request)
        struck = await agree(process, caller, request.raw, dialect, sought)
        tag = _tag(request) or caller.default_tag
        marked = repeats.marked(request, workspace_id=caller.workspace_id)
        if marked is None:
            return await _run(process, request, dialect, struck, sought, tag=tag)
        async with repeats.once(process.repeats, marked):
            return await _run(process, request, dialect, struck, sought, tag=tag)


async def agree(process: Process, caller: Caller, raw: bytes, dialect: Dialect, sought: Sought) -> Deal:
    """Return on what terms a body may run, cut to fit where that is wished; nothing is taken yet.

    `sought` learns how far it got. Raises Failure.
    """
    ask = dialect.read(raw)
    sought.model = ask.model
    struck = deal.strike(process.catalogue, process.signs, caller, ask, dialect)
    sought.weight = struck.weight
    return await fitting.within(struck)


async def _run(
    process: Process, request: Arrival, dialect: Dialect, struck: Deal, sought: Sought, *, tag: str
) -> HttpResponseBase:
    admitted = await entry.admit(process.gate, request.id, struck, tag=tag)
    sought.admitted = True
    visit = Visit(request, dialect, admitted.deal, admitted.granted, admitted.hold, process)
    try:
        if struck.first.ask.stream:
            return await streaming.serve(visit)
        return await plain.serve(visit)
    finally:
        if not visit.settled:
            await _abandon(visit)


async def _abandon(visit: Visit) -> None:
    # Reached when the server cancels a request at the end of its patience, or when our own code fails.
    status: Status = "drained" if drain.stopping() else "failed"
    code = "UNAVAILABLE" if drain.stopping() else "INTERNAL_ERROR"
    await visit.settle_without_answer(status=status, http_status=500, error=code)


def _check_type(request: Arrival) -> None:
    # What names no type is read all the same; what names another is some other body.
    kind = (request.header("content-type") or "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Failure("UNSUPPORTED_MEDIA_TYPE", f"Content-Type must be application/json, not {kind[:64]!r}.")


def _tag(request: Arrival) -> str:
    tag = request.header("x-tollway-tag")
    if len(tag) > TAG_LENGTH or not tag.isprintable():
        raise Failure(
            "VALIDATION_ERROR",
            f"X-Tollway-Tag must be at most {TAG_LENGTH} printable characters.",
            param="X-Tollway-Tag",
        )
    return tag
