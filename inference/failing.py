"""How a visit ends when no upstream gave anything: settled at no cost, and told in our own words."""

from .errors import Failure, too_long
from .routing import Exhausted, RefusedRequest
from .visit import Visit

__all__ = ["failed_upstreams", "refused_upstream"]

_TOO_LONG = "context_length_exceeded"


async def failed_upstreams(visit: Visit, exhausted: Exhausted) -> Failure:
    """Settle a visit whose upstreams all failed, for their own reasons or ours, and return what the caller is told."""
    if exhausted.ours:
        return await _end(
            visit, Failure("UNAVAILABLE", "The gateway has too much to do right now.", retry_after=2)
        )
    code = "PROVIDER_TIMEOUT" if exhausted.timed_out else "PROVIDER_ERROR"
    said = "did not answer in time" if exhausted.timed_out else "failed"
    return await _end(visit, Failure(code, f"Every provider of {visit.deal.first.offer.public_id} {said}."))


async def refused_upstream(visit: Visit, refused: RefusedRequest) -> Failure:
    """Settle a visit whose request the upstream found wrong, and return what the caller is told."""
    if refused.code == _TOO_LONG:
        length = visit.deal.first.offer.context_length
        return await _end(
            visit,
            Failure(
                "CONTEXT_LENGTH_EXCEEDED",
                too_long(length),
                visit.deal.first.ask.prompt_field,
            ),
        )
    if refused.unsupported is not None:
        wrong = refused.unsupported
        return await _end(visit, Failure("VALIDATION_ERROR", str(wrong), param=wrong.param))
    return await _end(
        visit,
        Failure(
            "VALIDATION_ERROR", f"The provider refused this request as invalid (status {refused.status})."
        ),
    )


async def _end(visit: Visit, failure: Failure) -> Failure:
    await visit.settle_without_answer(status="failed", http_status=failure.kind.status, error=failure.code)
    failure.headers = {"X-Tollway-Attempts": visit.trail.text}
    return failure
