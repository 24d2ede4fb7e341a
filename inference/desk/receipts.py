"""The route that tells everything of one request, and what the routes on requests look them up by."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import P, QueryEx, Router

from accounts.callers import Caller
from billing import reach, receipts
from billing.reach import Reach
from billing.receipts import Receipt

from .. import process
from ..deal import terms_of
from ..errors import Failure
from . import charges, identity
from .figures import answer, moment, usd

__all__ = ["reach_of", "receipt", "router"]

router = Router()
LONGEST_ID = 64
_ENDED_BY_CALLER = ("client_gone", "killed")


def reach_of(caller: Caller) -> Reach:
    """Return how far back a caller is shown single requests. Raises Failure if its terms are not loaded yet."""
    return reach.of(terms_of(process.current().catalogue, caller).retention_days)


def receipt(caller: Caller, text: str) -> Receipt:
    """Return the receipt that an answer's id or a request id names.

    Raises Failure: what is foreign, missing, or older than the plan shows is alike.
    """
    within = reach_of(caller)
    request_id = receipts.request_of(text)
    found = receipts.find(caller.workspace_id, request_id, reach=within) if request_id is not None else None
    if found is None:
        words = (
            f"There is no ended request {text!r} in this workspace. One that was refused is told by"
            " POST /v1/explain/denial."
        )
        raise Failure("NOT_FOUND", f"{words} {within.words}".rstrip(), param="id")
    return found


@router.get("/generation")
def generation(
    request: HttpRequest,
    id: QueryEx[str, P(max_length=LONGEST_ID, description="Of an answer or of a request.")],  # noqa: A002
) -> HttpResponse:
    """Tell everything of one request, by the id of its answer or of the request; sums are over all revisions."""
    found = receipt(identity.caller(request), id)
    return answer({"data": _generation(found, id)})


def _generation(found: Receipt, asked: str) -> dict[str, Any]:
    counts = found.counts
    return {
        "id": asked,
        "request_id": found.request_id,
        "workspace_id": found.workspace_id,
        "model": found.model,
        "provider_name": found.provider or None,
        "key": found.key_name or None,
        "tag": found.tag,
        "created_at": moment(found.admitted_at),
        "tokens_prompt": counts.prompt_tokens,
        "tokens_completion": counts.completion_tokens,
        "native_tokens_prompt": counts.prompt_tokens,
        "native_tokens_completion": counts.completion_tokens,
        "native_tokens_reasoning": counts.reasoning,
        "native_tokens_cached": counts.cached,
        "native_tokens_cache_write": counts.cache_write + counts.cache_write_1h,
        "native_tokens_completion_images": counts.image_out,
        "num_images": counts.image,
        "num_search_results": counts.web_search,
        "latency": found.latency_ms,
        "time_to_first_byte": found.ttfb_ms,
        "generation_time": found.latency_ms - ((found.ttfb_ms or 0) if found.stream else 0),
        "finish_reason": found.finish_reason or None,
        "streamed": found.stream,
        "cancelled": found.status in _ENDED_BY_CALLER,
        "status": found.status,
        "http_status": found.http_status,
        "error_code": found.error_code or None,
        "request_weight": found.weight,
        "total_cost": usd(found.cost),
        "usage": usd(found.cost),
        "is_byok": False,
        "attempts": charges.attempts(found),
        "usage_source": found.usage_source,
        "usage_suspect": found.suspect,
        "charge": charges.settled(found, receipts.charge(found)),
    }
