"""Text completions, as read and as written back."""

import dataclasses
import time
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given

from catalog.pricing import Counts
from inference.dialects import Told
from inference.dialects.chat import DONE, KEEP_ALIVE
from inference.dialects.completions import COMPLETIONS, CompletionsAsk, CompletionsVoice
from inference.errors import Failure
from inference.meter import Reading
from tests.fakes.hops import ONE
from tests.inference.anything import ANYTHING, taken

ID = UUID(int=5)
TOLD = Told(ID, "route/x", "p", 3, Reading(Counts(input=7, output=2), "upstream"), cost=350)
USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
LOGPROBS = {
    "content": [
        {"token": " Hel", "logprob": -0.5, "top_logprobs": [{"token": " Hel", "logprob": -0.5}]},
        {"token": "lo", "logprob": -0.25, "top_logprobs": []},
    ]
}
FIELDS = ("model", "prompt", "echo", "best_of", "suffix", "logprobs", "max_tokens", "n", "stop", "stream")


def ask(**fields: Any) -> CompletionsAsk:
    return COMPLETIONS.read(orjson.dumps({"model": "route/x", "prompt": "Say", **fields}))


def sent(asked: CompletionsAsk) -> Any:
    return asked.outgoing(ONE, max_tokens=100)


def written(asked: CompletionsAsk, *choices: dict[str, Any], **fields: Any) -> Any:
    answer = {"created": 1, "choices": list(choices), "usage": USAGE, **fields}
    return orjson.loads(COMPLETIONS.whole(asked, answer, TOLD))


def said(voice: CompletionsVoice, **event: Any) -> Any:
    frame = voice.event(b"", {"created": 1, **event})
    return orjson.loads(frame.removeprefix(b"data: ")) if frame else None


def delta(text: str | None, *, index: int = 0, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"index": index, "delta": {"content": text}, "finish_reason": finish, **fields}


@pytest.mark.parametrize(
    ("fields", "param", "said"),
    [
        ({"model": ""}, "model", "model must be"),
        ({"prompt": None}, "prompt", "non-empty string"),
        ({"prompt": ""}, "prompt", "non-empty string"),
        ({"prompt": []}, "prompt", "non-empty string"),
        ({"prompt": [""]}, "prompt", "non-empty string"),
        ({"prompt": ["a", "b"]}, "prompt", "one text"),
        ({"prompt": [1, 2]}, "prompt", "one text"),
        ({"prompt": [[1, 2]]}, "prompt", "one text"),
        ({"prompt": {"a": 1}}, "prompt", "non-empty string"),
        ({"suffix": "end"}, "suffix", "not supported"),
        ({"suffix": 5}, "suffix", "not supported"),
        ({"best_of": 2}, "best_of", "must be 1"),
        ({"best_of": 0}, "best_of", "whole number from 1"),
        ({"echo": "yes"}, "echo", "true or false"),
        ({"echo": True, "logprobs": 0}, "logprobs", "leave out logprobs or echo"),
        ({"logprobs": 6}, "logprobs", "from 0 to 5"),
        ({"logprobs": True}, "logprobs", "from 0 to 5"),
        ({"max_tokens": 0}, "max_tokens", "whole number from 1"),
        ({"n": 129}, "n", "from 1 to 128"),
        ({"stream": "yes"}, "stream", "true or false"),
        ({"stream_options": []}, "stream_options", "an object"),
        ({"messages": [{"role": "user"}]}, "messages", "belongs to /chat/completions"),
        ({"tools": [{}]}, "tools", "belongs to /chat/completions"),
    ],
)
def test_names_the_field_that_is_wrong(fields: dict[str, Any], param: str, said: str) -> None:
    with pytest.raises(Failure) as refused:
        ask(**fields)
    assert (refused.value.code, refused.value.param) == ("VALIDATION_ERROR", param)
    assert said in refused.value.message


@pytest.mark.parametrize("name", FIELDS)
@given(value=ANYTHING)
def test_reads_or_refuses_whatever_stands_in_a_field(name: str, value: Any) -> None:
    asked = taken(lambda: ask(**{name: value}))
    if asked is not None:
        assert 1 <= asked.n <= 128
        sent(asked)


