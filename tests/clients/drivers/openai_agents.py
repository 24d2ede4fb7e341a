"""The Responses API through the Python package `openai`."""

import json
from typing import Any

import openai

from tests.clients.drivers.openai_chat import Verdict, client
from tests.clients.drivers.reporting import QUESTION, WEATHER_SCHEMA, Check, Scene

WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a place",
    "parameters": WEATHER_SCHEMA,
    "strict": False,
}


def plain(scene: Scene) -> None:
    with client(scene) as api:
        answer: Any = api.responses.create(model="sandbox/chat", input=QUESTION, instructions="Be brief.")
    assert (answer.object, answer.status, answer.model) == ("response", "completed", "sandbox/chat")
    assert answer.output_text
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0
    assert answer._request_id


def streamed(scene: Scene) -> None:
    with client(scene) as api:
        events: Any = list(api.responses.create(model="sandbox/chat", input=QUESTION, stream=True))
    kinds = [event.type for event in events]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    for kind in ("output_item.added", "content_part.added", "output_text.done", "output_item.done"):
        assert f"response.{kind}" in kinds
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == events[-1].response.output_text != ""
    assert events[-1].response.usage.output_tokens > 0


def streamed_by_the_manager(scene: Scene) -> None:
    with client(scene) as api, api.responses.stream(model="sandbox/chat", input=QUESTION) as stream:
        heard = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final: Any = stream.get_final_response()
    assert heard == final.output_text != ""


def tools(scene: Scene) -> None:
    with client(scene) as api:
        answer: Any = api.responses.create(model="sandbox/tool-call", input=QUESTION, tools=[WEATHER])
        (call,) = [item for item in answer.output if item.type == "function_call"]
        result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny"}
        asked: Any = [{"role": "user", "content": QUESTION}, call.model_dump(exclude_none=True), result]
        second = api.responses.create(model="sandbox/tool-call", input=asked, tools=[WEATHER])
    assert call.name == "get_weather"
    assert "location" in json.loads(call.arguments)
    assert second.output_text


def tools_streamed(scene: Scene) -> None:
    with client(scene) as api:
        events: Any = list(
            api.responses.create(model="sandbox/tool-call", input=QUESTION, tools=[WEATHER], stream=True)
        )
    deltas = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    (done,) = [event for event in events if event.type == "response.function_call_arguments.done"]
    (call,) = [item for item in events[-1].response.output if item.type == "function_call"]
    assert "".join(deltas) == done.arguments == call.arguments
    assert call.call_id
    assert "location" in json.loads(call.arguments)


def structured(scene: Scene) -> None:
    with client(scene) as api:
        answer = api.responses.parse(model="sandbox/chat", input=QUESTION, text_format=Verdict)
    assert isinstance(answer.output_parsed, Verdict)


def reasoning(scene: Scene) -> None:
    with client(scene) as api:
        answer: Any = api.responses.create(
            model="sandbox/reasoning", input=QUESTION, reasoning={"effort": "low"}
        )
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    assert answer.usage.output_tokens_details.reasoning_tokens > 0


def stateless(scene: Scene) -> None:
    with client(scene) as api:
        said = ""
        try:
            api.responses.create(model="sandbox/chat", input=QUESTION, previous_response_id="resp_1")
        except openai.BadRequestError as error:
            said = error.message
    assert "previous_response_id" in said, said or "it was answered"


def cut(scene: Scene) -> None:
    """A stream that breaks off says so: by an event that it failed, or as the client's exception."""
    with client(scene) as api:
        stream: Any = api.responses.create(model=scene.models["cut"], input=QUESTION, stream=True)
        try:
            kinds = [event.type for event in stream]
        except openai.APIError:
            return
    assert "response.failed" in kinds or "error" in kinds, kinds[-3:]
    assert "response.completed" not in kinds


CHECKS: dict[str, Check] = {
    "responses.plain": plain,
    "responses.stream": streamed,
    "responses.stream_manager": streamed_by_the_manager,
    "responses.tools": tools,
    "responses.tools_streamed": tools_streamed,
    "responses.structured": structured,
    "responses.reasoning": reasoning,
    "responses.stateless": stateless,
    "responses.in_a_stream": cut,
}
