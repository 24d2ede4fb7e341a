"""Chats and messages sold from an upstream that speaks Anthropic's Messages, from the caller to the usage event."""

from typing import Any

import anthropic
import pytest

from tests.fakes import anthropic_said as said
from tests.fakes.cast import Customer, customer
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import Answer, Hold, Scripted, Step, answer, scripted, stream

pytestmark = pytest.mark.usefixtures("committed")

# USD per million tokens, unlike each other.
RATES = {
    "input": 3_000_000,
    "cached": 300_000,
    "cache_write": 3_750_000,
    "cache_write_1h": 6_000_000,
    "output": 15_000_000,
    "reasoning": 16_000_000,
}
COUNTS = {
    "input": 7,
    "cached": 1001,
    "cache_write": 33,
    "cache_write_1h": 11,
    "output": 13,
    "reasoning": 5,
}
COST = sum(RATES[name] * count for name, count in COUNTS.items()) // 1000
USED = said.usage(
    input_tokens=7,
    cache_read_input_tokens=1001,
    cache_creation_input_tokens=44,
    cache_creation={"ephemeral_5m_input_tokens": 33, "ephemeral_1h_input_tokens": 11},
    output_tokens=18,
    output_tokens_details={"thinking_tokens": 5},
)
MESSAGE = said.message(said.thinking("Hm."), said.text("Yes, it is."), used=USED)
CALLING = said.message(
    said.thinking("Hm. \u00fc", "sig+/=="),
    said.redacted("sealed"),
    said.text("Let me look."),
    said.tool_use("look", {"where": "here", "deep": 1.5}, call_id="toolu_9"),
    reason="tool_use",
    used=USED,
)
WHOLE = answer(MESSAGE.model_dump(mode="json"))
LEAKS = ("127.0.0.1", "api.anthropic", "secret", "overloaded", said.MODEL, "req_01", "msg_01")


def streamed(
    message: Any = MESSAGE, *, upto: int | None = None, then: tuple[Step, ...] = (), ended: bool = True
) -> Answer:
    """A message as a stream; up to some event only, and then something else."""
    return stream(*said.frames(said.events(message, places=[3]))[:upto], *then, ended=ended)


def sold(gateway: Gateway, *upstreams: Scripted, **facts: Any) -> tuple[Customer, str]:
    """A customer, and a model that goes to these upstreams in turn."""
    who = customer()
    hops = (("anthropic", upstream.base_url, said.MODEL) for upstream in upstreams)
    name = said.claude_model(*hops, rates=RATES, **facts)
    gateway.knows(who.secret, name)
    return who, name


def one_event(who: Customer) -> dict[str, Any]:
    """The one usage event of a customer, who holds nothing any more."""
    (booked,) = who.events()
    assert (who.account()["held"], who.open_requests()) == (0, 0)
    return booked


def assert_charged(booked: dict[str, Any]) -> None:
    assert {name: booked[f"{name}_tokens"] for name in COUNTS} == COUNTS
    assert (booked["status"], booked["usage_source"], booked["cost"]) == ("ok", "upstream", COST)
    assert booked["suspect"] is False


def assert_no_leak(raw: bytes) -> None:
    heard = raw.decode().lower()
    assert not [word for word in LEAKS if word in heard]


def client(gateway: Gateway, who: Customer) -> anthropic.Anthropic:
    base_url = gateway.base_url.removesuffix("/v1")
    return anthropic.Anthropic(base_url=base_url, api_key=who.secret, max_retries=0, timeout=20)


