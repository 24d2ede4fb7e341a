"""Reading what is asked."""

import base64
import dataclasses
from typing import Any

import orjson
import pytest

from catalog.snapshot import Hop
from inference.ask import ChatAsk, read_chat
from inference.errors import Failure
from tests.fakes.hops import ONE

USER = {"role": "user", "content": "Hello"}


def body(**fields: Any) -> bytes:
    return orjson.dumps({"model": "m", "messages": [USER], **fields})


UPSTREAM = dataclasses.replace(ONE, upstream_model="up/m")


def sent(ask: ChatAsk, *, hop: Hop = UPSTREAM, max_tokens: int = 100) -> dict[str, Any]:
    found = ask.outgoing(hop, max_tokens=max_tokens)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("raw", "param", "said"),
    [
        (b"", None, "not valid JSON"),
        (b"{", None, "not valid JSON"),
        (b"[]", None, "must be a JSON object"),
        (b'{"model":"m","messages":[{"role":"user"}],"temperature":NaN}', None, "not valid JSON"),
        (b'{"model":"m","messages":[{"role":"user","content":"\xff"}]}', None, "not valid JSON"),
        (b'{"model":"a","model":"b","messages":[{"role":"user"}]}', "model", "model is given twice"),
        (b'{"messages":[{"role":"user"}]}', "model", "model must be"),
        (body(model=""), "model", "model must be"),
        (body(model=3), "model", "model must be"),
        (body(messages=[]), "messages", "non-empty list"),
        (body(messages="hi"), "messages", "non-empty list"),
        (body(messages=[USER, "hi"]), "messages[1]", "messages[1] must be"),
        (body(messages=[{"content": "x"}]), "messages[0]", "with a role"),
        (body(messages=[{"role": "tool", "content": "x"}]), "messages[0].tool_call_id", "tool_call_id"),
        (body(messages=[{"role": "tool", "tool_call_id": 5}]), "messages[0].tool_call_id", "string"),
        (body(stream="yes"), "stream", "stream must be"),
        (body(stream_options=[]), "stream_options", "must be an object"),
        (body(max_tokens=0), "max_tokens", "whole number from 1"),
        (body(max_tokens=1.5), "max_tokens", "whole number from 1"),
        (body(max_tokens=True), "max_tokens", "whole number from 1"),
        (body(max_completion_tokens=-1), "max_completion_tokens", "whole number from 1"),
        (body(n=0), "n", "from 1 to 128"),
        (body(n=129), "n", "from 1 to 128"),
        (body(tools={}), "tools", "list of objects"),
        (body(tools=[1]), "tools", "list of objects"),
    ],
)
def test_names_the_field_that_is_wrong(raw: bytes, param: str | None, said: str) -> None:
    with pytest.raises(Failure) as refused:
        read_chat(raw)
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", param)
    assert said in refused.value.message


@pytest.mark.parametrize("depth", [300, 5_000])
def test_refuses_a_body_nested_too_deeply(depth: int) -> None:
    raw = b'{"model":"m","messages":[{"role":"user"}],"x":' + b"[" * depth + b"]" * depth + b"}"
    with pytest.raises(Failure) as refused:
        read_chat(raw)
    assert refused.value.code == "VALIDATION_ERROR"


def test_lets_the_same_word_stand_in_other_places() -> None:
    ask = read_chat(body(tools=[{"type": "function", "function": {"name": "model", "x": {"model": 1}}}]))
    assert ask.model == "m"


def test_passes_on_what_it_does_not_know() -> None:
    fields = {"temperature": 0.2, "seed": 7, "logit_bias": {"5": -100}, "invented": [1, {"a": None}]}
    assert sent(read_chat(body(**fields, max_tokens=5))) == {
        "model": "up/m",
        "messages": [USER],
        "max_tokens": 5,
        **fields,
    }


