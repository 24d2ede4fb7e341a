"""Calls of tools in the streams of messages."""

import json
from typing import Any

import pytest

from inference.dialects.messages import MESSAGES, voice
from inference.dialects.messages.voice import PING
from tests.inference.spoken_messages import (
    ASK,
    MODEL,
    REQUEST,
    calling,
    deltas_of,
    event,
    parsed,
    read,
    spoken,
)


def test_writes_a_call_as_it_comes() -> None:
    speaker = MESSAGES.voice(ASK, REQUEST, MODEL)
    speaker.event(b"", calling(0, name="f"))
    start, delta = parsed(speaker.event(b"", calling(0, arguments='{"a":')))
    assert start["content_block"] == {"type": "tool_use", "id": "c0", "name": "f", "input": {}}
    assert delta["delta"] == {"type": "input_json_delta", "partial_json": '{"a":'}
    (delta,) = parsed(speaker.event(b"", calling(0, arguments="1}")))
    assert delta["delta"] == {"type": "input_json_delta", "partial_json": "1"}
    (delta, stop) = parsed(speaker.event(b"", calling(1, name="g")))
    assert delta["delta"] == {"type": "input_json_delta", "partial_json": "}"}
    assert stop == {"type": "content_block_stop", "index": 0}


def test_has_calls_and_words_wait_for_the_call_under_way() -> None:
    speaker = MESSAGES.voice(ASK, REQUEST, MODEL)
    speaker.event(b"", calling(0, name="f", arguments="{"))
    assert speaker.event(b"", calling(1, name="g", arguments='{"b":')) == b""
    assert speaker.event(b"", event({"content": "Meanwhile."})) == b""
    told = parsed(speaker.event(b"", calling(0, arguments="}")))
    assert [each["type"] for each in told] == [
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
    ]
    assert told[-1]["delta"]["partial_json"] == '{"b":'
    told = parsed(speaker.event(b"", event({}, finish_reason="tool_calls")))
    assert [each.get("delta", {}).get("text") for each in told] == [None, None, None, "Meanwhile."]


def test_writes_what_is_no_object_whole_and_as_one() -> None:
    stream = spoken([calling(0, name="f", arguments="[1"), calling(0, arguments=", 2")])
    (delta,) = deltas_of(stream, "input_json_delta")
    assert json.loads(delta["partial_json"]) == {"unparsed_arguments": "[1, 2"}


def test_closes_a_call_that_the_limit_cut_and_tells_it_as_it_came() -> None:
    stream = spoken([calling(0, name="f", arguments='{"a": [1, 2, '), event({}, finish_reason="length")])
    content: Any = read(stream, streamed=True).to_dict()["content"]
    assert content[0]["input"] == {"a": [1, 2, None], "unparsed_arguments": '{"a": [1, 2, '}


def test_tells_calls_apart_by_their_ids_where_they_have_no_index() -> None:
    calls: list[dict[str, Any]] = [
        {"id": "a", "function": {"name": "f", "arguments": '{"x":'}},
        {"function": {"arguments": "1}"}},
        {"id": "b", "function": {"name": "g", "arguments": "{}"}},
    ]
    stream = spoken([event({"tool_calls": [call]}) for call in calls])
    blocks = read(stream, streamed=True).to_dict()["content"]
    assert blocks == [
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
        {"type": "tool_use", "id": "b", "name": "g", "input": {}},
    ]


def test_pings_while_something_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = MESSAGES.voice(ASK, REQUEST, MODEL)
    speaker.event(b"", calling(0, name="f", arguments="{"))
    assert speaker.event(b"", calling(1, name="g", arguments="{")) == b""
    monkeypatch.setattr(voice, "SILENT_SECONDS", 0.0)
    assert speaker.event(b"", calling(1, arguments="}")) == PING
