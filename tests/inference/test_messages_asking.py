"""Requests for messages, as the chats that upstreams are asked for."""

import hashlib
from typing import Any

import orjson
import pytest

from inference.ask import ChatAsk
from inference.dialects.messages import MESSAGES, asking, signing

HI = {"role": "user", "content": "Hi"}
TOOL = {"name": "f", "description": "does", "input_schema": {"type": "object"}}
FUNCTION = {
    "type": "function",
    "function": {"name": "f", "description": "does", "parameters": {"type": "object"}},
}
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}}
PNG_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}
USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
USED = {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}


def ask(*messages: dict[str, Any], **fields: Any) -> ChatAsk:
    return MESSAGES.read(
        orjson.dumps({"model": "m", "max_tokens": 50, "messages": messages or [HI], **fields})
    )


def chat(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """What is sent upstream besides the model and the limit."""
    body = dict(ask(*messages, **fields).body)
    assert (body.pop("model"), body.pop("max_tokens")) == ("m", 50)
    return body


def turns(*messages: dict[str, Any], **fields: Any) -> Any:
    return chat(*messages, **fields)["messages"]


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def test_become_the_plainest_chat() -> None:
    asked = ask()
    assert (asked.model, asked.stream, asked.n, asked.limit) == ("m", False, 1, 50)
    assert chat() == {"messages": [HI]}


def test_put_the_system_prompt_first() -> None:
    blocks = [text("One.", cache_control={"type": "ephemeral"}), text("Two.")]
    assert turns(system="Be.") == [{"role": "system", "content": "Be."}, HI]
    assert turns(system=blocks) == [{"role": "system", "content": blocks}, HI]
    assert turns(system=[text("One."), text("Two.")]) == [{"role": "system", "content": "One.\nTwo."}, HI]
    assert turns(HI, {"role": "system", "content": [text("Now.")]}, HI)[1] == {
        "role": "system",
        "content": "Now.",
    }
    assert turns(system="") == turns(system=[]) == turns(system=None) == [HI]


@pytest.mark.parametrize("line", ["", "\n"])
def test_leave_out_the_line_that_no_cache_survives(line: str) -> None:
    header = f"x-anthropic-billing-header: cc_version=2.1; cch=ea6aa;{line}"
    assert turns(system=[text(header), text("You are Claude Code.")])[0]["content"] == "You are Claude Code."
    assert turns(system=f"{header}\nBe.")[0]["content"].endswith("Be.")
    assert turns(user(text(header)))[0]["content"] == header


def test_keep_text_plain_and_pictures_as_parts() -> None:
    assert turns(user(text("a"), text("b"))) == [{"role": "user", "content": "a\nb"}]
    link = {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}}
    assert turns(user(text("a"), PNG, link)) == [
        {
            "role": "user",
            "content": [
                text("a"),
                PNG_PART,
                {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ({"type": "text", "media_type": "text/plain", "data": "words"}, [text("T"), text("words")]),
        ({"type": "content", "content": "words"}, [text("T"), text("words")]),
        ({"type": "content", "content": [text("words"), PNG]}, [text("T"), text("words"), PNG_PART]),
        (
            {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
            [{"type": "file", "file": {"filename": "T", "file_data": "data:application/pdf;base64,JVBE"}}],
        ),
    ],
)
def test_hand_over_documents_as_text_or_as_a_file(source: dict[str, Any], parts: list[Any]) -> None:
    (message,) = turns(user(PNG, {"type": "document", "title": "T", "source": source}))
    assert message["content"] == [PNG_PART, *parts]


def test_hand_over_search_results_as_text() -> None:
    found = {"type": "search_result", "title": "T", "source": "https://x", "content": [text("a"), text("b")]}
    assert turns(user(found)) == [{"role": "user", "content": "T\nhttps://x\na\nb"}]


def test_send_calls_and_results_with_their_ids() -> None:
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "fine"}
    assert turns({"role": "assistant", "content": [text("Look."), USE]}, user(result, text("And?"))) == [
        {"role": "assistant", "content": "Look.", "tool_calls": [USED]},
        {"role": "tool", "tool_call_id": "toolu_1", "content": "fine"},
        {"role": "user", "content": "And?"},
    ]
    assert turns({"role": "assistant", "content": [USE]})[0]["content"] is None


def test_put_results_right_behind_the_calls_wherever_they_stood() -> None:
    results = [{"type": "tool_result", "tool_use_id": name, "content": name} for name in "ab"]
    assert [each["role"] for each in turns(user(results[0], text("x"), results[1]))] == [
        "tool",
        "tool",
        "user",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "Error: "),
        ("broke", "Error: broke"),
        ([text("it"), text("broke")], "Error: it\nbroke"),
    ],
)
def test_say_that_a_tool_failed(content: Any, told: str) -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "is_error": True, "content": content}
    message = {"role": "tool", "tool_call_id": "t", "content": told, "is_error": True}
    assert turns(user(result)) == [message]


