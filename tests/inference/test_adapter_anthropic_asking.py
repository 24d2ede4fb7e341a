"""Chats, as they are asked of Anthropic's Messages; its own client's types say whether they may be."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest
from anthropic.types import (
    Base64ImageSourceParam,
    MessageParam,
    OutputConfigParam,
    TextBlockParam,
    ThinkingConfigParam,
    ToolChoiceParam,
    ToolParam,
)
from anthropic.types.message_create_params import MessageCreateParamsBase
from pydantic import ConfigDict, TypeAdapter, with_config

from inference.adapters import Call, Unsupported
from inference.adapters.anthropic import ANTHROPIC
from inference.ask import ChatAsk, read_chat
from inference.marks import ANTHROPIC as FORM
from tests.fakes.hops import ONE

HI = {"role": "user", "content": "Hi"}
TOOL = {
    "type": "function",
    "function": {"name": "f", "description": "does", "parameters": {"properties": {}}, "strict": True},
}
PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}
CALL = {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
RESULT = {"role": "tool", "tool_call_id": "toolu_1", "content": "fine"}
OLD, NEW = "claude-sonnet-4-5", "claude-opus-4-8"
# Older models take these too; the client's types name only what the newest do.
SAMPLING = frozenset(("temperature", "top_p", "top_k", "stream"))
_STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


def call(*messages: dict[str, Any], model: str = OLD, stream: bool = False, **fields: Any) -> Call:
    body = {"model": "route/m", "messages": list(messages) or [HI], "stream": stream, **fields}
    asked = read_chat(orjson.dumps(body))
    return calling(asked, model=model)


def calling(asked: ChatAsk, *, model: str = OLD) -> Call:
    hop = replace(ONE, dialect="anthropic", reasoning="thinking", upstream_model=model)
    body = asked.outgoing(hop, max_tokens=8192)
    return asyncio.run(ANTHROPIC.call(hop, "/chat/completions", body, secret="sk", stream=asked.stream))


def sent(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """What is sent, after Anthropic's own types have read it."""
    body: dict[str, Any] = orjson.loads(call(*messages, **fields).body)
    assert_valid(body)
    return body


def assert_valid(body: dict[str, Any]) -> None:
    known = {name: value for name, value in body.items() if name not in SAMPLING}
    assert known.keys() <= MessageCreateParamsBase.__annotations__.keys()
    TypeAdapter(MessageCreateParamsBase).validate_python(known)
    for turn in body["messages"]:
        TypeAdapter(MessageParam).validate_python(turn)
    for name, kind in _TYPES.items():
        if name in body:
            TypeAdapter(kind).validate_python(body[name])


_TYPES: dict[str, Any] = {
    "system": list[TextBlockParam],
    "tools": list[ToolParam],
    "tool_choice": ToolChoiceParam,
    "thinking": ThinkingConfigParam,
    "output_config": OutputConfigParam,
}


def turns(*messages: dict[str, Any], **fields: Any) -> Any:
    return sent(*messages, **fields)["messages"]


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def test_goes_to_messages_with_the_key_and_the_version() -> None:
    made = call(stream=True)
    assert made.url == "http://one/v1/messages"
    assert made.headers == {"x-api-key": "sk", "anthropic-version": "2023-06-01"}
    assert orjson.loads(made.body) == {
        "model": OLD,
        "max_tokens": 8192,
        "messages": [user(text("Hi"))],
        "stream": True,
    }


def test_keeps_the_version_that_the_operator_set() -> None:
    hop = replace(ONE, headers={"Anthropic-Version": "2030-01-01"})
    body = {"model": OLD, "max_tokens": 9, "messages": [HI]}
    made = asyncio.run(ANTHROPIC.call(hop, "/chat/completions", body, secret=None, stream=False))
    assert made.headers == {}


@pytest.mark.parametrize("path", ["/completions", "/embeddings", "/images/generations", "/rerank"])
def test_is_for_chats_only(path: str) -> None:
    with pytest.raises(Unsupported) as refused:
        asyncio.run(ANTHROPIC.call(ONE, path, {}, secret=None, stream=False))
    assert refused.value.param == "model"