def test_asks_for_a_chat_of_one_message() -> None:
    assert sent(ask(prompt=["Say"], temperature=0, stop=["."], best_of=1, suffix=None, echo=True)) == {
        "model": ONE.upstream_model,
        "messages": [{"role": "user", "content": "Say"}],
        "max_tokens": 16,
        "temperature": 0,
        "stop": ["."],
    }


@pytest.mark.parametrize(
    ("given_fields", "wanted"),
    [
        ({}, {"max_tokens": 16}),
        ({"max_tokens": None}, {"max_tokens": 16}),
        ({"max_tokens": 50}, {"max_tokens": 50}),
        ({"max_completion_tokens": 50}, {"max_completion_tokens": 50}),
        ({"max_tokens": 500}, {"max_tokens": 100}),
    ],
)
def test_bounds_the_output_as_the_original_does(given_fields: dict[str, Any], wanted: dict[str, int]) -> None:
    body = sent(ask(**given_fields))
    assert {name: body[name] for name in body if name.startswith("max_")} == wanted


@pytest.mark.parametrize(
    ("number", "wanted"),
    [(None, {}), (0, {"logprobs": True}), (3, {"logprobs": True, "top_logprobs": 3})],
)
def test_asks_for_log_probabilities_as_chats_do(number: int | None, wanted: dict[str, Any]) -> None:
    body = sent(ask(logprobs=number, top_logprobs=9))
    assert {name: body[name] for name in body if "logprobs" in name} == wanted


def test_gives_the_text_with_our_names_and_what_it_cost() -> None:
    message = {"role": "assistant", "content": " Hello", "reasoning_content": "Hm."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    assert written(ask(), choice, id="theirs", model="theirs") == {
        "id": f"cmpl-{ID.hex}",
        "object": "text_completion",
        "created": 1,
        "model": "route/x",
        "choices": [{"text": " Hello", "index": 0, "logprobs": None, "finish_reason": "stop"}],
        "usage": {**USAGE, "cost": 3.5e-7},
        "provider": "p",
        "latency_ms": 3,
    }


def test_begins_each_text_with_the_prompt_where_it_is_wanted() -> None:
    choices = [{"index": n, "message": {"content": text}} for n, text in enumerate([" a", " b"])]
    texts = [choice["text"] for choice in written(ask(echo=True, n=2), *choices)["choices"]]
    assert texts == ["Say a", "Say b"]


@pytest.mark.parametrize(
    ("choice", "text", "finish"),
    [
        ({"index": 0, "message": {"content": None}, "finish_reason": "tool_calls"}, "", "stop"),
        ({"index": 0, "message": {"content": [{"text": "x"}]}, "finish_reason": "length"}, "", "length"),
        ({"message": None, "finish_reason": 5}, "", None),
        ({}, "", None),
    ],
)
def test_makes_a_text_of_whatever_an_upstream_says(
    choice: dict[str, Any], text: str, finish: str | None
) -> None:
    (shown,) = written(ask(), choice)["choices"]
    assert (shown["text"], shown["finish_reason"], shown["index"]) == (text, finish, 0)


def test_writes_log_probabilities_as_lists() -> None:
    choice = {"index": 0, "message": {"content": " Hello"}, "logprobs": LOGPROBS}
    lists = {"tokens": [" Hel", "lo"], "token_logprobs": [-0.5, -0.25], "text_offset": [0, 4]}
    (shown,) = written(ask(logprobs=1), choice)["choices"]
    assert shown["logprobs"] == {**lists, "top_logprobs": [{" Hel": -0.5}, {}]}
    (shown,) = written(ask(logprobs=0), choice)["choices"]
    assert shown["logprobs"] == {**lists, "top_logprobs": None}
    (shown,) = written(ask(), choice)["choices"]
    assert shown["logprobs"] is None


@given(ANYTHING)
def test_survives_whatever_stands_for_log_probabilities(given_logprobs: Any) -> None:
    choice = {"index": 0, "message": {"content": "x"}, "logprobs": given_logprobs}
    assert written(ask(logprobs=2), choice)["choices"][0]["text"] == "x"


def test_streams_the_text_and_nothing_else() -> None:
    voice = COMPLETIONS.voice(ask(stream=True), ID, "route/x")
    assert said(voice, choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}]) is None
    assert said(voice, choices=[{"index": 0, "delta": {"reasoning_content": "Hm."}}]) is None
    assert said(voice, choices=[delta(" Hello")]) == {
        "id": f"cmpl-{ID.hex}",
        "object": "text_completion",
        "model": "route/x",
        "created": 1,
        "choices": [{"text": " Hello", "index": 0, "logprobs": None, "finish_reason": None}],
    }
    assert said(voice, choices=[delta("", finish="stop")])["choices"][0]["finish_reason"] == "stop"
    assert said(voice, choices=[], usage=USAGE) is None
    assert voice.end(TOLD) == DONE


