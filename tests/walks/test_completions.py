"""A text completion, from the caller to the usage event."""

from typing import Any

import openai
import pytest

from inference.pseudonyms import stand_in
from tests.fakes.caller import Heard, call
from tests.fakes.cast import RATES, Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import DONE, answer, event, scripted, stream

pytestmark = pytest.mark.usefixtures("committed")

PROMPT = "A rate limiter is"


def sdk(gateway: Gateway, who: Customer) -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.base_url, api_key=who.secret, max_retries=0, timeout=20)


def ask(gateway: Gateway, who: Customer, name: str, **fields: Any) -> Heard:
    body = {"model": name, "prompt": PROMPT, **fields}
    return call(gateway.base_url, "/completions", body, headers={"X-API-Key": who.secret}, patience_s=20)


def cost_of(row: dict[str, Any]) -> int:
    pico = sum(int(row[f"{name}_tokens"]) * rate for name, rate in RATES.items())
    return (pico + 500) // 1000


def test_is_given_to_the_sdk_and_charged_to_the_nano(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client:
        raw = client.completions.with_raw_response.create(model=name, prompt=PROMPT, n=2, echo=True)
    reply, row = raw.parse(), who.event(raw.headers["x-request-id"])
    assert (reply.id, reply.object, reply.model) == (f"cmpl-{row['request_id'].hex}", "text_completion", name)
    assert [choice.index for choice in reply.choices] == [0, 1]
    assert all(choice.text.startswith(PROMPT) for choice in reply.choices)
    assert all(choice.text != PROMPT for choice in reply.choices)
    assert {choice.finish_reason for choice in reply.choices} == {
        "length"
    }  # sixteen tokens are the usual limit
    assert reply.usage is not None
    assert reply.usage.completion_tokens == row["output_tokens"] == 32
    assert reply.usage.prompt_tokens == row["input_tokens"]
    assert (row["status"], row["usage_source"], row["finish_reason"]) == ("ok", "upstream", "length")
    assert row["cost"] == cost_of(row) == who.account()["unbilled"]
    told = reply.model_dump()
    assert told["usage"]["cost"] == row["cost"] / 1e9
    assert (told["provider"], type(told["latency_ms"])) == (raw.headers["x-tollway-provider"], int)
    assert row["cost"] <= row["hold"]
    assert (who.account()["held"], who.open_requests()) == (0, 0)


def test_is_streamed_to_the_sdk_with_the_same_text_at_the_same_price(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "world"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client:
        plain = client.completions.create(model=name, prompt=PROMPT, max_tokens=300)
        chunks = list(
            client.completions.create(
                model=name,
                prompt=PROMPT,
                max_tokens=300,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == plain.choices[0].text
    assert {chunk.object for chunk in chunks} == {"text_completion"}
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == [
        plain.choices[0].finish_reason
    ]
    first, second = who.events()
    assert plain.usage is not None
    assert chunks[-1].usage == plain.usage
    assert plain.usage.completion_tokens == second["output_tokens"]
    assert first["cost"] == second["cost"] == cost_of(second) > 0
    assert second["stream"]


def test_tells_the_usage_of_a_stream_to_nobody_who_did_not_ask(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name, stream=True)
    assert heard.headers["content-type"].startswith("text/event-stream")
    assert heard.data[-1] == "[DONE]"
    assert all(event["choices"] and "usage" not in event for event in heard.events)
    assert who.account()["unbilled"] == who.events()[0]["cost"] > 0


def test_leaves_out_what_a_model_thinks_and_charges_it(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "reasoning"))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name, max_tokens=400)
    chat = gateway.chat(who.secret, name, messages=[{"role": "user", "content": PROMPT}], max_tokens=400)
    message = chat.json["choices"][0]["message"]
    assert message["reasoning_content"]
    assert heard.json["choices"][0]["text"] == message["content"]
    first, second = who.events()
    assert first["cost"] == second["cost"] == cost_of(first)
    assert first["reasoning_tokens"] > 0


def test_asks_upstream_for_a_chat(gateway: Gateway) -> None:
    logprobs = {"content": [{"token": " Yes", "logprob": -0.5, "top_logprobs": []}]}
    message = {"role": "assistant", "content": " Yes"}
    whole = {"choices": [{"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}]}
    with scripted(answer(whole)) as upstream:
        who, name = customer(), model((upstream.base_url, "up/m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name, logprobs=2, stop="\n", user="u", best_of=1)
    (seen,) = upstream.seen
    assert seen.path == "/v1/chat/completions"
    assert seen.json == {
        "model": "up/m",
        "messages": [{"role": "user", "content": PROMPT}],
        "max_tokens": 16,
        "logprobs": True,
        "top_logprobs": 2,
        "stop": "\n",
        "user": stand_in("u", who.workspace.pk),
    }
    assert heard.json["choices"][0]["logprobs"]["tokens"] == [" Yes"]


def test_is_free_when_the_text_is_empty(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "empty"))
    gateway.knows(who.secret, name)
    assert ask(gateway, who, name, echo=True).json["choices"][0]["text"] == PROMPT
    assert ask(gateway, who, name, stream=True).data[-1] == "[DONE]"
    assert [row["cost"] for row in who.events()] == [0, 0]


@pytest.mark.parametrize("upstream_model", ["no-usage", "negative-usage"])
def test_is_counted_by_us_where_the_figures_are_missing_or_impossible(
    gateway: Gateway, sandbox: str, upstream_model: str
) -> None:
    who, name = customer(), model((sandbox, upstream_model))
    gateway.knows(who.secret, name)
    heard = ask(gateway, who, name)
    (row,) = who.events()
    assert (row["usage_source"], row["suspect"]) == ("counted", upstream_model == "negative-usage")
    assert heard.json["usage"]["completion_tokens"] == row["output_tokens"] > 0
    assert row["cost"] == cost_of(row)


def test_costs_nothing_where_every_provider_fails(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "error-500"))
    gateway.knows(who.secret, name)
    assert [ask(gateway, who, name, stream=streamed).status for streamed in (False, True)] == [502, 502]
    assert [(row["status"], row["cost"]) for row in who.events()] == [("failed", 0)] * 2
    assert (who.account()["held"], who.account()["unbilled"]) == (0, 0)


def test_is_charged_for_what_was_delivered_of_a_stream_that_broke_off(gateway: Gateway) -> None:
    begun = event({"choices": [{"index": 0, "delta": {"content": " a thing that limits"}}]})
    with scripted(stream(begun, ended=False)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name, stream=True)
    (row,) = who.events()
    assert heard.events[0]["choices"][0]["text"] == " a thing that limits"
    assert heard.events[-1]["error"]["code"] == "PROVIDER_ERROR"
    assert "[DONE]" not in heard.data
    assert (row["status"], row["usage_source"], row["cost"]) == ("upstream_cut", "counted", cost_of(row))
    assert row["output_tokens"] > 0


def test_keeps_apart_the_texts_of_one_stream(gateway: Gateway) -> None:
    events = [
        {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": end}]}
        for index, text, end in [(1, "b", None), (0, "a", None), (1, "d", "stop"), (0, "c", "length")]
    ]
    with scripted(stream(*map(event, events), DONE)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = ask(gateway, who, name, stream=True, n=2)
    choices = [choice for each in heard.events for choice in each["choices"]]
    texts = ["".join(choice["text"] for choice in choices if choice["index"] == n) for n in (0, 1)]
    assert texts == ["ac", "bd"]
    assert {c["index"]: c["finish_reason"] for c in choices if c["finish_reason"]} == {0: "length", 1: "stop"}


def test_names_the_prompt_where_there_are_several(gateway: Gateway) -> None:
    heard = call(
        gateway.base_url,
        "/completions",
        {"model": "m", "prompt": ["a", "b"]},
        headers={"X-API-Key": customer().secret, "Accept": "application/json"},
    )
    assert (heard.status, heard.json["error"]["param"]) == (400, "prompt")