def test_gathers_the_system_prompt() -> None:
    mark = {"type": "ephemeral", "ttl": "1h"}
    asked = sent(
        {"role": "system", "content": "One."},
        {"role": "developer", "content": [text("Two.", cache_control=mark)]},
        HI,
        {"role": "system", "content": "Three."},
        HI,
    )
    assert asked["system"] == [text("One."), text("Two.", cache_control=mark), text("Three.")]
    assert asked["messages"] == [user(text("Hi"), text("Hi"))]


def test_puts_results_first_and_merges_turns_of_one_role() -> None:
    other = {**CALL, "id": "toolu_2"}
    assert turns(
        HI,
        {"role": "assistant", "content": "Look. "},
        {"role": "assistant", "content": None, "tool_calls": [CALL, other]},
        RESULT,
        {"role": "user", "content": "And?"},
        {"role": "tool", "tool_call_id": "toolu_2", "content": [text("a"), PNG]},
    ) == [
        user(text("Hi")),
        assistant(
            text("Look. "),
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
            {"type": "tool_use", "id": "toolu_2", "name": "f", "input": {"a": 1}},
        ),
        user(
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "fine"},
            {
                "type": "tool_result",
                "tool_use_id": "toolu_2",
                "content": [text("a"), {"type": "image", "source": base64("image/png", "iVBO")}],
            },
            text("And?"),
        ),
    ]


def base64(media: str, data: str) -> dict[str, Any]:
    source = {"type": "base64", "media_type": media, "data": data}
    if media.startswith("image/"):
        TypeAdapter(with_config(_STRICT)(Base64ImageSourceParam)).validate_python(source)
    return source


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (PNG, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}}),
        (
            {"type": "image_url", "image_url": {"url": "https://x.example/a.png", "detail": "low"}},
            {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}},
        ),
        (
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
            {
                "type": "document",
                "title": "a.pdf",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
            },
        ),
        (
            {"type": "file", "file": {"file_data": "data:text/markdown;charset=utf-8;base64,SGk="}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hi"}},
        ),
        (
            {"type": "file", "file": {"file_data": "https://x.example/a.pdf"}},
            {"type": "document", "source": {"type": "url", "url": "https://x.example/a.pdf"}},
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        ),
        (text("a", cache_control={"type": "ephemeral"}), text("a", cache_control={"type": "ephemeral"})),
    ],
)
def test_writes_parts_as_blocks(part: dict[str, Any], block: dict[str, Any]) -> None:
    assert turns(user(part, text(""))) == [user(block)]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "video_url", "video_url": {"url": "https://x.example"}},
        {"type": "image_url", "image_url": {"url": "ftp://x.example/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png,abc"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"file_data": "data:application/zip;base64,UEs="}},
        {"type": "file", "file": {"file_data": "data:text/plain;base64,%%%%"}},
    ],
)
def test_passes_by_what_has_no_block(part: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as refused:
        call(user(part))
    assert refused.value.param == "messages"


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "Alone."}],
        [{"role": "function", "name": "f", "content": "x"}],
        [HI, {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "f"}}]}],
    ],
)
def test_passes_by_histories_that_have_no_place(messages: list[dict[str, Any]]) -> None:
    with pytest.raises(Unsupported) as refused:
        call(*messages)
    assert refused.value.param == "messages"


def thought(words: str, signature: str | None, place: int | None = None) -> dict[str, Any]:
    signed = {"signature": signature} if signature else {}
    placed = {"id": f"block-{place}"} if place is not None else {}
    return {"type": "reasoning.text", "text": words, "format": FORM, **signed, **placed}


