"""A message, from Anthropic's own client to the usage event."""

from typing import Any

import anthropic
import pytest
from anthropic.types import Message, MessageParam, ToolParam, ToolUseBlock

from catalog.models import Multiplier
from inference.pseudonyms import stand_in
from kernel import clock
from tests.fakes.caller import Heard, call
from tests.fakes.cast import RATES, Customer, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import DONE, Pause, answer, event, scripted, stream
from tests.walks.test_chat_completion import WHOLE
from tests.walks.test_stream import END, TOLD, delta

pytestmark = pytest.mark.usefixtures("committed")

ASKED: list[MessageParam] = [{"role": "user", "content": "What is a rate limiter?"}]
TOOL: ToolParam = {
    "name": "weather",
    "description": "Look at the sky.",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
}


def sdk(gateway: Gateway, who: Customer, *, base: str | None = None) -> anthropic.Anthropic:
    root = gateway.base_url.removesuffix("/v1") if base is None else base
    return anthropic.Anthropic(base_url=root, api_key=who.secret, max_retries=0, timeout=20)


def ready(gateway: Gateway, *hops: tuple[str, str], **terms: Any) -> tuple[Customer, str]:
    who, name = customer(**terms), model(*hops)
    gateway.knows(who.secret, name)
    return who, name


def post(gateway: Gateway, who: Customer, body: object, *, path: str = "/messages", **more: str) -> Heard:
    return call(gateway.base_url, path, body, headers={"X-API-Key": who.secret, **more}, patience_s=30)


def cost_of(booked: dict[str, int]) -> int:
    classes = ("input", "cached", "output", "reasoning")
    return (sum(booked[f"{name}_tokens"] * RATES[name] for name in classes) + 500) // 1000


def assert_told_as_booked(message: Message, booked: dict[str, int]) -> None:
    told = message.usage
    assert (told.input_tokens, told.cache_read_input_tokens) == (
        booked["input_tokens"],
        booked["cached_tokens"],
    )
    assert told.output_tokens == booked["output_tokens"] + booked["reasoning_tokens"]
    assert booked["cost"] == cost_of(booked) > 0


def assert_same(streamed: Message, whole: Message) -> None:
    """The client keeps no extra field of the last event, and every message has an id of its own."""
    wanted = {**whole.to_dict(), "id": streamed.id}
    del wanted["credits_charged"]
    assert streamed.to_dict() == wanted


