"""What Gemini says, and models that are sold from an upstream that speaks as it does."""

import json
from typing import Any

from django.db import transaction

from catalog.models import Provider
from tests.fakes.cast import model
from tests.fakes.scripted import Answer, Step, event, stream

__all__ = ["USAGE", "error", "gemini_model", "said", "streamed"]

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
    return json.loads(
        json.dumps({"error": {"code": code, "status": status, "message": message, "details": details}})
    )