def test_gives_signed_thinking_back_where_it_stood() -> None:
    message = {
        "role": "assistant",
        "content": "Look.",
        "tool_calls": [CALL],
        "reasoning_content": "Hm. Oh.",
        "reasoning_details": [
            thought("Hm. ", "sig==", 0),
            {"type": "reasoning.encrypted", "data": "xyz", "format": FORM, "id": "block-1"},
            thought("Oh.", "sig2", 3),
        ],
    }
    (_, said, _) = turns(HI, message, RESULT)
    assert said == assistant(
        {"type": "thinking", "thinking": "Hm. ", "signature": "sig=="},
        {"type": "redacted_thinking", "data": "xyz"},
        text("Look."),
        {"type": "thinking", "thinking": "Oh.", "signature": "sig2"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
    )


@pytest.mark.parametrize(
    "details",
    [
        None,
        "nonsense",
        [thought("Hm.", None)],
        [{**thought("Hm.", "sig"), "format": "google-gemini-v1"}],
        [{"type": "reasoning.summary", "summary": "Hm.", "format": FORM}, 3],
    ],
)
def test_keeps_back_thinking_that_nobody_there_signed(details: Any) -> None:
    message = {"role": "assistant", "content": "A", "reasoning_content": "Hm.", "reasoning_details": details}
    assert turns(HI, message, HI)[1] == assistant(text("A"))


def test_leaves_out_turns_of_nothing_but_thinking() -> None:
    message = {"role": "assistant", "content": None, "reasoning_details": [thought("Hm.", "sig")]}
    assert turns(HI, message, HI) == [user(text("Hi"), text("Hi"))]


def test_ends_no_turn_that_goes_on_in_white_space() -> None:
    assert turns(HI, {"role": "assistant", "content": "So: \n"})[1] == assistant(text("So:"))


def test_makes_ids_of_others_such_as_are_taken() -> None:
    foreign = {**CALL, "id": "functions.f:0"}
    (_, said, told) = turns(
        HI, {"role": "assistant", "tool_calls": [foreign]}, {**RESULT, "tool_call_id": "functions.f:0"}
    )
    name = said["content"][0]["id"]
    assert name == told["content"][0]["tool_use_id"]
    assert name.startswith("functions_f_0_")
    assert name.replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("arguments", "given"),
    [("", {}), ("{}", {}), ('{"n": 1.50}', {"n": 1.5}), ("[1", {"unparsed_arguments": "[1"}), ("[1]", None)],
)
def test_sends_arguments_as_an_object(arguments: str, given: Any) -> None:
    function = {"name": "f", "arguments": arguments}
    message = {"role": "assistant", "tool_calls": [{**CALL, "function": function}]}
    (_, said, _) = turns(HI, message, RESULT)
    wanted = {"unparsed_arguments": arguments} if given is None else given
    assert said["content"][0]["input"] == wanted


def test_rounds_no_number_of_the_arguments() -> None:
    function = {"name": "f", "arguments": '{"n": 123456789012345678901234567890, "m": 1.50}'}
    made = call(HI, {"role": "assistant", "tool_calls": [{**CALL, "function": function}]}, RESULT)
    assert b'{"n": 123456789012345678901234567890, "m": 1.50}' in made.body


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, {"type": "tool", "name": "f"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"parallel_tool_calls": True}, None),
    ],
)
def test_tells_the_tools_and_the_choice(fields: dict[str, Any], choice: Any) -> None:
    asked = sent(tools=[TOOL], **fields)
    assert asked["tools"] == [
        {"name": "f", "description": "does", "input_schema": {"type": "object", "properties": {}}}
    ]
    assert asked.get("tool_choice") == choice


