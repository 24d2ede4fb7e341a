"""The routes that give reasons: why a request cost what it did, or what one would cost."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from billing import receipts
from billing.explanations import explain
from catalog import pricing
from catalog.models import PriceVersion
from catalog.pricing import Counts

from .. import process
from ..errors import Failure
from . import charges, identity, would_be
from .figures import answer, moment
from .receipts import LONGEST_ID, receipt

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
    found = receipt(caller.workspace_id, text)
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
    version = PriceVersion.objects.get(pk=priced.price.card.version_id)
    return {
        "request_id": None,
        "model": priced.model,
        **charges.parts(explanation),
        "price": {
            "version": version.pk,
            "source": version.source,
            "valid_from": moment(version.valid_from),
        },
    }