def test_reads_wishes_about_models_and_providers_and_takes_the_first_model_of_a_list() -> None:
    ask = read_chat(body(model=None, models=["route/a", "route/b"], provider={"only": ["x"]}))
    assert (ask.model, ask.wishes.models) == ("route/a", ("route/a", "route/b"))
    assert ask.wishes.only == frozenset({"x"})
    with pytest.raises(Failure) as refused:
        read_chat(body(provider={"zdr": True}))
    assert refused.value.param == "provider.zdr"


def test_keeps_back_our_extensions_and_what_could_redirect_a_call() -> None:
    ours: dict[str, Any] = {"models": [], "provider": {}, "transforms": []}
    theirs = {"api_base": "x", "base_url": "x", "api_key": "x", "extra_headers": {}, "proxy": "x"}
    assert set(sent(read_chat(body(**ours, **theirs)))) == {"model", "messages", "max_tokens"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"max_tokens": 100}),
        ({"max_tokens": None}, {"max_tokens": 100}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_tokens": 5000}, {"max_tokens": 100}),
        ({"max_completion_tokens": 5000}, {"max_completion_tokens": 100}),
        ({"max_tokens": 7, "max_completion_tokens": 5000}, {"max_tokens": 7, "max_completion_tokens": 100}),
    ],
)
def test_bounds_the_output(given: dict[str, Any], wanted: dict[str, int]) -> None:
    body_sent = sent(read_chat(body(**given)))
    assert {name: body_sent[name] for name in body_sent if name.startswith("max_")} == wanted


def test_takes_the_greater_of_two_limits_for_the_hold() -> None:
    assert read_chat(body(max_tokens=7, max_completion_tokens=9)).limit == 9


def test_always_asks_a_stream_for_its_usage() -> None:
    ask = read_chat(body(stream=True, stream_options={"include_usage": False, "other": 1}))
    assert (ask.stream, ask.include_usage) == (True, False)
    assert sent(ask)["stream_options"] == {"include_usage": True, "other": 1}


def test_asks_a_whole_answer_for_nothing_more() -> None:
    assert "stream_options" not in sent(read_chat(body()))


def test_bounds_the_prompt_by_its_bytes() -> None:
    text = "漢字 🦊 words"
    ask = read_chat(body(messages=[{"role": "user", "content": text}]))
    assert ask.prompt_bound >= len(text.encode()) + 16


def test_bounds_an_image_by_a_figure_instead_of_its_base64() -> None:
    data = "data:image/png;base64," + base64.b64encode(bytes(300_000)).decode()
    image = {"type": "image_url", "image_url": {"url": data}}
    ask = read_chat(body(messages=[{"role": "user", "content": [image, {"type": "text", "text": "What?"}]}]))
    assert 4096 <= ask.prompt_bound < 5000
    assert ask.prompt_text() == "What?"


def test_counts_the_text_of_all_messages_and_tools() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "result"},
    ]
    text = read_chat(body(messages=messages, tools=[{"type": "function"}])).prompt_text()
    assert all(part in text for part in ("Be brief.", '"name":"f"', "result", '"function"'))


def test_asks_to_think_in_the_upstreams_words() -> None:
    hop = dataclasses.replace(UPSTREAM, reasoning="thinking")
    out = sent(read_chat(body(reasoning_effort="low")), hop=hop)
    assert out["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    assert "reasoning_effort" not in out


@pytest.mark.parametrize(("knows", "role"), [(True, "developer"), (False, "system")])
def test_says_developer_only_to_who_knows_the_role(knows: bool, role: str) -> None:
    told = {"role": "developer", "content": "Be brief."}
    raw = orjson.dumps({"model": "m", "messages": [told, USER]})
    out = sent(read_chat(raw), hop=dataclasses.replace(UPSTREAM, developer_role=knows))
    assert [message["role"] for message in out["messages"]] == [role, "user"]


def test_refuses_reasoning_that_contradicts_itself() -> None:
    with pytest.raises(Failure) as refused:
        read_chat(body(reasoning_effort="high", thinking={"type": "disabled"}))
    assert refused.value.code == "VALIDATION_ERROR"