def test_says_nothing_of_a_choice_without_tools() -> None:
    assert "tool_choice" not in sent(tool_choice="auto", parallel_tool_calls=False)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools"),
        ({"tools": [TOOL], "tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": "required", "model": "claude-opus-5-5"}, "tool_choice"),
        ({"stop": ["\n"]}, "stop"),
        ({"stop": 3}, "stop"),
        ({"temperature": "hot"}, "temperature"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}, "response_format"),
    ],
)
def test_passes_by_what_cannot_be_said(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Unsupported) as refused:
        call(**fields)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"n": 1, "logprobs": False, "modalities": ["text"], "seed": 7, "store": True}, {}),
        ({"stop": "a"}, {"stop_sequences": ["a"]}),
        ({"stop": ["a", "b"]}, {"stop_sequences": ["a", "b"]}),
        ({"max_tokens": 50}, {"max_tokens": 50}),
        ({"max_completion_tokens": 60}, {"max_tokens": 60}),
        ({"temperature": 0.5, "top_k": 5}, {"temperature": 0.5, "top_k": 5}),
        ({"temperature": 1.7}, {"temperature": 1.0}),
        ({"temperature": 0, "top_p": 0.9}, {"temperature": 0}),
        ({"top_p": 0.9}, {"top_p": 0.9}),
        ({"temperature": 0.5, "top_p": 0.9, "top_k": 5, "model": NEW}, {}),
        ({"user": "u"}, {"metadata": {"user_id": "u"}}),
        ({"user": "u" * 257}, {}),
        ({"cache_control": {"type": "ephemeral"}}, {"cache_control": {"type": "ephemeral"}}),
    ],
)
def test_translates_the_manner(fields: dict[str, Any], asked: dict[str, Any]) -> None:
    made = sent(**fields)
    del made["model"], made["messages"]
    assert made == {"max_tokens": 8192, **asked}


@pytest.mark.parametrize(
    ("model", "fields", "asked"),
    [
        (OLD, {}, {}),
        (OLD, {"reasoning_effort": "low"}, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (OLD, {"reasoning_effort": "max"}, {"thinking": {"type": "enabled", "budget_tokens": 6144}}),
        (OLD, {"reasoning": {"enabled": True}}, {"thinking": {"type": "enabled", "budget_tokens": 8000}}),
        (
            OLD,
            {"thinking": {"type": "enabled", "budget_tokens": 100, "display": "omitted"}},
            {"thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"}},
        ),
        (OLD, {"reasoning_effort": "low", "max_tokens": 1024}, {}),
        (
            OLD,
            {"reasoning_effort": "low", "max_tokens": 1100},
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        ),
        (OLD, {"reasoning_effort": "none"}, {}),
        (OLD, {"reasoning_effort": "low", "tools": [TOOL], "tool_choice": "required"}, {}),
        (
            OLD,
            {"reasoning_effort": "low", "temperature": 0.3, "top_p": 0.96, "top_k": 3},
            {"thinking": {"type": "enabled", "budget_tokens": 2000}, "top_p": 0.96},
        ),
        (
            NEW,
            {"reasoning_effort": "xhigh"},
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "xhigh"},
            },
        ),
        (
            NEW,
            {"thinking": {"type": "adaptive", "display": "omitted"}},
            {"thinking": {"type": "adaptive", "display": "omitted"}},
        ),
        (
            "claude-sonnet-4-6",
            {"reasoning_effort": "max", "temperature": 0.3},
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
        ),
        ("claude-sonnet-4-6", {"temperature": 0.3}, {"temperature": 0.3}),
        (
            NEW,
            {"reasoning_effort": "minimal"},
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}},
        ),
        (NEW, {"reasoning_effort": "none"}, {}),
        ("claude-opus-5", {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        (
            "claude-opus-5",
            {"tools": [TOOL], "tool_choice": "required"},
            {"thinking": {"type": "disabled"}},
        ),
        ("claude-haiku-5-5", {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        ("claude-sonnet-5-5", {"reasoning_effort": "none"}, {"thinking": {"type": "between_tools"}}),
        ("claude-opus-5-5", {"reasoning_effort": "none"}, {"output_config": {"effort": "low"}}),
        ("claude-fable-5", {"reasoning_effort": "none"}, {"output_config": {"effort": "low"}}),
        ("claude-mythos-preview", {"temperature": 0.1}, {}),
        ("claude-opus-4-20250514", {"temperature": 0.1}, {"temperature": 0.1}),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", {"temperature": 0.1}, {"temperature": 0.1}),
        ("MiniMax-M2", {"temperature": 0.1}, {"temperature": 0.1}),
    ],
)
def test_asks_each_generation_to_think_in_its_way(
    model: str, fields: dict[str, Any], asked: dict[str, Any]
) -> None:
    made = sent(model=model, **fields)
    for name in ("model", "messages", "max_tokens", "tools", "tool_choice"):
        made.pop(name, None)
    assert made == asked


def test_does_not_think_by_a_budget_where_the_turn_under_way_began_without() -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    signed = {**message, "reasoning_details": [thought("Hm.", "sig", 0)]}
    assert "thinking" not in sent(HI, message, RESULT, reasoning_effort="low")
    assert "thinking" in sent(HI, signed, RESULT, reasoning_effort="low")
    assert "thinking" in sent(
        HI, message, RESULT, {"role": "assistant", "content": "A"}, HI, reasoning_effort="low"
    )
    assert "thinking" in sent(HI, message, RESULT, reasoning_effort="low", model=NEW)


def test_holds_answers_to_a_schema_that_is_taken() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "definitions": {"Leaf": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}},
        "properties": {
            "leaf": {"$ref": "#/definitions/Leaf"},
            "name": {"type": "string", "format": "uri", "maxLength": 9, "description": "Its name."},
            "odd": {"type": "string", "format": "phone"},
            "list": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": ["string", "null"]}},
            "many": {"type": "array", "minItems": 4},
            "either": {"oneOf": [{"type": "string"}, {"const": 3}]},
        },
        "required": ["leaf"],
        "additionalProperties": {"type": "string"},
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    assert sent(response_format=wanted)["output_config"] == {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "$defs": {
                    "Leaf": {
                        "type": "object",
                        "properties": {"n": {"type": "integer", "description": '{"minimum":1}'}},
                        "additionalProperties": False,
                    }
                },
                "properties": {
                    "leaf": {"$ref": "#/$defs/Leaf"},
                    "name": {
                        "type": "string",
                        "format": "uri",
                        "description": 'Its name.\n\n{"maxLength":9}',
                    },
                    "odd": {"type": "string", "description": '{"format":"phone"}'},
                    "list": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": ["string", "null"]},
                        "description": '{"maxItems":3}',
                    },
                    "many": {"type": "array", "description": '{"minItems":4}'},
                    "either": {"anyOf": [{"type": "string"}, {"const": 3}]},
                },
                "required": ["leaf"],
                "additionalProperties": False,
            },
        }
    }


