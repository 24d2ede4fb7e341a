"""The routes that give reasons: why a request cost what it did or was refused, or how one would fare."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from accounts.callers import Caller
from accounts.models import ApiKey
from billing import receipts, refusals
from billing.explanations import explain
from billing.reach import Reach
from billing.refusals import Refusal
from catalog import pricing
from catalog.pricing import Counts

from .. import process
from ..ask import read_object
from ..errors import Failure
from . import charges, denials, identity, would_be
from .figures import answer, moment
from .receipts import LONGEST_ID, reach_of, receipt

__all__ = ["router"]

router = Router()
GREATEST = 2**40


class Used(Schema):
    """What a request used: prompt tokens include the cached and written ones, completion tokens the reasoning."""

    prompt_tokens: int = Field(0, ge=0, le=GREATEST)
    completion_tokens: int = Field(0, ge=0, le=GREATEST)
    cached_tokens: int = Field(0, ge=0, le=GREATEST)
    cache_write_tokens: int = Field(0, ge=0, le=GREATEST)
    cache_write_1h_tokens: int = Field(0, ge=0, le=GREATEST)
    reasoning_tokens: int = Field(0, ge=0, le=GREATEST)
    image_in_tokens: int = Field(0, ge=0, le=GREATEST)
    image_out_tokens: int = Field(0, ge=0, le=GREATEST)
    audio_in_tokens: int = Field(0, ge=0, le=GREATEST)
    audio_out_tokens: int = Field(0, ge=0, le=GREATEST)
    images: int = Field(0, ge=0, le=GREATEST)
    web_searches: int = Field(0, ge=0, le=GREATEST)

    def counts(self) -> Counts:
        """Return the disjoint counts. Raises Failure if the parts are more than their whole."""
        parts = {name: getattr(self, f"{name}_tokens") for name in _PROMPT_PARTS + _COMPLETION_PARTS}
        rest = {
            "input": self.prompt_tokens - sum(parts[name] for name in _PROMPT_PARTS),
            "output": self.completion_tokens - sum(parts[name] for name in _COMPLETION_PARTS),
        }
        for side, total in (("input", "prompt_tokens"), ("output", "completion_tokens")):
            if rest[side] < 0:
                raise Failure(
                    "VALIDATION_ERROR", f"{total} must not be less than the parts given of it.", param=total
                )
        return Counts(**parts, **rest, image=self.images, web_search=self.web_searches)


_PROMPT_PARTS = tuple(name for name in pricing.PROMPT_CLASSES if name != "input")
_COMPLETION_PARTS = tuple(name for name in pricing.OUTPUT_CLASSES if name != "output")


class ChargeQuestion(Used):
    """Either a request, by its id or its answer's, or a model with what a would-be request uses."""

    request_id: str | None = Field(None, max_length=LONGEST_ID)
    id: str | None = Field(None, max_length=LONGEST_ID)
    model: str | None = Field(None, min_length=1, max_length=128)


@router.post("/explain/charge")
def charge(request: HttpRequest, question: ChargeQuestion) -> HttpResponse:
    """Tell how a charge came about, line by line; of a would-be request nothing is sent and nothing charged."""
    caller = identity.caller(request)
    text = question.request_id or question.id
    if (text is None) == (question.model is None):
        raise Failure("VALIDATION_ERROR", "Give either request_id (or id) or model.", param="request_id")
    if text is None:
        return answer(
            {"data": _would_cost(would_be.price(process.current(), caller, question.model or ""), question)}
        )
    found = receipt(caller, text)
    told = charges.settled(found, receipts.charge(found))
    return answer({"data": {"request_id": found.request_id, "model": found.model, **told}})


def _would_cost(priced: would_be.Priced, used: Used) -> dict[str, Any]:
    try:
        explanation = explain(priced.price.card, used.counts(), priced.price.factors)
    except pricing.Unpriced as error:
        raise Failure(
            "VALIDATION_ERROR",
            f"{priced.model} has no rate for {error.token_class}.",
            param=error.token_class,
        ) from error
    return {
        "request_id": None,
        "model": priced.model,
        **charges.parts(explanation),
        "price": charges.told(receipts.price(priced.price.card.version_id)),
    }


@router.post("/explain/denial")
def denial(request: HttpRequest) -> HttpResponse:
    """Tell why a request was refused: by request_id, or the newest; with a model, whether one would be now."""
    caller = identity.caller(request)
    question = read_object(request.body or b"{}", acted_on=())
    text = _asked(question)
    if "model" in question and text is None:
        return answer({"data": _would_be_denied(caller, request.body)})
    return answer({"data": _denied(_refusal(caller, text))})


def _asked(question: dict[str, Any]) -> str | None:
    for name in ("request_id", "id"):
        if not isinstance(question.get(name), str | None):
            raise Failure("VALIDATION_ERROR", f"{name} must be a string.", param=name)
    text: str | None = question.get("request_id")
    return text if text is not None else question.get("id")


def _would_be_denied(caller: Caller, body: bytes) -> dict[str, Any]:
    seen = would_be.foresee(process.current(), caller, body)
    return {
        "request_id": None,
        "model": seen.model,
        "denied": seen.failure is not None,
        "refusal": would_be.refusal(seen),
    }


def _refusal(caller: Caller, text: str | None) -> Refusal:
    workspace_id, within = caller.workspace_id, reach_of(caller)
    if text is None:
        found = refusals.newest(workspace_id, reach=within)
        if found is None:
            words = "No request of this workspace was refused in the last 7 days."
            raise Failure("NOT_FOUND", f"{words} {within.words}".rstrip())
        return found
    request_id = receipts.request_of(text)
    found = refusals.find(workspace_id, request_id, reach=within) if request_id is not None else None
    if found is None:
        words = _missing(workspace_id, request_id, within)
        raise Failure("NOT_FOUND", f"{words} {within.words}".rstrip(), param="request_id")
    return found


def _missing(workspace_id: int, request_id: UUID | None, within: Reach) -> str:
    if request_id is not None and receipts.find(workspace_id, request_id, reach=within) is not None:
        return "This request was let in; POST /v1/explain/charge tells what became of it."
    return (
        "No refusal of this request is kept in this workspace: each is known after a second, and of those of"
        f" one minute the first {refusals.DETAILS} are kept for 7 days."
    )


def _denied(refusal: Refusal) -> dict[str, Any]:
    key = ApiKey.objects.filter(pk=refusal.api_key_id).values_list("name", flat=True).first()
    return {
        "request_id": refusal.request_id,
        "model": refusal.model,
        "denied": True,
        "refusal": denials.kept(refusal),
        "refused_at": moment(refusal.refused_at),
        "key": key,
        "alike_in_that_minute": refusals.count(refusal),
    }