def test_move_pictures_of_a_result_to_where_a_chat_takes_them() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [text("a"), PNG]}
    assert turns(user(result, text("Well?"))) == [
        {"role": "tool", "tool_call_id": "t", "content": "a\n[attached to the next message]"},
        {"role": "user", "content": [PNG_PART, text("Well?")]},
    ]


def test_give_thinking_back_to_the_model() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "abc"}
    sealed = {"type": "redacted_thinking", "data": "xyz"}
    form = {"format": "anthropic-claude-v1"}
    assert turns(HI, {"role": "assistant", "content": [thought, sealed, text("A"), text("b")]})[1] == {
        "role": "assistant",
        "content": "Ab",
        "reasoning_content": "Hm.",
        "reasoning_details": [
            {
                "type": "reasoning.text",
                "text": "Hm.",
                "signature": "abc",
                "id": "block-0",
                "index": 0,
                **form,
            },
            {"type": "reasoning.encrypted", "data": "xyz", "id": "block-1", "index": 1, **form},
        ],
    }


def test_take_no_signature_of_ours_for_one() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": signing.UNSIGNED}
    assert "reasoning_details" not in turns(HI, {"role": "assistant", "content": [thought, text("A")]})[1]


@pytest.mark.parametrize(
    "detail",
    [
        {"type": "reasoning.encrypted", "data": "c2ln", "format": "google-gemini-v1", "id": "call_1"},
        {"type": "reasoning.text", "text": "Hm.", "signature": "s", "format": "xai-responses-v1"},
    ],
)
def test_open_what_others_signed_and_we_wrapped(detail: dict[str, Any]) -> None:
    block = {"type": "redacted_thinking", "data": signing.redacted({**detail, "index": 3})}
    assert turns({"role": "assistant", "content": [block, text("A")]})[0]["reasoning_details"] == [
        {**detail, "index": 0}
    ]


@pytest.mark.parametrize("data", ["tollway.1.%%%", "tollway.1.bm8=", "tollway.1.WzFd"])
def test_hand_on_what_only_looks_wrapped(data: str) -> None:
    block = {"type": "redacted_thinking", "data": data}
    (detail,) = turns({"role": "assistant", "content": [block, text("A")]})[0]["reasoning_details"]
    assert (detail["type"], detail["data"]) == ("reasoning.encrypted", data)


def test_keep_the_marks_for_caches() -> None:
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [text("a")], **mark}
    asked = chat(
        user(text("a"), text("b", **mark)),
        {"role": "assistant", "content": [text("c", **mark), {**USE, **mark}]},
        user(result, {**PNG, **mark}),
        tools=[{**TOOL, **mark}],
    )
    assert asked["messages"] == [
        user(text("a"), text("b", **mark)),
        {"role": "assistant", "content": [text("c", **mark)], "tool_calls": [{**USED, **mark}]},
        {"role": "tool", "tool_call_id": "toolu_1", "content": "a", **mark},
        user({**PNG_PART, **mark}),
    ]
    assert asked["tools"] == [{**FUNCTION, **mark}]


