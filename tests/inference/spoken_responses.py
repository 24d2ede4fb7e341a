"""Responses as a client hears them: chat events through our voice, events through OpenAI's own accumulator."""

import json
from typing import Annotated, Any, get_args
from uuid import UUID

import orjson
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ParsedResponse, Response, ResponseStreamEvent
from pydantic import Field, TypeAdapter

from catalog.pricing import Counts
from inference.dialects import Told
from inference.dialects.responses import RESPONSES
from inference.dialects.responses.asking import ResponsesAsk
from inference.meter import Reading

ID = UUID("0192f5a8-0000-7000-8000-000000000001")
READING = Reading(Counts(input=60, cached=40, output=30, reasoning=20), "upstream")
TOLD = Told(ID, "route/m", "p", 12, READING, cost=1_500_000)
# By its type at once: trying every kind of event in turn takes a tenth of a second for a response.
EVENT_TYPES: Any = Annotated[get_args(ResponseStreamEvent)[0], Field(discriminator="type")]
EVENT: TypeAdapter[Any] = TypeAdapter(EVENT_TYPES)


def asked(**fields: Any) -> ResponsesAsk:
    """Read a request of one short input unless the fields say otherwise."""
    return RESPONSES.read(json.dumps({"model": "route/m", "input": "Hi", **fields}).encode())


def chunk(delta: dict[str, Any], finish: str | None = None, **beside: Any) -> dict[str, Any]:
    """An event of a chat."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish, **beside}]}


def streamed(ask: ResponsesAsk, chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events for these chat events up to the end of a settled answer, each checked to be well-formed."""
    voice = RESPONSES.voice(ask, ID, "route/m")
    frames = b"".join(voice.event(orjson.dumps(each), each) for each in chunks) + voice.end(TOLD)
    return events_of(frames)


def events_of(frames: bytes) -> list[dict[str, Any]]:
    """Return the events of a stream, checking names, numbers and fields against OpenAI's types."""
    found = []
    for number, block in enumerate(frames.decode().removesuffix("data: [DONE]\n\n").split("\n\n")[:-1]):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        assert event["sequence_number"] == number
        EVENT.validate_python(event)
        found.append(event)
    return found


def accumulated(events: list[dict[str, Any]]) -> ParsedResponse[Any]:
    """Return what OpenAI's client makes of events; it refuses an order that makes no sense."""
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=[], text_format=omit)
    for event in events:
        state.handle_event(EVENT.validate_python(event))
    assert state._completed_response is not None
    return state._completed_response


def answered(
    ask: ResponsesAsk, message: dict[str, Any], finish: str = "stop", **beside: Any
) -> dict[str, Any]:
    """Return the response for a chat's whole message, checked to be well-formed."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, **beside}
    response: dict[str, Any] = json.loads(RESPONSES.whole(ask, {"choices": [choice]}, TOLD))
    Response.model_validate(response)
    return response