def test_streams_the_usage_to_who_asked_for_it() -> None:
    voice = COMPLETIONS.voice(ask(stream=True, stream_options={"include_usage": True}), ID, "route/x")
    said(voice, choices=[], usage=USAGE)
    last, end = voice.end(TOLD).split(b"\n\n", 1)
    chunk = orjson.loads(last.removeprefix(b"data: "))
    assert (chunk["choices"], chunk["usage"]) == ([], {**USAGE, "cost": 3.5e-7})
    assert end == DONE


def test_tells_our_own_count_where_the_upstreams_was_not_believed() -> None:
    voice = COMPLETIONS.voice(ask(stream=True, stream_options={"include_usage": True}), ID, "route/x")
    said(voice, choices=[], usage={"prompt_tokens": -1})
    told = dataclasses.replace(TOLD, reading=Reading(Counts(input=3, output=4), "counted", suspect=True))
    assert b'"prompt_tokens":3,"completion_tokens":4,"total_tokens":7' in voice.end(told)


def test_streams_the_prompt_once_for_each_text() -> None:
    voice = COMPLETIONS.voice(ask(stream=True, echo=True, n=2), ID, "route/x")
    events = [[delta("", index=0)], [delta(" a", index=0)], [delta(" b", index=1), delta("c", index=0)]]
    heard = ["", ""]
    for choices in events:
        for choice in said(voice, choices=choices)["choices"]:
            heard[choice["index"]] += choice["text"]
    assert heard == ["Say ac", "Say b"]


def test_streams_log_probabilities_with_the_place_in_the_whole_text() -> None:
    voice = COMPLETIONS.voice(ask(stream=True, logprobs=0), ID, "route/x")
    said(voice, choices=[delta("Oh")])
    choice = said(voice, choices=[delta(" Hello", logprobs=LOGPROBS)])["choices"][0]
    assert choice["logprobs"]["text_offset"] == [2, 6]


def test_keeps_a_caller_waiting_no_longer_than_ten_seconds_for_a_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    voice = COMPLETIONS.voice(ask(stream=True), ID, "route/x")
    thought = {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}}]}
    now = 109.0
    assert voice.event(b"", thought) == b""
    now = 110.0
    assert voice.event(b"", thought) == KEEP_ALIVE
    assert voice.event(b"", thought) == b""


def test_ends_a_killed_stream_and_breaks_off_a_broken_one() -> None:
    voice = COMPLETIONS.voice(ask(stream=True), ID, "route/x")
    assert voice.killed() == DONE
    assert b'"code":"PROVIDER_ERROR"' in voice.broken(Failure("PROVIDER_ERROR", "It broke off."))
    assert b"[DONE]" not in voice.broken(Failure("PROVIDER_ERROR", "It broke off."))


def test_tells_who_asked_for_it_what_a_stream_used_that_did_not_end_by_itself() -> None:
    voice = COMPLETIONS.voice(ask(stream=True, stream_options={"include_usage": True}), ID, "route/x")
    for closing in (voice.killed(TOLD), voice.broken(Failure("PROVIDER_ERROR", "It broke off."), TOLD)):
        chunk = orjson.loads(closing.split(b"\n\n")[0].removeprefix(b"data: "))
        assert (chunk["choices"], chunk["usage"]["completion_tokens"]) == ([], 2)
        assert closing.count(b"\n\n") == 2
    assert COMPLETIONS.voice(ask(stream=True), ID, "route/x").killed(TOLD) == DONE
