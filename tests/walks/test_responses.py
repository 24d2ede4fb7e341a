"""A response, from OpenAI's own client to the usage event."""

import json
from typing import Any

import pytest
from openai.types.responses import (
    CustomToolParam,
    FunctionToolParam,
    Response,
    ResponseFunctionToolCall,
    ResponseInputParam,
    ResponseReasoningItem,
)
from pydantic import BaseModel

from tests.fakes.cast import RATES, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import answer, scripted
from tests.walks.responding import last, respond, sdk

pytestmark = pytest.mark.usefixtures("committed")

WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}
PATCH: CustomToolParam = {"type": "custom", "name": "patch", "description": "Patches files."}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def said(**message: Any) -> dict[str, Any]:
    """A chat's whole answer, with usage of every kind."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": None, **message},
        "finish_reason": "stop",
    }
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 40},
        "completion_tokens_details": {"reasoning_tokens": 20},
    }
    return {"choices": [choice], "usage": usage}


def test_is_answered_and_charged_to_the_nano(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client:
        raw = client.responses.with_raw_response.create(model=name, input="What is a limit?")
    reply, booked = raw.parse(), who.event(raw.headers["x-request-id"])
    assert reply.usage is not None
    assert (reply.id, reply.model, reply.status) == (f"resp_{booked['request_id'].hex}", name, "completed")
    assert reply.output_text
    told = (reply.usage.input_tokens, reply.usage.output_tokens)
    assert told == (booked["input_tokens"], booked["output_tokens"])
    cost = (told[0] * RATES["input"] + told[1] * RATES["output"] + 500) // 1000
    assert booked["cost"] == cost == who.account()["unbilled"]
    assert raw.headers["x-tollway-cost"] == f"{cost / 1e9:.9f}"
    assert reply.usage.to_dict()["cost"] == cost / 1e9


def test_streams_what_it_answers_whole_and_costs_the_same(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "reasoning"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client:
        whole = client.responses.create(model=name, input="What is a limit?")
        with client.responses.stream(model=name, input="What is a limit?") as events:
            pieces = [each.delta for each in events if each.type == "response.output_text.delta"]
            streamed = events.get_final_response()
    assert "".join(pieces) == streamed.output_text == whole.output_text
    assert [item.type for item in streamed.output] == ["reasoning", "message"]
    assert streamed.usage is not None
    assert streamed.usage == whole.usage
    first, second = who.events()
    assert first["cost"] == second["cost"] > 0
    assert streamed.usage.to_dict()["cost"] == first["cost"] / 1e9
    assert second["reasoning_tokens"] == streamed.usage.output_tokens_details.reasoning_tokens > 0


def test_tells_each_class_of_tokens_that_is_booked(gateway: Gateway) -> None:
    with scripted(answer(said(content="Yes."))) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = respond(gateway, who.secret, model=name)
    booked = who.event(heard.headers["x-request-id"])
    assert [booked[f"{each}_tokens"] for each in ("input", "cached", "output", "reasoning")] == [
        60,
        40,
        30,
        20,
    ]
    assert heard.json["usage"] == {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 0},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 150,
        "cost": booked["cost"] / 1e9,
    }


@pytest.mark.parametrize("streaming", [False, True])
def test_calls_tools_and_goes_on_with_their_results(gateway: Gateway, sandbox: str, streaming: bool) -> None:
    who, name = customer(), model((sandbox, "parallel-tool-calls"))
    gateway.knows(who.secret, name)
    history: ResponseInputParam = [{"role": "user", "content": "How is the weather?"}]
    with sdk(gateway, who) as client:
        if streaming:
            with client.responses.stream(model=name, input=history, tools=[WEATHER]) as events:
                first: Response = events.get_final_response()
        else:
            first = client.responses.create(model=name, input=history, tools=[WEATHER])
        calls = [item for item in first.output if isinstance(item, ResponseFunctionToolCall)]
        assert [each.name for each in calls] == ["weather", "weather"]
        assert all("city" in json.loads(each.arguments) for each in calls)
        history += [item.to_dict() for item in first.output]  # type: ignore[misc]
        for each in calls:
            history.append({"type": "function_call_output", "call_id": each.call_id, "output": "Rain."})
        second = client.responses.create(model=name, input=history, tools=[WEATHER])
    assert second.output_text


def test_brings_custom_tools_reasoning_and_pictures_to_the_upstream_and_back(gateway: Gateway) -> None:
    call_of = {"id": "c1", "type": "function"}
    first = answer(
        said(
            reasoning_content="Patch it.",
            tool_calls=[{**call_of, "function": {"name": "patch", "arguments": '{"input":"+ a\\n"}'}}],
        )
    )
    with scripted(first, answer(said(content="Done."))) as upstream:
        who, name = customer(), model((upstream.base_url, "m"), input_modalities=["text", "image"])
        gateway.knows(who.secret, name)
        picture: Any = {"type": "input_image", "image_url": PIXEL, "detail": "auto"}
        history: ResponseInputParam = [
            {"role": "user", "content": [{"type": "input_text", "text": "Mend it."}, picture]}
        ]
        with sdk(gateway, who) as client:
            one = client.responses.create(
                model=name, input=history, tools=[PATCH], include=["reasoning.encrypted_content"]
            )
            thought, patch = one.output
            assert isinstance(thought, ResponseReasoningItem)
            assert thought.summary[0].text == "Patch it."
            assert patch.type == "custom_tool_call"
            assert patch.input == "+ a\n"
            sealed: Any = {
                "type": "reasoning",
                "id": thought.id,
                "summary": [],
                "encrypted_content": thought.encrypted_content,
            }
            history += [sealed, patch.to_dict()]  # type: ignore[list-item]
            history.append(
                {
                    "type": "custom_tool_call_output",
                    "call_id": patch.call_id,
                    "output": [{"type": "input_text", "text": "ok"}, picture],
                }
            )
            client.responses.create(model=name, input=history, tools=[PATCH])
    function = upstream.seen[0].json["tools"][0]["function"]
    assert (function["name"], function["description"]) == ("patch", "Patches files.")
    assert function["parameters"]["required"] == ["input"]
    image = {"type": "image_url", "image_url": {"url": PIXEL}}
    assert upstream.seen[1].json["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Mend it."}, image]},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "Patch it.",
            "tool_calls": [{**call_of, "function": {"name": "patch", "arguments": '{"input":"+ a\\n"}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
        {"role": "user", "content": [{"type": "text", "text": "Output of c1:"}, image]},
    ]


class Forecast(BaseModel):
    city: str
    degrees: int


def test_keeps_to_a_schema(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client:
        reply = client.responses.parse(model=name, input="Forecast?", text_format=Forecast)
    assert isinstance(reply.output_parsed, Forecast)


@pytest.mark.parametrize("streaming", [False, True])
def test_that_ran_into_its_limit_is_incomplete(gateway: Gateway, sandbox: str, streaming: bool) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = respond(gateway, who.secret, model=name, max_output_tokens=3, stream=streaming)
    response = heard.json if not streaming else last(heard)["response"]
    assert (response["status"], response["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )
    assert response["output"][0]["status"] == "incomplete"
    (booked,) = who.events()
    assert (booked["output_tokens"], response["usage"]["output_tokens"]) == (3, 3)
    assert booked["finish_reason"] == "length"


@pytest.mark.parametrize("streaming", [False, True])
def test_is_free_when_it_is_empty(gateway: Gateway, sandbox: str, streaming: bool) -> None:
    who, name = customer(), model((sandbox, "empty"))
    gateway.knows(who.secret, name)
    heard = respond(gateway, who.secret, model=name, stream=streaming)
    response = last(heard)["response"] if streaming else heard.json
    assert (response["status"], response["output"], response["usage"]["cost"]) == ("completed", [], 0)
    assert who.events()[0]["cost"] == 0


def test_sends_upstream_a_chat_and_nothing_that_only_responses_know(gateway: Gateway) -> None:
    with scripted(answer(said(content="Yes."))) as upstream:
        who, name = customer(), model((upstream.base_url, "up/m"))
        gateway.knows(who.secret, name)
        heard = respond(
            gateway,
            who.secret,
            model=name,
            instructions="Be brief.",
            max_output_tokens=100,
            reasoning={"effort": "low", "summary": "auto"},
            text={"verbosity": "low", "format": {"type": "json_object"}},
            store=True,
            metadata={"a": "b"},
            include=["reasoning.encrypted_content"],
            client_metadata={"session_id": "x"},
            truncation="disabled",
            parallel_tool_calls=False,
            tool_choice="auto",
            seed=7,
        )
    sent = upstream.seen[0].json
    assert sent.pop("reasoning_effort", None) or sent.pop("reasoning", None)
    assert sent == {
        "model": "up/m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "max_tokens": 100,
        "verbosity": "low",
        "response_format": {"type": "json_object"},
        "seed": 7,
    }
    told = heard.json
    assert (told["instructions"], told["max_output_tokens"], told["store"]) == ("Be brief.", 100, False)
    assert (told["metadata"], told["parallel_tool_calls"]) == ({"a": "b"}, False)
    assert told["reasoning"] == {"effort": "low", "summary": "auto"}


def test_drops_the_oldest_turns_where_that_is_asked_for(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"), context_length=400, max_output_tokens=100)
    gateway.knows(who.secret, name)
    history = [{"role": "user", "content": f"Number {n}: " + "word " * 100} for n in range(5)]
    heard = respond(gateway, who.secret, model=name, input=history, truncation="auto")
    assert (heard.status, heard.json["truncation"]) == (200, "auto")
    assert int(heard.headers["x-tollway-truncated"]) >= 2
    refused = respond(gateway, who.secret, model=name, input=history, truncation="disabled")
    assert (refused.status, refused.json["error"]["code"]) == (400, "context_length_exceeded")
