"""What Gemini says, and models that are sold from an upstream that speaks as it does."""

from typing import Any

from django.db import transaction

from catalog.models import Provider
from tests.fakes.cast import RATES, Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import Answer, Scripted, Step, event, stream

__all__ = [
    "COST",
    "PIECES",
    "USAGE",
    "WHOLE",
    "error",
    "gemini_model",
    "one_event",
    "said",
    "sold",
    "streamed",
]

# 600 tokens of input, 400 from the cache, 30 of text, 20 of thoughts.
USAGE = {
    "promptTokenCount": 1000,
    "cachedContentTokenCount": 400,
    "candidatesTokenCount": 30,
    "thoughtsTokenCount": 20,
    "totalTokenCount": 1050,
}


def gemini_model(*hops: tuple[str, str, str], **facts: Any) -> str:
    """Save a model whose chain has these hops (dialect, base URL, upstream model). Returns the model's id."""
    with transaction.atomic():
        name = model(*((base_url, upstream) for _, base_url, upstream in hops), **facts)
        found = Provider.objects.filter(endpoints__hops__chain__model__public_id=name)
        for provider, (dialect, _, _) in zip(found.order_by("endpoints__hops__position"), hops, strict=True):
            Provider.objects.filter(pk=provider.pk).update(dialect=dialect, reasoning="reasoning")
    return name


def said(*parts: dict[str, Any], finish: str = "", usage: dict[str, Any] | None = None) -> dict[str, Any]:
    """A whole answer, or one event of a stream."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    told = {"candidates": [candidate], "modelVersion": "gemini-9", "responseId": "theirs"}
    return {**told, "usageMetadata": usage} if usage else told


def streamed(*steps: dict[str, Any] | Step, ended: bool = True) -> Answer:
    """A stream of events, which has no end marker; `ended` ends it well."""
    return stream(*(event(step) if isinstance(step, dict) else step for step in steps), ended=ended)


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    """An error as Google words it."""
    return {"error": {"code": code, "status": status, "message": message, "details": list(details)}}


WHOLE = said({"text": "hm", "thought": True}, {"text": "Yes."}, finish="STOP", usage=USAGE)
PIECES = (
    said({"text": "hm", "thought": True}, usage={"promptTokenCount": 1000, "cachedContentTokenCount": 400}),
    said({"text": "Ye"}, usage={"promptTokenCount": 1000, "candidatesTokenCount": 9}),
    said({"text": "s."}, finish="STOP", usage=USAGE),
)
COST = (600 * RATES["input"] + 400 * RATES["cached"] + 30 * RATES["output"] + 20 * RATES["reasoning"]) // 1000


def sold(gateway: Gateway, *hops: tuple[str, Scripted], **facts: Any) -> tuple[Customer, str]:
    """A customer, and a model that goes to these upstreams in turn, each with its dialect."""
    who = customer()
    name = gemini_model(*((dialect, up.base_url, "gemini-3-flash") for dialect, up in hops), **facts)
    gateway.knows(who.secret, name)
    return who, name


def one_event(who: Customer) -> dict[str, Any]:
    """The one usage event of a customer, who holds nothing any more."""
    (booked,) = who.events()
    assert (who.account()["held"], who.open_requests()) == (0, 0)
    return booked