def test_give_arguments_back_that_were_no_json() -> None:
    use = {**USE, "input": {"unparsed_arguments": '{"a": [1'}}
    (call,) = turns({"role": "assistant", "content": [use]})[0]["tool_calls"]
    assert call["function"]["arguments"] == '{"a": [1'


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"tools": [TOOL]}, {"tools": [FUNCTION]}),
        (
            {
                "tools": [
                    {"type": "custom", "name": "f", "input_schema": {}, "strict": True, "defer_loading": True}
                ]
            },
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}, "strict": True}}]},
        ),
        ({"tools": [], "tool_choice": {"type": "auto"}}, {}),
        ({"tools": [TOOL], "tool_choice": {"type": "auto"}}, {"tools": [FUNCTION], "tool_choice": "auto"}),
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, {"tools": [FUNCTION], "tool_choice": "required"}),
        ({"tools": [TOOL], "tool_choice": {"type": "none"}}, {"tools": [FUNCTION], "tool_choice": "none"}),
        (
            {
                "tools": [TOOL],
                "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
            },
            {
                "tools": [FUNCTION],
                "tool_choice": {"type": "function", "function": {"name": "f"}},
                "parallel_tool_calls": False,
            },
        ),
        ({"stop_sequences": ["a", "b"]}, {"stop": ["a", "b"]}),
        ({"stop_sequences": []}, {}),
        (
            {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "seed": 7},
            {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "seed": 7},
        ),
        ({"stream": True}, {"stream": True}),
        ({"cache_control": {"type": "ephemeral"}}, {"cache_control": {"type": "ephemeral"}}),
        ({"metadata": {"user_id": "u"}}, {"user": "u"}),
        ({"metadata": {"user_id": "u" * 65}}, {"user": hashlib.sha256(b"u" * 65).hexdigest()}),
        ({"metadata": {"user_id": None}}, {}),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}},
            {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        ),
        ({"thinking": {"type": "adaptive"}}, {"thinking": {"type": "enabled"}}),
        ({"thinking": {"type": "disabled"}}, {"thinking": {"type": "disabled"}}),
        ({"output_config": {"effort": "max"}}, {"reasoning_effort": "max"}),
        (
            {"output_config": {"effort": "low"}, "thinking": {"type": "disabled"}},
            {"thinking": {"type": "disabled"}},
        ),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
                }
            },
        ),
        (
            {
                "service_tier": "auto",
                "context_management": {"edits": []},
                "mcp_servers": [],
                "container": None,
                "stream_options": {"include_usage": False},
            },
            {},
        ),
    ],
)
def test_are_asked_in_a_chats_own_words(fields: dict[str, Any], asked: dict[str, Any]) -> None:
    assert chat(**fields) == {"messages": [HI], **asked}


def test_are_bounded_by_the_bytes_that_go_upstream() -> None:
    # Numbers may be written longer than they came: 1e15 as 1000000000000000.0.
    numbers = b"[" + b",".join([b"1e15"] * 1000) + b"]"
    use = b'{"type":"tool_use","id":"t","name":"f","input":{"n":%b}}' % numbers
    asked = MESSAGES.read(
        b'{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[%b]}]}' % use
    )
    assert asked.prompt_bound >= len(asked.prompt_text()) > 15_000


def test_need_no_limit_to_be_counted() -> None:
    raw = orjson.dumps({"model": "m", "messages": [HI]})
    assert asking.prompt_tokens(asking.read_for_counting(raw)) == 1


def test_count_a_picture_at_a_fixed_figure() -> None:
    assert asking.prompt_tokens(ask(user(text("Hi"), PNG, PNG))) == 1 + 2 * 1_600