def test_are_answered_and_charged_to_the_nano(gateway: Gateway) -> None:
    with scripted(WHOLE) as upstream:
        who, name = sold(gateway, upstream)
        heard = gateway.chat(who.secret, name, max_tokens=100)
    (seen,) = upstream.seen
    assert (seen.path, seen.headers["anthropic-version"]) == ("/v1/messages", "2023-06-01")
    assert seen.json == {
        "model": said.MODEL,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is a limit?"}]}],
    }
    choice, usage = heard.json["choices"][0], heard.json["usage"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Yes, it is.", "stop")
    assert choice["message"]["reasoning_content"] == "Hm."
    assert usage["prompt_tokens_details"] == {
        "cached_tokens": 1001,
        "cache_write_tokens": 33,
        "cache_write_1h_tokens": 11,
    }
    assert_charged(one_event(who))


def test_stream_and_are_charged_to_the_nano(gateway: Gateway) -> None:
    with scripted(streamed()) as upstream:
        who, name = sold(gateway, upstream)
        heard = gateway.chat(who.secret, name, stream=True, stream_options={"include_usage": True})
    assert upstream.seen[0].json["stream"] is True
    assert heard.pieces == ["Yes", ", it is."]
    assert heard.data[-1] == "[DONE]"
    assert [event["usage"]["completion_tokens"] for event in heard.events if event.get("usage")] == [18]
    assert {event["model"] for event in heard.events} == {name}
    assert_charged(one_event(who))


@pytest.mark.parametrize("streaming", [False, True])
def test_tell_messages_their_cache_and_signatures_and_get_them_back(
    gateway: Gateway, streaming: bool
) -> None:
    first = streamed(CALLING) if streaming else answer(CALLING.model_dump(mode="json"))
    tool: Any = {"name": "look", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}}
    asked: list[Any] = [{"role": "user", "content": "What is a limit?"}]
    with scripted(first, WHOLE) as upstream:
        who, name = sold(gateway, upstream)
        with client(gateway, who) as sdk:
            fields: Any = {"model": name, "max_tokens": 4000, "tools": [tool]}
            fields["thinking"] = {"type": "enabled", "budget_tokens": 2000}
            if streaming:
                with sdk.messages.stream(messages=asked, **fields) as told:
                    message = told.get_final_message()
            else:
                message = sdk.messages.create(messages=asked, **fields)
            mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
            result = {
                "type": "tool_result",
                "tool_use_id": "toolu_9",
                "content": "no",
                "is_error": True,
                **mark,
            }
            turns = [
                *asked,
                {"role": "assistant", "content": message.content},
                {"role": "user", "content": [result]},
            ]
            sdk.messages.create(messages=turns, **fields)
    blocks = [block.model_dump(mode="json", exclude_none=True) for block in CALLING.content]
    assert [block.to_dict(mode="json") for block in message.content] == blocks
    assert (message.stop_reason, message.usage.cache_read_input_tokens) == ("tool_use", 1001)
    assert message.usage.cache_creation is not None
    assert message.usage.cache_creation.ephemeral_1h_input_tokens == 11
    assert (message.usage.input_tokens, message.usage.cache_creation_input_tokens) == (7, 44)
    sent = upstream.seen[1].json
    assert sent["messages"][1:] == [
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": [result]},
    ]
    assert sent["tools"] == [tool]
    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    assert [event["cost"] for event in who.events()] == [COST, COST]


def error(status: int, kind: str, words: str = "secret words") -> Answer:
    return answer(said.error(kind, words), status=status)


REFUSALS = {
    "401": error(401, "authentication_error"),
    "403": error(403, "permission_error"),
    "404": error(404, "not_found_error"),
    "429": error(429, "rate_limit_error"),
    "500": error(500, "api_error"),
    "529": error(529, "overloaded_error"),
    "no credit": error(400, "invalid_request_error", "Your credit balance is too low, secret."),
}
PLAIN = REFUSALS | {
    "error in 200": answer(said.error("overloaded_error", "secret")),
    "no message": answer({"type": "completion", "completion": "secret"}),
    "no JSON": answer(b"{secret"),
}
STREAMED = REFUSALS | {
    "error first": stream(said.frame(said.error("overloaded_error", "secret"))),
    "error after the start": streamed(upto=2, then=(said.frame(said.error("overloaded_error", "secret")),)),
    "nothing after the start": streamed(upto=2),
    "nothing": stream(),
    "no stream": WHOLE,
}