def test_is_answered_and_charged_to_the_nano(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    with sdk(gateway, who) as client:
        raw = client.messages.with_raw_response.create(model=name, messages=ASKED, max_tokens=500)
    reply, booked = raw.parse(), who.event(raw.headers["x-request-id"])
    assert (reply.id, reply.model, reply.role) == (f"msg_{booked['request_id'].hex}", name, "assistant")
    (block,) = reply.content
    assert block.type == "text"
    assert block.text
    assert (reply.stop_reason, reply.stop_sequence) == ("end_turn", None)
    assert_told_as_booked(reply, booked)
    assert reply.model_extra == {"credits_charged": booked["cost"] / 1e9}
    assert who.account()["unbilled"] == booked["cost"]


def test_is_streamed_as_the_same_message(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    with sdk(gateway, who) as client:
        whole = client.messages.create(model=name, messages=ASKED, max_tokens=500)
        with client.messages.stream(model=name, messages=ASKED, max_tokens=500) as told:
            kinds = [each.type for each in told]
            streamed = told.get_final_message()
    assert_same(streamed, whole)
    assert kinds[0] == "message_start"
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    booked = who.events()[-1]
    assert (booked["status"], booked["stream"]) == ("ok", True)
    assert_told_as_booked(streamed, booked)


@pytest.mark.parametrize("upstream_model", ["reasoning", "cached", "tool-call", "parallel-tool-calls"])
def test_tells_what_is_booked_whatever_the_model_does(
    gateway: Gateway, sandbox: str, upstream_model: str
) -> None:
    who, name = ready(gateway, (sandbox, upstream_model))
    asked: dict[str, Any] = {"model": name, "messages": ASKED, "max_tokens": 500, "tools": [TOOL]}
    with sdk(gateway, who) as client:
        whole = client.messages.create(**asked)
        with client.messages.stream(**asked) as events:
            streamed = events.get_final_message()
    assert_same(streamed, whole)
    first, second = who.events()
    assert_told_as_booked(whole, first)
    assert_told_as_booked(streamed, second)
    assert whole.model_extra == {"credits_charged": first["cost"] / 1e9}


def test_pays_each_class_of_tokens_at_its_own_rate(gateway: Gateway) -> None:
    with scripted(answer(WHOLE)) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        heard = post(gateway, who, {"model": name, "messages": ASKED, "max_tokens": 500})
    (booked,) = who.events()
    assert heard.json["usage"]["input_tokens"] == booked["input_tokens"] == 60
    assert heard.json["usage"]["cache_read_input_tokens"] == booked["cached_tokens"] == 40
    assert heard.json["usage"]["output_tokens"] == booked["output_tokens"] + booked["reasoning_tokens"] == 50
    assert heard.json["credits_charged"] == booked["cost"] / 1e9 == cost_of(booked) / 1e9
    assert heard.headers["x-tollway-cost"] == f"{booked['cost'] / 1e9:.9f}"


def test_tells_the_cost_at_the_end_of_a_stream(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    heard = post(gateway, who, {"model": name, "messages": ASKED, "max_tokens": 500, "stream": True})
    (booked,) = who.events()
    assert f'"credits_charged":{booked["cost"] / 1e9}' in heard.body.decode()
    assert heard.body.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert heard.headers["content-type"].startswith("text/event-stream")


def test_carries_calls_and_thinking_from_turn_to_turn(gateway: Gateway) -> None:
    call_delta = {
        "index": 0,
        "id": "call_up",
        "function": {"name": "weather", "arguments": '{"place":"Bern"}'},
    }
    calling = stream(
        event(delta("", delta={"reasoning_content": "Look outside."})),
        event(delta("", delta={"tool_calls": [call_delta]})),
        event(delta("", delta={}, finish_reason="tool_calls")),
        event(TOLD),
        DONE,
    )
    with scripted(calling, answer(WHOLE)) as upstream, sdk(gateway, (who := customer())) as client:
        name = model((upstream.base_url, "up/m"))
        gateway.knows(who.secret, name)
        with client.messages.stream(model=name, messages=ASKED, max_tokens=500, tools=[TOOL]) as events:
            first = events.get_final_message()
        used = first.content[-1]
        assert isinstance(used, ToolUseBlock)
        assert (first.stop_reason, used.id, used.input) == ("tool_use", "call_up", {"place": "Bern"})
        result: MessageParam = {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": used.id, "content": "Rain."}],
        }
        turns = [*ASKED, first.to_param(), result]
        client.messages.create(model=name, messages=turns, max_tokens=500, tools=[TOOL])
    assert upstream.seen[1].json["messages"] == [
        *ASKED,
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "Look outside.",
            "tool_calls": [
                {
                    "id": "call_up",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"place":"Bern"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_up", "content": "Rain."},
    ]


def test_survives_arguments_that_are_no_json(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "bad-tool-call"))
    asked: dict[str, Any] = {"model": name, "messages": ASKED, "max_tokens": 500, "tools": [TOOL]}
    with sdk(gateway, who) as client:
        whole = client.messages.create(**asked)
        with client.messages.stream(**asked) as events:
            streamed = events.get_final_message()
    (used,), (told,) = whole.content, streamed.content
    assert isinstance(used, ToolUseBlock)
    assert isinstance(told, ToolUseBlock)
    assert used.input == {"unparsed_arguments": '{"unfinished": [1, 2'}
    assert told.input == {"unfinished": [1, None], **used.input}  # the last number might have gone on


def test_sends_pictures_and_what_was_set_upstream(gateway: Gateway) -> None:
    with scripted(answer(WHOLE)) as upstream:
        who, name = ready(gateway, (upstream.base_url, "up/m"))
        with sdk(gateway, who) as client:
            client.messages.create(
                model=name,
                max_tokens=500,
                system="Be brief.",
                stop_sequences=["END"],
                thinking={"type": "enabled", "budget_tokens": 1024},
                metadata={"user_id": "u"},
                messages=[
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "What is this?"},
                            {
                                "type": "image",
                                "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0="},
                            },
                        ],
                    }
                ],
                extra_headers={
                    "anthropic-beta": "never-heard-of-2031-01-01",
                    "anthropic-version": "1999-01-01",
                },
                extra_body={"context_management": {"edits": []}, "seed": 7, "temperature": 0.5},
            )
    (seen,) = upstream.seen
    assert seen.path == "/v1/chat/completions"
    sent = seen.json
    assert {name: sent[name] for name in ("model", "max_tokens", "temperature", "stop", "user", "seed")} == {
        "model": "up/m",
        "max_tokens": 500,
        "temperature": 0.5,
        "stop": ["END"],
        "user": stand_in("u", who.workspace.pk),
        "seed": 7,
    }
    assert "context_management" not in sent
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}},
            ],
        },
    ]


