"""What Anthropic answers: messages and their streams, built from its own client's types."""

import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any

import anthropic.types as a
from django.db import transaction

from catalog.models import Provider
from tests.fakes.cast import model

MODEL = "claude-sonnet-4-5"
SIGNATURE = "EqQBCkYIBxgCKkBs+/AbCdEf0123=="


def claude_model(*hops: tuple[str, str, str], **facts: Any) -> str:
    """Save a model whose chain has these hops (dialect, base URL, upstream model). Returns the model's id."""
    with transaction.atomic():
        name = model(*((base_url, upstream) for _, base_url, upstream in hops), **facts)
        found = Provider.objects.filter(endpoints__hops__chain__model__public_id=name)
        for provider, (dialect, _, _) in zip(found.order_by("endpoints__hops__position"), hops, strict=True):
            Provider.objects.filter(pk=provider.pk).update(dialect=dialect)
    return name


def usage(**figures: Any) -> a.Usage:
    """Return what a message used; without figures 20 tokens went in and 9 came out."""
    return a.Usage.model_validate({"input_tokens": 20, "output_tokens": 9, **figures})


def message(
    *blocks: a.ContentBlock,
    reason: str | None = "end_turn",
    sequence: str | None = None,
    used: a.Usage | None = None,
) -> a.Message:
    """Return a whole message."""
    return a.Message.model_validate(
        {
            "id": "msg_01",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [block.model_dump() for block in blocks],
            "stop_reason": reason,
            "stop_sequence": sequence,
            "usage": (used or usage()).model_dump(),
        }
    )


def text(words: str) -> a.TextBlock:
    """Return a block of text."""
    return a.TextBlock(type="text", text=words)


def thinking(words: str, signature: str = SIGNATURE) -> a.ThinkingBlock:
    """Return a block of thinking with its signature."""
    return a.ThinkingBlock(type="thinking", thinking=words, signature=signature)


def redacted(data: str) -> a.RedactedThinkingBlock:
    """Return a block of thinking that nobody may read."""
    return a.RedactedThinkingBlock(type="redacted_thinking", data=data)


def tool_use(name: str, given: dict[str, object], *, call_id: str = "toolu_01") -> a.ToolUseBlock:
    """Return a call of a tool."""
    return a.ToolUseBlock(type="tool_use", id=call_id, name=name, input=given)


def cut(words: str, places: Iterable[int] = ()) -> list[str]:
    """Return a text in pieces, cut at these places; none is empty."""
    marks = [0, *sorted({min(place, len(words)) for place in places}), len(words)]
    pieces = [words[begin:end] for begin, end in itertools.pairwise(marks)]
    return [piece for piece in pieces if piece]


def events(whole: a.Message, *, places: Sequence[int] = ()) -> list[a.RawMessageStreamEvent]:
    """Return the events of a message's stream, each text cut at these places."""
    begun = whole.model_copy(
        update={
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": whole.usage.model_copy(update={"output_tokens": 1, "output_tokens_details": None}),
        }
    )
    told: list[Any] = [a.RawMessageStartEvent(type="message_start", message=begun)]
    for index, block in enumerate(whole.content):
        told += _block(index, block, places)
    figures = whole.usage.model_dump(exclude={"cache_creation", "inference_geo", "service_tier", "speed"})
    told.append(
        a.RawMessageDeltaEvent.model_validate(
            {
                "type": "message_delta",
                "delta": {"stop_reason": whole.stop_reason, "stop_sequence": whole.stop_sequence},
                "usage": figures,
            }
        )
    )
    return [*told, a.RawMessageStopEvent(type="message_stop")]


def frames(told: Iterable[a.RawMessageStreamEvent]) -> list[bytes]:
    """Return events as they come over the wire, a ping behind the first."""
    found = [frame(event.model_dump(mode="json")) for event in told]
    return [*found[:1], frame({"type": "ping"}), *found[1:]]


def frame(event: dict[str, Any]) -> bytes:
    """Return one event as it comes over the wire."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def error(kind: str, words: str = "Overloaded") -> dict[str, Any]:
    """Return an error, as a body or as an event."""
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_01"}


def _block(index: int, block: a.ContentBlock, places: Sequence[int]) -> list[Any]:
    empty: dict[str, Any] = block.model_dump()
    deltas: list[dict[str, Any]] = []
    if isinstance(block, a.TextBlock):
        empty["text"] = ""
        deltas = [{"type": "text_delta", "text": piece} for piece in cut(block.text, places)]
    elif isinstance(block, a.ThinkingBlock):
        empty |= {"thinking": "", "signature": ""}
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in cut(block.thinking, places)]
        deltas.append({"type": "signature_delta", "signature": block.signature})
    elif isinstance(block, a.ToolUseBlock):
        empty["input"] = {}
        said = json.dumps(block.input) if block.input else ""
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *cut(said, places)]]
    told: list[Any] = [
        a.RawContentBlockStartEvent.model_validate(
            {"type": "content_block_start", "index": index, "content_block": empty}
        )
    ]
    told += [
        a.RawContentBlockDeltaEvent.model_validate(
            {"type": "content_block_delta", "index": index, "delta": delta}
        )
        for delta in deltas
    ]
    return [*told, a.RawContentBlockStopEvent(type="content_block_stop", index=index)]
