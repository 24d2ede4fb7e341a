"""Asking for a response: which chat it becomes, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.dialects.responses import RESPONSES
from inference.errors import Failure
from tests.inference.spoken_responses import answered, asked

PIXEL = "data:image/png;base64,iVBORw0KGgo="
IMAGE = {"type": "input_image", "image_url": PIXEL, "detail": "low"}
CALL = {"type": "function_call", "call_id": "c", "name": "weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "Rain."}


def chat(**fields: Any) -> dict[str, Any]:
    return dict(asked(**fields).chat.body)


def messages(*items: Any, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chat(input=list(items), **fields)["messages"]
    return found


def called(name: str, arguments: str, call_id: str = "c") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_turns_a_string_into_a_message_of_the_user() -> None:
    assert chat(input="Hi")["messages"] == [{"role": "user", "content": "Hi"}]


def test_joins_the_instructions_that_come_first() -> None:
    found = messages(
        {"role": "developer", "content": "b"},
        {"role": "user", "content": "c"},
        {"role": "developer", "content": "d"},
        instructions="a",
    )
    assert found == [
        {"role": "system", "content": "a\n\nb"},
        {"role": "user", "content": "c"},
        {"role": "developer", "content": "d"},
    ]


def test_keeps_parts_only_where_there_is_more_than_text() -> None:
    texts = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]
    file = {"type": "input_file", "file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}
    found = messages({"role": "user", "content": texts}, {"role": "user", "content": [*texts, IMAGE, file]})
    assert found[0]["content"] == "a\nb"
    assert found[1]["content"][2:] == [
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
        {"type": "file", "file": {"file_data": file["file_data"], "filename": "a.pdf"}},
    ]


def test_brings_what_the_model_said_at_once_into_one_message() -> None:
    answer = {"role": "assistant", "content": [{"type": "output_text", "text": "Wait."}]}
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    assert messages({"role": "user", "content": "Hi"}, thought, answer, CALL, OUTPUT) == [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": "Wait.",
            "reasoning_content": "Hm.",
            "tool_calls": [called("weather", "{}")],
        },
        {"role": "tool", "tool_call_id": "c", "content": "Rain."},
    ]


def test_puts_results_right_after_their_calls() -> None:
    second, other = {**CALL, "call_id": "d"}, {**OUTPUT, "call_id": "d", "output": "Sun."}
    found = messages(CALL, second, other, {"role": "user", "content": "And?"}, OUTPUT)
    assert [each["role"] for each in found] == ["assistant", "tool", "tool", "user"]
    assert [each["content"] for each in found[1:3]] == ["Sun.", "Rain."]


def test_tells_apart_turns_that_use_the_same_id_again() -> None:
    found = messages(CALL, OUTPUT, CALL, {**OUTPUT, "output": "Sun."})
    assert [each.get("content") for each in found] == [None, "Rain.", None, "Sun."]


def test_shows_pictures_among_results_in_a_message_of_the_user() -> None:
    found = messages(
        CALL, {**CALL, "call_id": "d"}, {**OUTPUT, "output": [IMAGE]}, {**OUTPUT, "call_id": "d"}
    )
    assert [each["role"] for each in found] == ["assistant", "tool", "tool", "user"]
    assert found[3]["content"][1]["type"] == "image_url"


def test_does_not_read_the_reasoning_of_other_services() -> None:
    thought = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAAAB"}
    assert messages(thought, CALL, OUTPUT)[0] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [called("weather", "{}")],
    }


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_reads_the_reasoning_it_sealed(text: str) -> None:
    ask = asked(include=["reasoning.encrypted_content"])
    (item, _) = answered(ask, {"reasoning_content": text, "content": "x"})["output"]
    sent = {**item, "summary": []}
    assert messages(sent, {"role": "assistant", "content": "x"})[0]["reasoning_content"] == text


@pytest.mark.parametrize(
    ("call", "output", "arguments", "result"),
    [
        (
            {"type": "custom_tool_call", "name": "patch", "input": "+\n"},
            {"type": "custom_tool_call_output", "output": "ok"},
            ("patch", '{"input":"+\\n"}'),
            "ok",
        ),
        (
            {"type": "function_call", "namespace": "crm", "name": "find", "arguments": ""},
            {"type": "function_call_output", "output": "ok"},
            ("crm__find", "{}"),
            "ok",
        ),
        (
            {"type": "shell_call", "action": {"commands": ["ls"], "timeout_ms": None}},
            {"type": "shell_call_output", "output": [{"stdout": "a"}]},
            ("shell", '{"commands":["ls"]}'),
            '[{"stdout":"a"}]',
        ),
        (
            {"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"], "env": {}}},
            {"type": "local_shell_call_output", "id": "c", "output": "a"},
            ("local_shell", '{"command":["ls"],"env":{}}'),
            "a",
        ),
        (
            {"type": "apply_patch_call", "operation": {"type": "delete_file", "path": "a"}},
            {"type": "apply_patch_call_output", "status": "failed", "output": "no"},
            ("apply_patch", '{"operation":{"type":"delete_file","path":"a"}}'),
            "failed\nno",
        ),
        (
            {"type": "tool_search_call", "execution": "client", "arguments": {"query": "a"}},
            {
                "type": "tool_search_output",
                "execution": "client",
                "tools": [
                    {"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "find"}]}
                ],
            },
            ("tool_search", '{"query":"a"}'),
            "These tools can be called now: crm__find.",
        ),
    ],
)
def test_tells_calls_of_every_kind_as_calls_of_functions(
    call: dict[str, Any], output: dict[str, Any], arguments: tuple[str, str], result: str
) -> None:
    known = {} if "id" in output else {"call_id": "c"}
    assert messages({"call_id": "c", **call}, {**known, **output}) == [
        {"role": "assistant", "content": None, "tool_calls": [called(*arguments)]},
        {"role": "tool", "tool_call_id": "c", "content": result},
    ]


def test_translates_limits_and_manners() -> None:
    schema = {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}
    found = chat(
        max_output_tokens=5,
        top_logprobs=2,
        truncation="auto",
        reasoning={"effort": "low"},
        text={"format": schema, "verbosity": "high"},
        temperature=0.5,
        made_up=1,
    )
    del found["messages"]
    assert found == {
        "model": "route/m",
        "max_tokens": 5,
        "logprobs": True,
        "top_logprobs": 2,
        "transforms": ["truncate"],
        "reasoning": {"effort": "low"},
        "verbosity": "high",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": True},
        },
        "temperature": 0.5,
        "made_up": 1,
    }


def test_leaves_the_choice_of_tools_out_where_there_are_none() -> None:
    assert chat(tool_choice="auto", parallel_tool_calls=True).keys() == {"model", "messages"}


def test_bounds_the_prompt_by_what_goes_upstream() -> None:
    # The upstream is told in hundreds of bytes what the caller said in sixteen.
    ask = asked(tools=[{"type": "apply_patch"}])
    assert ask.prompt_bound > len(json.dumps(ask.chat.body["tools"], separators=(",", ":")))


def test_does_not_count_the_bytes_of_pictures() -> None:
    big = {**IMAGE, "image_url": "data:image/png;base64," + "A" * 100_000}
    assert asked(input=[{"role": "user", "content": [big]}]).prompt_bound < 10_000


TOOL = {"type": "function", "name": "weather"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": 5}, "input"),
        ({"input": []}, "input"),
        ({"input": ["x"]}, "input[0]"),
        ({"input": [{"role": "critic", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"type": "x"}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "system", "content": [IMAGE]}]}, "input[0].content[0].type"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "input[0].content[0].file_id",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "f"}]}]},
            "input[0].content[0].file_url",
        ),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"type": "computer_call", "id": "x"}]}, "input[0].type"),
        ({"input": [{"id": "x"}]}, "input[0].type"),
        ({"input": [CALL]}, "input[0]"),
        ({"input": [OUTPUT]}, "input[0].call_id"),
        ({"input": [{**CALL, "call_id": ""}]}, "input[0].call_id"),
        ({"input": [{**CALL, "arguments": {}}]}, "input[0].arguments"),
        ({"instructions": ["x"]}, "instructions"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"truncation": "some"}, "truncation"),
        ({"store": "no"}, "store"),
        ({"include": "x"}, "include"),
        ({"reasoning": "high"}, "reasoning"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format"),
        ({"background": True}, "background"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"context_management": [{"type": "compaction"}]}, "context_management"),
        ({"messages": []}, "messages"),
        ({"n": 2}, "n"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [TOOL, {"type": "code_interpreter"}]}, "tools[1].type"),
        ({"tools": [{"type": "x"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [TOOL, TOOL]}, "tools"),
        (
            {"tools": [{"type": "shell", "environment": {"type": "container_auto"}}]},
            "tools[0].environment.type",
        ),
        ({"tools": [{"type": "custom", "name": "a", "format": {"type": "b"}}]}, "tools[0].format.type"),
        (
            {"tools": [{"type": "namespace", "name": "a", "tools": [{"type": "mcp"}]}]},
            "tools[0].tools[0].type",
        ),
        ({"tools": [TOOL], "tool_choice": "weather"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "name": "x"}}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "custom", "name": "weather"}}, "tool_choice"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{}]}},
            "tool_choice.tools[0]",
        ),
    ],
)
def test_names_the_field_that_is_wrong(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Failure) as caught:
        asked(**fields)
    assert (caught.value.code, caught.value.param) == ("VALIDATION_ERROR", param)
    assert caught.value.message.startswith(param)


def test_says_that_nothing_is_stored() -> None:
    with pytest.raises(Failure, match="stateless"):
        asked(previous_response_id="resp_1")


@pytest.mark.parametrize("nest", [b'[{"a":' * 400 + b"1" + b"}]" * 400, b"[" * 300 + b"]" * 300])
def test_refuses_what_is_nested_too_deeply(nest: bytes) -> None:
    with pytest.raises(Failure, match="nested too deeply"):
        RESPONSES.read(b'{"model":"m","input":"Hi","made_up":' + nest + b"}")
