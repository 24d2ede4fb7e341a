"""What the inference routes answer: whole as JSON, or as a stream of events."""

from collections.abc import Mapping
from typing import Any

from ..schemas import (
    ANY,
    NUMBER,
    TEXT,
    WORD,
    Schema,
    choice,
    fixed,
    listed,
    named,
    nullable,
    open_record,
    record,
    whole,
)

__all__ = ["ANSWERS", "EVENTS", "JSON", "SCHEMAS"]

JSON, EVENTS = "application/json", "text/event-stream"

_COST: Schema = {"type": "number", "minimum": 0, "description": "What it cost, in USD."}
_COUNT = whole()
_HEX = "[0-9a-f]{32}$"
_LATENCY: Schema = {**_COUNT, "description": "Milliseconds from the request's arrival to its answer."}


def _id(prefix: str) -> Schema:
    return {"type": "string", "pattern": f"^{prefix}{_HEX}"}


def _usage(*names: str, **more: Schema) -> Schema:
    return {**dict.fromkeys(names, _COUNT), "cost": _COST, **more}


_CHAT = open_record(
    id=_id("chatcmpl-"),
    model=WORD,
    choices=listed(open_record(), 1),
    usage=open_record(cost=_COST),
    provider=WORD,
    latency_ms=_LATENCY,
)
_COMPLETION = record(
    id=_id("cmpl-"),
    object=fixed("text_completion"),
    created=_COUNT,
    model=WORD,
    choices=listed(
        record(text=TEXT, index=_COUNT, logprobs=nullable(open_record()), finish_reason=nullable(TEXT)), 1
    ),
    usage=open_record(cost=_COST),
    provider=WORD,
    latency_ms=_LATENCY,
)
_RESPONSE = open_record(
    id=_id("resp_"),
    object=fixed("response"),
    created_at=_COUNT,
    model=WORD,
    status=choice(["completed", "incomplete"]),
    output=listed(open_record(type=WORD)),
    error={"type": "null"},
    incomplete_details=nullable(record(reason=choice(["max_output_tokens", "content_filter"]))),
    store=fixed(False),
    previous_response_id={"type": "null"},
    usage=record(
        input_tokens=_COUNT,
        input_tokens_details=open_record(cached_tokens=_COUNT),
        output_tokens=_COUNT,
        output_tokens_details=open_record(reasoning_tokens=_COUNT),
        total_tokens=_COUNT,
        cost=_COST,
    ),
)
_MESSAGE = record(
    id=_id("msg_"),
    type=fixed("message"),
    role=fixed("assistant"),
    model=WORD,
    content=listed(open_record(type=choice(["thinking", "text", "tool_use"]))),
    stop_reason=choice(["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"]),
    stop_sequence=nullable(TEXT),
    stop_details=ANY,
    usage=open_record(
        input_tokens=_COUNT,
        cache_creation_input_tokens=_COUNT,
        cache_read_input_tokens=_COUNT,
        output_tokens=_COUNT,
    ),
    credits_charged=_COST,
)
_EMBEDDING = record(object=fixed("embedding"), index=_COUNT, embedding={"anyOf": [listed(NUMBER, 1), WORD]})
_EMBEDDINGS = record(
    object=fixed("list"),
    data=listed(_EMBEDDING, 1),
    model=WORD,
    provider=WORD,
    usage=record(**_usage("prompt_tokens", "total_tokens")),
)
_DOCUMENT = open_record(text=TEXT)
_RERANK = record(
    id=_id("rerank-"),
    model=WORD,
    results=listed(record(("document",), index=_COUNT, relevance_score=NUMBER, document=_DOCUMENT), 1),
    usage=record(**_usage("prompt_tokens", "total_tokens")),
    provider=WORD,
)
_PICTURE = record(("url", "b64_json", "revised_prompt"), url=WORD, b64_json=WORD, revised_prompt=WORD)
_TOLD = ("background", "output_format", "quality", "size")
_IMAGES = record(
    (*_TOLD, "usage"),
    created=_COUNT,
    data=listed(_PICTURE, 1),
    model=WORD,
    provider=WORD,
    credits_charged=_COST,
    usage=open_record(),
    **dict.fromkeys(_TOLD, TEXT),
)
SCHEMAS: Mapping[str, Schema] = {
    "ChatCompletion": _CHAT,
    "Completion": _COMPLETION,
    "Response": _RESPONSE,
    "Message": _MESSAGE,
    "TokenCount": record(input_tokens=_COUNT),
    "Embeddings": _EMBEDDINGS,
    "Rerank": _RERANK,
    "Images": _IMAGES,
}
_STREAM: Schema = {
    "type": "object",
    "description": "One server-sent event; the section on streams of docs/api.md says which there are.",
    "properties": {"event": TEXT, "data": WORD},
    "required": ["data"],
}


def _whole(name: str) -> dict[str, Any]:
    return {JSON: named(name)}


def _either(name: str) -> dict[str, Any]:
    return {JSON: named(name), EVENTS: _STREAM}


ANSWERS: Mapping[str, Mapping[str, Schema]] = {
    "api.chat_completions": _either("ChatCompletion"),
    "api.completions": _either("Completion"),
    "api.responses": _either("Response"),
    "api.messages": _either("Message"),
    "api.count_tokens": _whole("TokenCount"),
    "api.embeddings": _whole("Embeddings"),
    "api.rerank": _whole("Rerank"),
    "api.images": _whole("Images"),
}
