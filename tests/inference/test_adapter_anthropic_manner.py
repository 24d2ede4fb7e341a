"""Chats, as they are asked of Anthropic's Messages: in what manner they are to be answered."""

from typing import Any

import pytest

from inference.adapters import Unsupported
from inference.adapters.anthropic import ANTHROPIC
from tests.inference.asked_anthropic import CALL, HI, NEW, OLD, RESULT, TOOL, call, sent, thought


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
