"""Chats, as they are asked of Anthropic's Messages: where they go, and what is said in them."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from inference.adapters import Unsupported
from inference.adapters.anthropic import ANTHROPIC
from inference.marks import ANTHROPIC as FORM
from tests.fakes.hops import ONE
from tests.inference.asked_anthropic import CALL, HI, OLD, RESULT, call, sent, text, thought

PNG = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}


def turns(*messages: dict[str, Any], **fields: Any) -> Any:
    return sent(*messages, **fields)["messages"]


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
                "content": [
                    text("a"),
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"},
                    },
                ],
            },
            text("And?"),
        ),
    ]


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
