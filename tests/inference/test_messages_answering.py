"""Answers to chats, as messages."""

from typing import Any
from uuid import UUID

import orjson
import pytest

from catalog.pricing import Counts
from inference.dialects import Told
from inference.dialects.messages import MESSAGES
from inference.meter import Reading

REQUEST = UUID(int=7)
COUNTS = Counts(input=60, cached=40, cache_write=7, cache_write_1h=3, output=30, reasoning=20)
TOLD = Told(
    request_id=REQUEST,
    model="route/m",
    provider="p",
    milliseconds=1,
    reading=Reading(COUNTS, "upstream"),
    cost=2_500_000,
)
ASK = MESSAGES.read(
    b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"stop_sequences":["END","."]}'
)


def message(body: Any, finish: Any = "stop", **choice: Any) -> dict[str, Any]:
    choices = [{"index": 0, "message": body, "finish_reason": finish, **choice}]
    told = orjson.loads(MESSAGES.whole(ASK, {"id": "theirs", "choices": choices}, TOLD))
    assert isinstance(told, dict)
    return told


def call(arguments: Any, **more: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": arguments}, **more}


def test_are_messages_with_all_that_was_used() -> None:
    assert message({"role": "assistant", "content": "Yes."}) == {
        "id": f"msg_{REQUEST.hex}",
        "type": "message",
        "role": "assistant",
        "model": "route/m",
        "content": [{"type": "text", "text": "Yes."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 60,
            "cache_creation_input_tokens": 10,
            "cache_read_input_tokens": 40,
            "cache_creation": {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 3},
            "output_tokens": 50,
            "output_tokens_details": {"thinking_tokens": 20},
            "server_tool_use": None,
            "service_tier": "standard",
        },
        "credits_charged": 0.0025,
    }


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_begin_with_thinking_then_text_then_calls(name: str) -> None:
    told = message({name: "Hm.", "content": "Look.", "tool_calls": [call('{"a":1}')]}, "tool_calls")
    thinking, *rest = told["content"]
    assert (thinking["type"], thinking["thinking"], bool(thinking["signature"])) == ("thinking", "Hm.", True)
    assert rest == [
        {"type": "text", "text": "Look."},
        {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}},
    ]
    assert told["stop_reason"] == "tool_use"


def test_say_thinking_once_where_an_upstream_says_it_twice() -> None:
    told = message({"reasoning_content": "Hm.", "reasoning": "Hm.", "content": "A"})
    assert told["content"][0]["thinking"] == "Hm."


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ("", {}),
        (None, {}),
        ("{}", {}),
        ({"a": 1}, {"a": 1}),
        ('{"a": [1', {"unparsed_arguments": '{"a": [1'}),
        ("[1]", {"unparsed_arguments": "[1]"}),
        ('"a"', {"unparsed_arguments": '"a"'}),
    ],
)
def test_always_have_an_object_as_a_calls_input(arguments: Any, given: dict[str, Any]) -> None:
    (block,) = message({"content": None, "tool_calls": [call(arguments)]}, "tool_calls")["content"]
    assert block["input"] == given


def test_round_no_number_of_a_calls_input() -> None:
    number = b"123456789012345678901234567890"
    choice = {"message": {"tool_calls": [call(f'{{"n":{number.decode()}}}')]}}
    assert b'"input":{"n":%b}' % number in MESSAGES.whole(ASK, {"choices": [choice]}, TOLD)


def test_give_a_call_an_id_where_the_upstream_gave_none() -> None:
    told = message({"tool_calls": [call("{}"), call("{}", id=None)]}, "tool_calls")
    assert [block["id"] for block in told["content"]] == ["call_1", f"toolu_{REQUEST.hex}_1"]


@pytest.mark.parametrize(
    ("finish", "choice", "reason", "sequence"),
    [
        ("stop", {}, "end_turn", None),
        ("length", {}, "max_tokens", None),
        ("content_filter", {}, "refusal", None),
        ("tool_calls", {}, "end_turn", None),
        (None, {}, "end_turn", None),
        ("unheard_of", {}, "end_turn", None),
        ("stop", {"stop_reason": "END"}, "stop_sequence", "END"),
        ("stop", {"matched_stop": "."}, "stop_sequence", "."),
        ("stop", {"matched_stop": 151_645}, "end_turn", None),
        ("stop", {"stop_reason": "not asked for"}, "end_turn", None),
    ],
)
def test_say_why_they_stopped(finish: Any, choice: dict[str, Any], reason: str, sequence: str | None) -> None:
    told = message({"content": "A"}, finish, **choice)
    assert (told["stop_reason"], told["stop_sequence"]) == (reason, sequence)


@pytest.mark.parametrize(
    ("finish", "reason"), [("stop", "tool_use"), (None, "tool_use"), ("length", "max_tokens")]
)
def test_ask_for_tools_to_be_run_where_an_upstream_forgets_to(finish: Any, reason: str) -> None:
    assert message({"tool_calls": [call("{}")]}, finish)["stop_reason"] == reason


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"content": ""},
        {"content": 5, "tool_calls": 5},
        {"tool_calls": [5, {}, {"function": 5}, {"function": {"name": 5, "arguments": 5}}]},
    ],
)
def test_have_no_content_where_there_is_none(body: Any) -> None:
    told = message(body)
    assert (told["content"], told["stop_reason"]) == ([], "end_turn")


def test_tell_the_words_of_a_refusal() -> None:
    told = message({"content": None, "refusal": "No."}, "content_filter")
    assert (told["content"], told["stop_reason"]) == ([{"type": "text", "text": "No."}], "refusal")