def test_stops_for_length_and_for_a_filter(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    filtered = model((sandbox, "content-filter"))
    gateway.knows(who.secret, filtered)
    with sdk(gateway, who) as client:
        short = client.messages.create(model=name, messages=ASKED, max_tokens=3)
        refused = client.messages.create(model=filtered, messages=ASKED, max_tokens=500)
    assert (short.stop_reason, short.usage.output_tokens) == ("max_tokens", 3)
    assert refused.stop_reason == "refusal"


@pytest.mark.parametrize("base", ["", "/v1"])
@pytest.mark.parametrize("credential", ["api_key", "auth_token"])
def test_works_for_base_urls_with_and_without_the_version(
    gateway: Gateway, sandbox: str, base: str, credential: str
) -> None:
    who, name = ready(gateway, (sandbox, "words"))
    root = gateway.base_url.removesuffix("/v1") + base
    given: Any = {credential: who.secret}
    with anthropic.Anthropic(base_url=root, max_retries=0, timeout=20, **given) as client:
        assert client.messages.create(model=name, messages=ASKED, max_tokens=50).content
        assert client.messages.count_tokens(model=name, messages=ASKED).input_tokens > 0


def test_is_free_when_the_answer_is_empty(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "empty"))
    with sdk(gateway, who) as client:
        whole = client.messages.create(model=name, messages=ASKED, max_tokens=50)
        with client.messages.stream(model=name, messages=ASKED, max_tokens=50) as events:
            streamed = events.get_final_message()
    assert (whole.content, whole.stop_reason) == ([], "end_turn")
    assert whole.model_extra == {"credits_charged": 0.0}
    assert_same(streamed, whole)
    assert [booked["cost"] for booked in who.events()] == [0, 0]


def test_is_counted_here_when_the_upstream_tells_no_usage(gateway: Gateway, sandbox: str) -> None:
    who, name = ready(gateway, (sandbox, "no-usage"))
    with sdk(gateway, who) as client:
        with client.messages.stream(model=name, messages=ASKED, max_tokens=50) as events:
            streamed = events.get_final_message()
        counted = client.messages.count_tokens(model=name, messages=ASKED)
    (booked,) = who.events()
    assert booked["usage_source"] == "counted"
    assert_told_as_booked(streamed, booked)
    assert counted.input_tokens == booked["input_tokens"]


@pytest.mark.parametrize(
    "upstream_model", ["crlf", "bom", "multi-line", "split-utf8", "usage-every-chunk", "no-done", "bad-json"]
)
def test_reads_every_spelling_of_a_stream(gateway: Gateway, sandbox: str, upstream_model: str) -> None:
    who, name = ready(gateway, (sandbox, upstream_model))
    with (
        sdk(gateway, who) as client,
        client.messages.stream(model=name, messages=ASKED, max_tokens=500) as told,
    ):
        streamed = told.get_final_message()
    (block,) = streamed.content
    assert block.type == "text"
    assert block.text
    assert streamed.stop_reason == "end_turn"
    assert_told_as_booked(streamed, who.events()[0])


def test_pings_while_the_upstream_thinks(gateway: Gateway) -> None:
    with scripted(stream(event(delta("a")), Pause(11), event(END), event(TOLD), DONE)) as upstream:
        who, name = ready(gateway, (upstream.base_url, "m"))
        heard = post(gateway, who, {"model": name, "messages": ASKED, "max_tokens": 500, "stream": True})
    ping = b'event: ping\ndata: {"type":"ping"}\n\n'
    begun = heard.body.index(b"content_block_delta")
    assert heard.body.count(ping, begun) == 1
    assert heard.body.endswith(b'{"type":"message_stop"}\n\n')


def test_is_a_scope_of_multipliers(gateway: Gateway) -> None:
    half = Multiplier.objects.create(
        scope="dialect", target="anthropic", factor_ppm=500_000, valid_from=clock.now(), reason="test"
    )
    try:
        with scripted(answer(WHOLE), answer(WHOLE)) as upstream:
            who, name = ready(gateway, (upstream.base_url, "m"))
            post(gateway, who, {"model": name, "messages": ASKED, "max_tokens": 500})
            gateway.chat(who.secret, name)
    finally:
        Multiplier.objects.filter(pk=half.pk).update(valid_until=clock.now())
    message, chat = who.events()
    assert (message["multipliers"], message["cost"] * 2) == (f"{half.pk}:500000", chat["cost"])