@pytest.mark.parametrize(
    ("case", "streaming"), [*((case, False) for case in PLAIN), *((case, True) for case in STREAMED)]
)
def test_go_to_the_next_place(gateway: Gateway, case: str, streaming: bool) -> None:
    failing = (STREAMED if streaming else PLAIN)[case]
    with scripted(failing) as bad, scripted(streamed() if streaming else WHOLE) as good:
        who, name = sold(gateway, bad, good)
        heard = gateway.chat(who.secret, name, stream=streaming)
    assert heard.status == 200, heard.raw
    booked = one_event(who)
    assert booked["attempts"] == 2
    assert_charged(booked)
    assert_no_leak(heard.raw)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("case", ["529", "no credit"])
def test_fail_in_our_words_where_there_is_no_next_place(gateway: Gateway, case: str, streaming: bool) -> None:
    with scripted(*(REFUSALS[case],) * 2) as bad:
        who, name = sold(gateway, bad)
        heard = gateway.chat(who.secret, name, stream=streaming)
    assert (heard.status, heard.headers["x-error-code"]) == (502, "PROVIDER_ERROR")
    assert_no_leak(heard.raw)
    booked = one_event(who)
    assert (booked["status"], booked["cost"], booked["usage_source"]) == ("failed", 0, "none")


@pytest.mark.parametrize("streaming", [False, True])
def test_are_told_what_is_wrong_with_the_request_itself(gateway: Gateway, streaming: bool) -> None:
    long = "prompt is too long: 208310 tokens > 200000 maximum"
    with scripted(error(400, "invalid_request_error", long)) as upstream:
        who, name = sold(gateway, upstream)
        heard = gateway.chat(who.secret, name, stream=streaming)
    assert (heard.status, heard.headers["x-error-code"]) == (400, "CONTEXT_LENGTH_EXCEEDED")
    assert "208310" not in heard.raw.decode()


CUTS: dict[str, Answer] = {
    "before its end": streamed(upto=-1),
    "in its middle": streamed(upto=-4, ended=False),
    "by an error": streamed(upto=-3, then=(said.frame(said.error("overloaded_error", "secret")),)),
}


@pytest.mark.parametrize("case", CUTS)
def test_are_cut_off(gateway: Gateway, case: str) -> None:
    with scripted(CUTS[case]) as upstream:
        who, name = sold(gateway, upstream)
        heard = gateway.chat(who.secret, name, stream=True)
    assert "[DONE]" not in heard.data
    assert heard.events[-1]["error"]
    assert_no_leak(heard.raw)
    booked = one_event(who)
    assert (booked["status"], booked["cached_tokens"], booked["cache_write_tokens"]) == (
        "upstream_cut",
        1001,
        33,
    )
    assert booked["cost"] > 0


def test_forgive_an_event_that_is_broken(gateway: Gateway) -> None:
    frames = said.frames(said.events(MESSAGE))
    with scripted(stream(*frames[:4], b"data: {broken\n\n", *frames[4:])) as upstream:
        who, name = sold(gateway, upstream)
        heard = gateway.chat(who.secret, name, stream=True)
    assert heard.data[-1] == "[DONE]"
    assert_charged(one_event(who))


def test_charge_who_hangs_up_at_the_rates_of_the_cache(gateway: Gateway) -> None:
    hold = Hold()
    with scripted(streamed(upto=-4, then=(hold,))) as upstream:
        who, name = sold(gateway, upstream)
        gateway.chat(who.secret, name, stream=True, until=b"Yes")
        gateway.eventually(lambda: bool(who.events()), within=10)
        hold.event.set()
    booked = one_event(who)
    assert (booked["status"], booked["usage_source"]) == ("client_gone", "counted")
    assert [booked[f"{name}_tokens"] for name in list(COUNTS)[:4]] == list(COUNTS.values())[:4]
    assert booked["suspect"] is False


@pytest.mark.parametrize("fields", [{"n": 2}, {"logprobs": True}])
def test_leave_what_they_have_no_word_for_to_the_next(
    gateway: Gateway, sandbox: str, fields: dict[str, Any]
) -> None:
    with scripted() as upstream:
        who = customer()
        hops = (("anthropic", upstream.base_url, said.MODEL), ("openai", sandbox, "words"))
        name = said.claude_model(*hops)
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name, **fields)
    assert (heard.status, upstream.seen) == (200, [])
    assert len(heard.json["choices"]) == fields.get("n", 1)
