"""Chats and messages sold from a provider that others wrote and that speaks as Anthropic does."""

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from tests.fakes import anthropic_said as said
from tests.fakes.aimock import Aimock, running_aimock
from tests.fakes.cast import RATES, Customer, customer
from tests.fakes.gateway import Gateway

# On a clean machine the provider is installed first.
pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(400)]

SCHEMA: dict[str, object] = {"type": "object", "properties": {"location": {"type": "string"}}}
FUNCTION: Any = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
TOOL: Any = {"name": "get_weather", "input_schema": SCHEMA}
THINKING: Any = {"type": "enabled", "budget_tokens": 1024}
COST = (120 * RATES["input"] + 30 * RATES["output"]) // 1000
LIMITER = "It keeps callers from asking too often."


@pytest.fixture(scope="module")
def aimock() -> Iterator[Aimock]:
    """The running provider."""
    with running_aimock() as running:
        yield running


def sold(gateway: Gateway, aimock: Aimock, *more: tuple[str, str, str]) -> tuple[Customer, str]:
    """A customer, and a model that this provider serves."""
    who = customer()
    name = said.claude_model(("anthropic", aimock.url + "/v1", said.MODEL), *more)
    gateway.knows(who.secret, name)
    return who, name


def chats(gateway: Gateway, who: Customer) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.base_url, api_key=who.secret, max_retries=0, timeout=20)


def messages(gateway: Gateway, who: Customer) -> anthropic.Anthropic:
    base_url = gateway.base_url.removesuffix("/v1")
    return anthropic.Anthropic(base_url=base_url, api_key=who.secret, max_retries=0, timeout=20)


def typed(block: object) -> Any:
    """A block of whatever kind; which one it is the test asserts."""
    return block


def asked(text: str) -> list[Any]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def test_are_answered_whole_and_streamed(gateway: Gateway, aimock: Aimock) -> None:
    who, name = sold(gateway, aimock)
    with chats(gateway, who) as client:
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
    assert heard["path"] == "/v1/messages"
    assert [message["role"] for message in heard["body"]["messages"]] == ["system", "user"]


@pytest.mark.parametrize("streaming", [False, True])
def test_think_and_call_and_go_on_from_what_they_thought(
    gateway: Gateway, aimock: Aimock, streaming: bool
) -> None:
    who, name = sold(gateway, aimock)
    turns: list[Any] = [{"role": "user", "content": "ponder it"}]
    fields: Any = {"model": name, "max_tokens": 4000, "tools": [TOOL], "thinking": THINKING}
    with messages(gateway, who) as client:
        if streaming:
            with client.messages.stream(messages=turns, **fields) as stream:
                first = stream.get_final_message()
        else:
            first = client.messages.create(messages=turns, **fields)
        thought, used = (typed(block) for block in first.content)
        assert (thought.type, used.type, first.stop_reason) == ("thinking", "tool_use", "tool_use")
        assert (thought.thinking, thought.signature) == ("Six times seven.", "aimock-placeholder-signature")
        assert used.input == {"location": "Oslo"}
        result = {"type": "tool_result", "tool_use_id": used.id, "content": "mild"}
        turns += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
        second = client.messages.create(messages=turns, **fields)
    assert second.content[-1].type == "text"
    assert second.content[-1].text == "It is mild in Oslo."
    assert [event["status"] for event in who.events()] == ["ok", "ok"]


def test_go_on_in_a_chat_whose_client_keeps_what_they_thought(gateway: Gateway, aimock: Aimock) -> None:
    who, name = sold(gateway, aimock)
    turns = asked("ponder it")
    with chats(gateway, who) as client:
        fields: Any = {"model": name, "tools": [FUNCTION], "reasoning_effort": "low", "max_tokens": 4000}
        first = client.chat.completions.create(messages=turns, **fields).choices[0].message
        assert first.tool_calls is not None
        result: Any = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "mild"}
        told: Any = first.to_dict()
        kept = client.chat.completions.create(messages=[*turns, told, result], **fields)
        assert aimock.heard()[-1]["response"]["status"] == 200
        # A client that keeps no more than OpenAI's own fields has the turn go on without thinking.
        bare: Any = {"role": "assistant", "tool_calls": [call.to_dict() for call in first.tool_calls]}
        plain = client.chat.completions.create(messages=[*turns, bare, result], **fields)
    assert kept.choices[0].message.content == plain.choices[0].message.content == "It is mild in Oslo."


def test_are_asked_as_responses(gateway: Gateway, aimock: Aimock) -> None:
    who, name = sold(gateway, aimock)
    with chats(gateway, who) as client:
        answer = client.responses.create(model=name, input="What is a limiter?", store=False)
    assert answer.output_text == LIMITER
    assert who.events()[0]["cost"] == COST


def test_go_elsewhere_when_it_is_busy(gateway: Gateway, aimock: Aimock, sandbox: str) -> None:
    who, name = sold(gateway, aimock, ("openai", sandbox, "words"))
    with chats(gateway, who) as client:
        raw = client.chat.completions.with_raw_response.create(model=name, messages=asked("busy"))
    assert raw.parse().choices[0].message.content
    assert ":status_429" in raw.headers["x-tollway-attempts"]
