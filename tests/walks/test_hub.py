"""Seed 004: the hub's routes at the root, from the wire to the usage event."""

import json
from fractions import Fraction
from typing import Any

import pytest

from kernel import clock, money
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import Close, answer, event, scripted, stream
from tests.walks.hub import ASKED, CODER, PER_USD, asks, at, costs, ready
from tests.walks.test_stream import delta

pytestmark = pytest.mark.usefixtures("committed")

TOOL = {
    "name": "weather",
    "description": "Look at the sky.",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}},
}
SHAPE = {
    "id": str,
    "name": str,
    "provider": str,
    "context_window": int,
    "max_output_tokens": int,
    "cost_per_1k_input": float,
    "cost_per_1k_output": float,
    "supports_tools": bool,
    "supports_vision": bool,
}


def listed(gateway: Gateway, secret: str, name: str) -> dict[str, Any]:
    told = at(gateway, "/models", **{"X-Api-Key": secret})
    assert told.status == 200, told.body
    assert list(told.json) == ["models"]
    (found,) = [each for each in told.json["models"] if each["id"] == name]
    return dict(found)


def test_models_have_the_fields_of_the_document(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"), input_modalities=["text", "image"])
    found = listed(gateway, who.secret, name)
    assert {field: type(value) for field, value in found.items()} == SHAPE
    assert (found["cost_per_1k_input"], found["cost_per_1k_output"]) == (2.8, 11.2)
    assert (found["supports_tools"], found["supports_vision"]) == (True, True)
    assert (found["context_window"], found["max_output_tokens"]) == (131_072, 8_192)


def test_only_models_that_chat_and_may_be_called_are_listed(gateway: Gateway, sandbox: str) -> None:
    poor = customer(tiers=["free"])
    names = [
        model((sandbox, "words"), tier="max"),
        model((sandbox, "words"), capability="embedding", rates={"input": 1}),
    ]
    mine = model((sandbox, "words"))
    gateway.knows(poor.secret, mine)
    told = {each["id"] for each in at(gateway, "/models", **{"X-Api-Key": poor.secret}).json["models"]}
    assert mine in told
    assert not told & set(names)


def test_a_browser_is_shown_the_page_and_nobody_else_comes_in_without_a_key(gateway: Gateway) -> None:
    shown = at(gateway, "/models", Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (shown.status, shown.headers["location"]) == (302, "/catalog/models")
    bad: list[dict[str, str]] = [{}, {"X-Api-Key": "inf_your_api_key_here"}, {"Authorization": "Bearer x"}]
    for headers in bad:
        for method, path in (("GET", "/models"), ("GET", "/usage/me"), ("POST", "/chat"), ("POST", "/code"), ("DELETE", "/sessions/x")):  # fmt: skip
            told = at(gateway, path, method, **headers)
            assert told.refusal == (401, "AUTHENTICATION_ERROR"), path
            assert told.json["error"]["code"] == "AUTHENTICATION_ERROR"
            assert set(told.json) == {"error"}
            assert set(told.json["error"]) == {"code", "message"}


def test_a_chat_streams_objects_and_is_charged_what_was_shown(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    heard = asks(gateway, who, "/chat", model=name, max_tokens=50)
    assert heard.status == 200, heard.raw
    assert heard.headers["content-type"].startswith("text/event-stream")
    *chunks, done = heard.events
    assert {each["type"] for each in chunks} == {"chunk"}
    assert all(set(each) == {"type", "content"} for each in chunks)
    assert "".join(each["content"] for each in chunks)
    assert "[DONE]" not in heard.data
    booked = who.event(heard.headers["x-request-id"])
    assert (booked["status"], booked["stream"], booked["cost"]) == ("ok", True, costs(booked))
    assert done == {
        "type": "done",
        "model": name,
        "session_id": None,
        "credits_used": booked["cost"] * PER_USD / money.NANO_PER_USD,
    }


def test_what_is_shown_comes_to_the_charge_to_the_nano(gateway: Gateway) -> None:
    usage = {"prompt_tokens": 12_345, "completion_tokens": 67, "total_tokens": 12_412}
    whole = {
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}
        ],
        "usage": usage,
    }
    with scripted(answer(whole)) as upstream:
        rates = {"input": 1_234_567, "output": 7_654_321}
        who, name = ready(gateway, (upstream.base_url, "m"), rates=rates)
        shown = listed(gateway, who.secret, name)
        long = [{"role": "user", "content": "word " * 12_400}]
        heard = asks(gateway, who, "/chat", model=name, messages=long, stream=False, max_tokens=100)
    booked = who.event(heard.headers["x-request-id"])
    assert (booked["input_tokens"], booked["output_tokens"]) == (12_345, 67)
    parts = ((12_345, "cost_per_1k_input"), (67, "cost_per_1k_output"))
    shown_credits = Fraction()
    for tokens, field in parts:
        shown_credits += Fraction(tokens, 1000) * Fraction(str(shown[field]))
    nano = shown_credits * money.NANO_PER_USD / PER_USD
    assert booked["cost"] == money.half_up(nano.numerator, nano.denominator) > 0
    told = json.loads(heard.body, parse_float=Fraction)
    assert told["credits_used"] * money.NANO_PER_USD / PER_USD == booked["cost"]
    assert (told["content"], told["tool_use"], told["model"]) == ("Yes.", [], name)


def test_chat_completions_do_not_pay_the_hubs_margin(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    heard = gateway.chat(who.secret, name)
    booked = who.event(heard.headers["x-request-id"])
    assert booked["cost"] * 14 // 10 in range(costs(booked) - 1, costs(booked) + 2)


def test_bearer_and_app_check_are_taken(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    headers = {"Authorization": f"Bearer {who.secret}", "X-Firebase-AppCheck": "anything"}
    assert at(gateway, "/models", **headers).status == 200
    assert asks(gateway, who, "/chat", model=name, headers=headers).status == 200


def test_code_tells_calls_whole_and_takes_their_results(gateway: Gateway) -> None:
    first = {"index": 0, "id": "call_up", "function": {"name": "weather", "arguments": '{"place":\n'}}
    rest = {"index": 0, "function": {"arguments": '"Bern"}'}}
    calling = stream(
        event(delta("Let me see.")),
        event(delta("", delta={"tool_calls": [first]})),
        event(delta("", delta={"tool_calls": [rest]})),
        event(delta("", finish_reason="tool_calls")),
    )
    with scripted(calling, stream(event(delta("Rain.")), event(delta("", finish_reason="stop")))) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        heard = asks(gateway, who, "/code", model=name, tools=[TOOL], max_tokens=50)
        use = {"type": "tool_use", "id": "call_up", "name": "weather", "input": {"place": "Bern"}}
        assert heard.events[:2] == [{"type": "chunk", "content": "Let me see."}, use]
        assert heard.events[-1]["type"] == "done"
        turns = [
            *ASKED,
            {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, use]},
            {"role": "tool", "tool_use_id": "call_up", "content": "wet"},
        ]
        again = asks(gateway, who, "/code", model=name, tools=[TOOL], max_tokens=50, messages=turns)
        assert [each["type"] for each in again.events] == ["chunk", "done"]
        sent = [seen.json for seen in upstream.seen]
    assert sent[0]["tools"][0]["function"]["parameters"] == TOOL["input_schema"]
    assert sent[1]["messages"][-1] == {"role": "tool", "tool_call_id": "call_up", "content": "wet"}
    assert sent[1]["messages"][-2]["tool_calls"][0]["function"]["name"] == "weather"


def test_code_answers_whole_too(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "tool-call"))
    heard = asks(gateway, who, "/code", model=name, tools=[TOOL], stream=False, max_tokens=50)
    assert heard.status == 200, heard.raw
    (use,) = heard.json["tool_use"]
    assert (use["type"], use["name"], type(use["input"])) == ("tool_use", "weather", dict)
    assert heard.json["credits_used"] > 0


def test_a_model_without_tools_is_refused_on_code_alone(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"), supported_parameters=[])
    heard = asks(gateway, who, "/code", model=name, tools=[TOOL])
    assert (heard.status, heard.json["error"]["code"]) == (400, "INVALID_MODEL")
    assert "tools" in heard.json["error"]["message"]
    assert asks(gateway, who, "/chat", model=name).status == 200


def test_a_missing_model_is_the_first_of_the_plan_that_can(gateway: Gateway, sandbox: str) -> None:
    plain, coder = (
        model((sandbox, "words"), supported_parameters=[]),
        model((sandbox, "words"), **CODER),
    )
    who = customer(auto_models=[plain, coder])
    gateway.knows(who.secret, plain, coder)
    assert asks(gateway, who, "/chat").events[-1]["model"] == plain
    assert asks(gateway, who, "/code").events[-1]["model"] == coder


@pytest.mark.parametrize(
    ("path", "fields", "named"),
    [
        ("/chat", {"messages": []}, "messages"),
        ("/chat", {"messages": [{"role": "owner", "content": "x"}]}, "messages.0.role"),
        ("/chat", {"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ("/chat", {"temperature": 3}, "temperature"),
        ("/chat", {"max_tokens": 0}, "max_tokens"),
        ("/chat", {"stream": "no"}, "stream"),
        ("/chat", {"tools": [TOOL]}, "tools"),
        ("/chat", {"session_id": ""}, "session_id"),
        ("/chat", {"n": 2}, "n"),
        ("/code", {"messages": [{"role": "tool", "content": "x"}]}, "messages.0.tool_use_id"),
        ("/code", {"tools": [{"name": "x"}]}, "tools.0.input_schema"),
    ],
)
def test_what_is_wrong_is_named(
    gateway: Gateway, sandbox: str, path: str, fields: dict[str, Any], named: str
) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    heard = asks(gateway, who, path, **{"model": name, **fields})
    assert (heard.status, heard.json["error"]["code"]) == (400, "VALIDATION_ERROR"), heard.raw
    assert heard.json["error"]["message"].startswith(f"{named}: ")
    assert not who.events()


def test_who_has_no_credit_is_forbidden(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(credit_usd="0"), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = asks(gateway, who, "/chat", model=name)
    assert (heard.status, heard.headers["x-error-code"]) == (403, "INSUFFICIENT_CREDITS")
    assert heard.json["error"]["code"] == "INSUFFICIENT_CREDITS"


def test_a_stream_that_breaks_ends_with_an_error_and_is_not_done(gateway: Gateway) -> None:
    with scripted((*stream(event(delta("Once")))[:-1], Close())) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        heard = asks(gateway, who, "/chat", model=name, max_tokens=50)
    *_, last = heard.events
    assert last["type"] == "error"
    assert set(last) == {"type", "message"}
    assert not [each for each in heard.events if each["type"] == "done"]


def test_usage_tells_the_plan_and_the_cycle_in_credits(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    other = customer()
    cost = sum(
        who.event(asks(gateway, who, "/chat", model=name).headers["x-request-id"])["cost"] for _ in range(2)
    )
    told = at(gateway, "/usage/me", **{"X-Api-Key": who.secret})
    assert told.status == 200, told.body
    found = json.loads(told.body, parse_float=Fraction)
    used = Fraction(cost * PER_USD, money.NANO_PER_USD)
    assert found["plan"] == who.workspace.terms.plan.slug
    assert (found["monthly_credits_total"], found["monthly_credits_remaining"]) == (0, 0)
    assert found["topup_balance"] == 100 * PER_USD - used
    assert found["usage"] == {
        "total_credits_used": used,
        "total_requests": 2,
        "breakdown_by_model": [{"model": name, "credits_used": used, "requests": 2}],
    }
    assert found["billing_cycle_start"][:8] == f"{clock.now():%Y-%m-}"
    empty = at(gateway, "/usage/me", **{"X-Api-Key": other.secret}).json["usage"]
    assert empty == {"total_credits_used": 0, "total_requests": 0, "breakdown_by_model": []}


def test_methods_and_preflights_are_answered_in_the_same_way(gateway: Gateway) -> None:
    for method, path in (("GET", "/chat"), ("DELETE", "/models"), ("POST", "/usage/me")):
        told = at(gateway, path, method, **{"X-Api-Key": customer().secret})
        assert told.refusal == (405, "METHOD_NOT_ALLOWED"), path
        assert set(told.json["error"]) == {"code", "message"}
    for path in ("/chat", "/code", "/models", "/usage/me", "/sessions/x"):
        told = at(gateway, path, "OPTIONS", Origin="https://a.example")
        assert (told.status, told.headers["access-control-allow-origin"]) == (204, "*")