def test_asks_for_a_json_object_in_words() -> None:
    asked = sent({"role": "system", "content": "Be."}, HI, response_format={"type": "json_object"})
    assert [block["text"] for block in asked["system"]] == [
        "Be.",
        "Answer with one JSON object and with nothing else.",
    ]
    assert "output_config" not in asked


@pytest.mark.parametrize(
    ("status", "error", "fault", "code"),
    [
        (400, {"type": "invalid_request_error", "message": "messages: at least one"}, True, ""),
        (
            400,
            {
                "type": "invalid_request_error",
                "message": "prompt is too long: 208310 tokens > 200000 maximum",
            },
            True,
            "context_length_exceeded",
        ),
        (
            400,
            {"message": "input length and `max_tokens` exceed context limit: 9 + 9 > 10"},
            True,
            "context_length_exceeded",
        ),
        (400, {"message": "Your credit balance is too low to access the Anthropic API."}, False, ""),
        (400, {"message": "You have reached your specified API usage limits."}, False, ""),
        (400, {"type": "billing_error", "message": "x"}, False, ""),
        (413, {"type": "request_too_large"}, True, ""),
        (400, "nonsense", True, ""),
        *((status, {"type": "x"}, False, "") for status in (401, 402, 403, 404, 429)),
    ],
)
def test_knows_whose_fault_a_refusal_is(status: int, error: Any, fault: bool, code: str) -> None:
    found = ANTHROPIC.refusal(status, {"type": "error", "error": error})
    assert (found.callers_fault, found.code) == (fault, code)
