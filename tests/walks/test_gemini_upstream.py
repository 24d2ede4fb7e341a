"""Chats sold from an upstream that speaks Gemini's dialect, from the caller to the usage event."""

from typing import Any

import pytest

from tests.fakes.caller import call
from tests.fakes.cast import RATES
from tests.fakes.gateway import Gateway
from tests.fakes.gemini import COST, PIECES, USAGE, WHOLE, one_event, said, sold, streamed
from tests.fakes.scripted import answer, scripted

pytestmark = pytest.mark.usefixtures("committed")

TOOL = {
    "type": "function",
    "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {}}}},
}


def test_are_answered_and_charged_to_the_nano(gateway: Gateway) -> None:
    with scripted(answer(WHOLE)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        heard = gateway.chat(who.secret, name, max_tokens=100)
    (seen,) = upstream.seen
    assert seen.path == "/v1/models/gemini-3-flash:generateContent"
    assert seen.json == {
        "contents": [{"role": "user", "parts": [{"text": "What is a limit?"}]}],
        "generationConfig": {"maxOutputTokens": 100},
    }
    message = heard.json["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "Yes.", "reasoning_content": "hm"}
    assert heard.json["usage"]["prompt_tokens_details"]["cached_tokens"] == 400
    assert_charged(one_event(who))


def test_stream_and_are_charged_to_the_nano(gateway: Gateway) -> None:
    with scripted(streamed(*PIECES)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        heard = gateway.chat(who.secret, name, stream=True, stream_options={"include_usage": True})
    assert upstream.seen[0].path == "/v1/models/gemini-3-flash:streamGenerateContent?alt=sse"
    assert heard.pieces == ["Ye", "s."]
    assert heard.data[-1] == "[DONE]"
    assert [event["usage"]["completion_tokens"] for event in heard.events if "usage" in event] == [50]
    assert {event["model"] for event in heard.events} == {name}
    assert_charged(one_event(who))


def assert_charged(booked: dict[str, Any]) -> None:
    classes = [booked[f"{name}_tokens"] for name in ("input", "cached", "output", "reasoning")]
    assert classes == [600, 400, 30, 20]
    assert (booked["status"], booked["usage_source"], booked["cost"]) == ("ok", "upstream", COST)


@pytest.mark.parametrize("stream", [False, True])
def test_carry_a_call_its_signature_and_its_result_there_and_back(gateway: Gateway, stream: bool) -> None:
    called = said(
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "x1"}, "thoughtSignature": "c2lnbmVk"},
        finish="STOP",
        usage=USAGE,
    )
    first = streamed(called) if stream else answer(called)
    with scripted(first, answer(WHOLE)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        heard = gateway.chat(who.secret, name, tools=[TOOL], stream=stream)
        choice = (heard.events if stream else [heard.json])[0]["choices"][0]
        assert choice["finish_reason"] == "tool_calls"
        calls = (choice["delta"] if stream else choice["message"])["tool_calls"]
        asked = {"role": "user", "content": "What is a limit?"}
        turn = {"role": "assistant", "content": None, "tool_calls": calls}
        result = {"role": "tool", "tool_call_id": calls[0]["id"], "content": "7"}
        gateway.chat(who.secret, name, tools=[TOOL], messages=[asked, turn, result])
    assert upstream.seen[1].json["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {
                    "functionCall": {"name": "f", "args": {"a": 1}, "id": "x1"},
                    "thoughtSignature": "c2lnbmVk",
                }
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "f", "response": {"output": "7"}, "id": "x1"}}],
        },
    ]


def test_carry_a_signature_to_callers_of_messages_and_back(gateway: Gateway) -> None:
    called = said(
        {"text": "hm", "thought": True},
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "x1"}, "thoughtSignature": "c2lnbmVk"},
        finish="STOP",
        usage=USAGE,
    )
    tool = {"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    asked: dict[str, Any] = {
        "max_tokens": 500,
        "tools": [tool],
        "thinking": {"type": "enabled", "budget_tokens": 100},
    }
    question = {"role": "user", "content": "Go"}
    with scripted(answer(called), answer(WHOLE)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))

        def message(*messages: dict[str, Any]) -> Any:
            body = {**asked, "model": name, "messages": list(messages)}
            return call(gateway.base_url, "/messages", body, headers={"X-API-Key": who.secret}).json

        turn = message(question)["content"]
        assert turn[-1]["type"] == "tool_use"
        result = {"type": "tool_result", "tool_use_id": turn[-1]["id"], "content": "7"}
        message(question, {"role": "assistant", "content": turn}, {"role": "user", "content": [result]})
    (part,) = upstream.seen[1].json["contents"][1]["parts"]
    assert (part["functionCall"]["id"], part["thoughtSignature"]) == ("x1", "c2lnbmVk")


def test_carry_a_signature_to_callers_of_responses_and_back(gateway: Gateway) -> None:
    called = said(
        {"functionCall": {"name": "f", "args": {"a": 1}, "id": "x1"}, "thoughtSignature": "c2lnbmVk"},
        finish="STOP",
        usage=USAGE,
    )
    asked: dict[str, Any] = {
        "tools": [
            {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {"a": {}}}}
        ],
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    question = {"role": "user", "content": "Go"}
    with scripted(answer(called), answer(WHOLE)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))

        def items(*given: dict[str, Any]) -> Any:
            body = {**asked, "model": name, "input": list(given)}
            return call(gateway.base_url, "/responses", body, headers={"X-API-Key": who.secret}).json[
                "output"
            ]

        turn = items(question)
        result = {"type": "function_call_output", "call_id": turn[-1]["call_id"], "output": "7"}
        items(question, *turn, result)
    (part,) = upstream.seen[1].json["contents"][1]["parts"]
    assert (part["functionCall"]["id"], part["thoughtSignature"]) == ("x1", "c2lnbmVk")


def test_serve_embeddings_too(gateway: Gateway) -> None:
    vectors = {
        "embeddings": [{"values": [0.5, 1]}, {"values": [0.25, 2]}],
        "usageMetadata": {"promptTokenCount": 2},
    }
    with scripted(answer(vectors)) as upstream:
        who, name = sold(
            gateway, ("gemini", upstream), capability="embedding", rates={"input": RATES["input"]}
        )
        body = {"model": name, "input": ["a", "b"]}
        heard = call(gateway.base_url, "/embeddings", body, headers={"X-API-Key": who.secret})
    assert upstream.seen[0].path == "/v1/models/gemini-3-flash:batchEmbedContents"
    assert [each["embedding"] for each in heard.json["data"]] == [[0.5, 1], [0.25, 2]]
    booked = one_event(who)
    assert (booked["input_tokens"], booked["cost"]) == (2, 2 * RATES["input"] // 1000)


def test_may_be_the_next_place_of_a_chat_that_began_elsewhere(gateway: Gateway) -> None:
    with scripted(answer(WHOLE)) as upstream:
        who, name = sold(gateway, ("gemini", upstream))
        made = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        messages = [
            {"role": "user", "content": "Go"},
            {"role": "assistant", "content": None, "tool_calls": [made]},
            {"role": "tool", "tool_call_id": "call_1", "content": "{}"},
        ]
        heard = gateway.chat(who.secret, name, messages=messages, tools=[TOOL])
    assert heard.status == 200
    assert upstream.seen[0].json["contents"][1]["parts"][0]["thoughtSignature"]
