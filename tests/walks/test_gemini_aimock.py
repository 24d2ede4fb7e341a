"""Chats sold from a provider that others wrote and that speaks as Gemini does, asked in each of our three dialects."""

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from tests.fakes.aimock import Aimock, running_aimock
from tests.fakes.cast import RATES, Customer, customer
from tests.fakes.gateway import Gateway
from tests.fakes.gemini import gemini_model

# On a clean machine the provider is installed first.
pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(400)]

API, VERTEX = "/v1beta", "/v1/projects/p/locations/global/publishers/google"
SCHEMA: dict[str, object] = {"type": "object", "properties": {"location": {"type": "string"}}}
TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Weather of a place", "parameters": SCHEMA},
}
COST = (120 * RATES["input"] + 30 * RATES["output"]) // 1000
LIMITER = "It keeps callers from asking too often."


@pytest.fixture(scope="module")
def aimock() -> Iterator[Aimock]:
    """The running provider."""
    with running_aimock() as running:
        yield running


def sold(
    gateway: Gateway, aimock: Aimock, *more: tuple[str, str, str], at: str = API
) -> tuple[Customer, str]:
    """A customer, and a model that this provider serves at one of Google's two addresses."""
    who = customer()
    name = gemini_model(("gemini", aimock.url + at, "gemini-3-flash"), *more)
    gateway.knows(who.secret, name)
    return who, name


def sdk(gateway: Gateway, who: Customer) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.base_url, api_key=who.secret, max_retries=0, timeout=20)


def asked(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


@pytest.mark.parametrize("at", [API, VERTEX])
def test_are_answered_whole_and_streamed(gateway: Gateway, aimock: Aimock, at: str) -> None:
    who, name = sold(gateway, aimock, at=at)
    with sdk(gateway, who) as client:
        whole = client.chat.completions.create(model=name, messages=asked("What is a limiter?"))
        with client.chat.completions.create(
            model=name,
            messages=asked("What is a limiter?"),
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            chunks = list(stream)
    assert whole.choices[0].message.content == LIMITER
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == LIMITER
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 30
    assert [(event["usage_source"], event["cost"]) for event in who.events()] == [("upstream", COST)] * 2
    heard = aimock.heard()[-1]
    assert heard["path"].startswith(at)
    assert [message["role"] for message in heard["body"]["messages"]] == ["system", "user"]


def test_show_their_thoughts(gateway: Gateway, aimock: Aimock) -> None:
    who, name = sold(gateway, aimock)
    with sdk(gateway, who) as client:
        answer = client.chat.completions.create(model=name, messages=asked("think"), reasoning_effort="high")
    message: Any = answer.choices[0].message
    assert (message.content, message.reasoning_content) == ("Forty-two.", "Six times seven.")


def test_call_tools_and_go_on_from_their_results(gateway: Gateway, aimock: Aimock) -> None:
    who, name = sold(gateway, aimock)
    messages = asked("What is the weather?")
    with sdk(gateway, who) as client:
        first = client.chat.completions.create(model=name, messages=messages, tools=[TOOL])
        turn = first.choices[0].message
        assert first.choices[0].finish_reason == "tool_calls"
        assert turn.tool_calls is not None
        (call,) = turn.tool_calls
        assert call.type == "function"
        assert call.function.arguments == '{"location":"Oslo"}'
        messages.append({"role": "assistant", "tool_calls": [call.to_dict()]})  # type: ignore[list-item]
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "mild"})
        second = client.chat.completions.create(model=name, messages=messages, tools=[TOOL])
    assert second.choices[0].message.content == "It is mild in Oslo."
    said = aimock.heard()[-1]["body"]["messages"]
    assert said[2]["tool_calls"][0]["id"] == call.id
    assert (said[3]["role"], said[3]["content"]) == ("tool", '{"output":"mild"}')


def test_call_tools_for_callers_of_messages(gateway: Gateway, aimock: Aimock) -> None:
    who, name = sold(gateway, aimock)
    tool: Any = {"name": "get_weather", "input_schema": SCHEMA}
    messages: list[Any] = [{"role": "user", "content": "What is the weather?"}]
    base_url = gateway.base_url.removesuffix("/v1")
    with anthropic.Anthropic(base_url=base_url, api_key=who.secret, max_retries=0, timeout=20) as client:
        with client.messages.stream(model=name, max_tokens=500, messages=messages, tools=[tool]) as stream:
            first = stream.get_final_message()
        (used,) = [block for block in first.content if block.type == "tool_use"]
        assert (first.stop_reason, used.input) == ("tool_use", {"location": "Oslo"})
        result = {"type": "tool_result", "tool_use_id": used.id, "content": "mild"}
        messages += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
        second = client.messages.create(model=name, max_tokens=500, messages=messages, tools=[tool])
    assert second.content[-1].type == "text"
    assert second.content[-1].text == "It is mild in Oslo."


def test_are_asked_as_responses(gateway: Gateway, aimock: Aimock) -> None:
    who, name = sold(gateway, aimock)
    with sdk(gateway, who) as client:
        answer = client.responses.create(model=name, input="What is a limiter?", store=False)
    assert answer.output_text == LIMITER
    assert who.events()[0]["cost"] == COST


def test_go_elsewhere_when_it_is_busy(gateway: Gateway, aimock: Aimock, sandbox: str) -> None:
    who, name = sold(gateway, aimock, ("openai", sandbox, "words"))
    with sdk(gateway, who) as client:
        raw = client.chat.completions.with_raw_response.create(model=name, messages=asked("busy"))
    assert raw.parse().choices[0].message.content
    assert ":status_429" in raw.headers["x-tollway-attempts"]
