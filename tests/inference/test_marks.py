"""What only some upstreams understand, and to whom it is sent."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from catalog.snapshot import Hop
from inference.ask import read_chat
from inference.dialects.messages import MESSAGES
from tests.fakes.hops import ONE

CLAUDE = replace(ONE, dialect="anthropic")
GEMINI = replace(ONE, dialect="gemini")
ROUTER = replace(ONE, reasoning="reasoning")
MARK = {"cache_control": {"type": "ephemeral"}}
FORMS = ["anthropic-claude-v1", "google-gemini-v1", "MiniMax-response-v1"]
TOOL = {"name": "f", "input_schema": {"type": "object"}, **MARK}
HISTORY: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "there", **MARK}]},
    {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "a", **MARK},
            {"type": "text", "text": "b"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {}, **MARK},
        ],
    },
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x", "is_error": True, **MARK}],
    },
]


def asked(hop: Hop) -> dict[str, Any]:
    """What becomes of a request for a message that has marks everywhere."""
    system = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two.", **MARK}]
    body = {"model": "m", "max_tokens": 9, "system": system, "messages": HISTORY, "tools": [TOOL], **MARK}
    return MESSAGES.read(orjson.dumps(body)).outgoing(hop, max_tokens=9)


@pytest.mark.parametrize("hop", [ONE, GEMINI, replace(ONE, reasoning="thinking")])
def test_takes_what_a_translation_added_from_those_who_do_not_know_it(hop: Hop) -> None:
    body = asked(hop)
    assert b"cache_control" not in orjson.dumps(body)
    call = {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert body["messages"] == [
        {"role": "system", "content": "One.\nTwo."},
        {"role": "user", "content": "Hi\nthere"},
        {"role": "assistant", "content": "ab", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t", "content": "Error: x"},
    ]


def test_leaves_openrouter_all_but_what_it_has_no_word_for() -> None:
    body = asked(ROUTER)
    assert orjson.dumps(body).count(b"cache_control") == 7
    assert body["messages"][3] == {"role": "tool", "tool_call_id": "t", "content": "Error: x", **MARK}


def test_leaves_anthropic_all() -> None:
    assert asked(CLAUDE)["messages"][3]["is_error"] is True


@pytest.mark.parametrize(
    ("hop", "kept"), [(ONE, FORMS[2:]), (ROUTER, FORMS), (CLAUDE, FORMS), (GEMINI, FORMS)]
)
def test_sends_signed_reasoning_where_its_form_may_be_read(hop: Hop, kept: list[str]) -> None:
    details = [{"type": "reasoning.text", "text": "Hm.", "signature": "s", "format": form} for form in FORMS]
    message = {"role": "assistant", "content": "A", "reasoning_details": details}
    chat = read_chat(orjson.dumps({"model": "m", "messages": [message]}))
    (sent,) = chat.outgoing(hop, max_tokens=9)["messages"]
    assert [detail["format"] for detail in sent["reasoning_details"]] == kept


@pytest.mark.parametrize("details", [[{"format": "anthropic-claude-v1"}], ["x"], "x"])
def test_sends_no_field_that_would_be_empty(details: Any) -> None:
    message = {"role": "assistant", "content": "A", "reasoning_details": details}
    chat = read_chat(orjson.dumps({"model": "m", "messages": [message]}))
    assert chat.outgoing(ONE, max_tokens=9)["messages"] == [{"role": "assistant", "content": "A"}]


def test_leaves_what_a_caller_of_a_chat_wrote_as_it_came() -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "Hi", **MARK}]}
    chat = read_chat(orjson.dumps({"model": "m", "messages": [message]}))
    assert chat.outgoing(ONE, max_tokens=9)["messages"] == [message]
