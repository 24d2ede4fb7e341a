"""Chats, as they are asked of Gemini."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest

from inference.adapters import Unsupported
from inference.adapters.gemini import GEMINI
from inference.adapters.registry import adapter_for
from tests.fakes.hops import ONE
from tests.inference.gemini_asking import API, HI, NEW, OLD, SCHEMA, TOOL, VERTEX, call, config, sent


def test_go_to_the_method_of_the_model() -> None:
    assert call(model="models/gemini-2.5-pro").url == f"{API}/models/gemini-2.5-pro:generateContent"
    assert call(stream=True).url == f"{API}/models/{NEW}:streamGenerateContent?alt=sse"
    assert call(base_url=VERTEX).url == f"{VERTEX}/models/{NEW}:generateContent"


def test_cannot_leave_the_place_of_their_models() -> None:
    assert call(model="../../v1/x?y=#z").url == f"{API}/models/..%2F..%2Fv1%2Fx%3Fy%3D%23z:generateContent"


def test_are_spoken_by_the_adapter_of_their_dialect() -> None:
    assert adapter_for("gemini") is GEMINI


@pytest.mark.parametrize("path", ["/images/generations", "/rerank", "/completions"])
def test_are_all_that_is_served_besides_embeddings(path: str) -> None:
    with pytest.raises(Unsupported) as refused:
        asyncio.run(GEMINI.call(ONE, path, {}, secret=None, stream=False))
    assert refused.value.param == "model"


def test_keep_each_field_that_has_a_word_there() -> None:
    asked = config(
        temperature=1.5,
        top_p=0.5,
        top_k=40,
        seed=-1,
        stop=["a", "b"],
        n=2,
        presence_penalty=0.1,
        frequency_penalty=-0.1,
        max_tokens=50,
        logprobs=True,
        top_logprobs=3,
    )
    assert asked == {
        "temperature": 1.5,
        "topP": 0.5,
        "topK": 40,
        "seed": 2**31 - 1,
        "stopSequences": ["a", "b"],
        "candidateCount": 2,
        "presencePenalty": 0.1,
        "frequencyPenalty": -0.1,
        "maxOutputTokens": 50,
        "responseLogprobs": True,
        "logprobs": 3,
    }


def test_name_one_stop_as_a_list_and_a_limit_in_either_spelling() -> None:
    assert config(stop="x", max_completion_tokens=7) == {"stopSequences": ["x"], "maxOutputTokens": 7}


def test_always_have_a_limit() -> None:
    assert sent() == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "generationConfig": {"maxOutputTokens": 8192},
    }


def test_let_go_of_what_changes_no_answer() -> None:
    noise = {"user": "u", "metadata": {"a": "b"}, "store": True, "service_tier": "auto", "frobnicate": 1}
    assert sent(**noise) == sent()


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        ({"type": "text"}, {}),
        ({"type": "json_object"}, {"responseMimeType": "application/json"}),
        (
            {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}},
            {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
        ),
    ],
)
def test_ask_for_json(wanted: dict[str, Any], written: dict[str, Any]) -> None:
    assert config(response_format=wanted, max_tokens=1) == {"maxOutputTokens": 1, **written}


def test_may_ask_for_pictures() -> None:
    assert config(modalities=["text", "image"])["responseModalities"] == ["TEXT", "IMAGE"]


@pytest.mark.parametrize(
    "fields",
    [
        {"logit_bias": {"1": 5}},
        {"web_search_options": {"search_context_size": "low"}},
        {"functions": [{"name": "f"}]},
        {"audio": {"voice": "x"}},
        {"modalities": ["text", "audio"]},
        {"n": 9},
        {"response_format": {"type": "grammar", "grammar": "x"}},
        {"tools": [TOOL], "parallel_tool_calls": False},
        {"tools": [TOOL], "tool_choice": "perhaps"},
    ],
)
def test_say_what_has_no_word_there(fields: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as refused:
        call(**fields)
    assert refused.value.param in fields


def test_declare_tools_by_their_json_schema() -> None:
    assert sent(tools=[TOOL])["tools"] == [
        {"functionDeclarations": [{"name": "f", "description": "does", "parametersJsonSchema": SCHEMA}]}
    ]


@pytest.mark.parametrize(
    "schema",
    [None, {}, {"type": "object", "properties": {}}, {"type": "object", "additionalProperties": False}],
)
def test_leave_the_schema_of_a_tool_without_parameters_out(schema: Any) -> None:
    bare = {"type": "function", "function": {"name": "f", "parameters": schema}}
    assert sent(tools=[bare])["tools"] == [{"functionDeclarations": [{"name": "f"}]}]


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "f"}}, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
            {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
        ),
    ],
)
def test_choose_among_tools(choice: Any, written: dict[str, Any]) -> None:
    assert sent(tools=[TOOL], tool_choice=choice)["toolConfig"] == {"functionCallingConfig": written}


def test_leave_the_choice_out_where_there_is_nothing_to_choose() -> None:
    assert sent(tools=[], tool_choice="auto", parallel_tool_calls=False) == sent()


@pytest.mark.parametrize(
    "fields",
    [
        {"safety_settings": [{"category": "c"}], "cached_content": "cachedContents/x"},
        {"safetySettings": [{"category": "c"}], "cachedContent": "cachedContents/x"},
        {
            "extra_body": {
                "google": {"safety_settings": [{"category": "c"}], "cached_content": "cachedContents/x"}
            }
        },
    ],
)
def test_hand_on_fields_of_geminis_own(fields: dict[str, Any]) -> None:
    asked = sent(**fields)
    assert (asked["safetySettings"], asked["cachedContent"]) == ([{"category": "c"}], "cachedContents/x")


def test_let_googles_own_way_of_asking_for_thoughts_win() -> None:
    given = {"google": {"thinking_config": {"thinking_budget": 7, "include_thoughts": True}}}
    asked = config(extra_body=given, reasoning_effort="high", model=OLD)
    assert asked["thinkingConfig"] == {"thinkingBudget": 7, "includeThoughts": True}


@pytest.mark.parametrize(
    ("model", "fields", "written"),
    [
        (NEW, {}, None),
        (NEW, {"reasoning_effort": "medium"}, {"includeThoughts": True, "thinkingLevel": "MEDIUM"}),
        (NEW, {"reasoning_effort": "xhigh"}, {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        (NEW, {"reasoning_effort": "none"}, {"thinkingLevel": "MINIMAL"}),
        (NEW, {"reasoning": {"max_tokens": 1500}}, {"includeThoughts": True, "thinkingLevel": "LOW"}),
        (NEW, {"reasoning": {"enabled": True}}, {"includeThoughts": True}),
        (NEW, {"reasoning": {"effort": "low", "exclude": True}}, {"thinkingLevel": "LOW"}),
        (NEW, {"include_reasoning": True}, {"includeThoughts": True}),
        (
            "gemini-3-pro-preview",
            {"reasoning_effort": "medium"},
            {"includeThoughts": True, "thinkingLevel": "HIGH"},
        ),
        (
            "gemini-3.1-pro",
            {"reasoning_effort": "medium"},
            {"includeThoughts": True, "thinkingLevel": "MEDIUM"},
        ),
        ("gemini-3.1-pro", {"reasoning_effort": "none"}, {"thinkingLevel": "LOW"}),
        (
            "gemini-flash-latest",
            {"reasoning_effort": "low"},
            {"includeThoughts": True, "thinkingLevel": "LOW"},
        ),
        (OLD, {"reasoning_effort": "medium"}, {"includeThoughts": True, "thinkingBudget": 8000}),
        (OLD, {"reasoning_effort": "none"}, {"thinkingBudget": 0}),
        (OLD, {"reasoning": {"max_tokens": 90_000}}, {"includeThoughts": True, "thinkingBudget": 24_576}),
        (OLD, {"thinking": {"type": "adaptive"}}, {"includeThoughts": True}),
        (
            "gemini-2.5-flash-lite",
            {"reasoning": {"max_tokens": 5}},
            {"includeThoughts": True, "thinkingBudget": 512},
        ),
        ("gemini-2.5-pro", {"reasoning_effort": "none"}, {"thinkingBudget": 128}),
        ("gemini-2.5-pro", {"reasoning_effort": "max"}, {"includeThoughts": True, "thinkingBudget": 32_768}),
        ("gemini-2.0-flash", {"reasoning_effort": "high"}, None),
        ("gemma-3-27b", {"reasoning_effort": "high"}, None),
    ],
)
def test_ask_each_generation_to_think_in_its_own_way(
    model: str, fields: dict[str, Any], written: dict[str, Any] | None
) -> None:
    assert config(model=model, **fields).get("thinkingConfig") == written


def test_ask_a_provider_that_was_set_up_otherwise_all_the_same() -> None:
    hop = replace(ONE, dialect="gemini", base_url=API, upstream_model=OLD)
    body = {"messages": [HI], "reasoning_effort": "low"}
    made = asyncio.run(GEMINI.call(hop, "/chat/completions", body, secret="k", stream=False))
    assert orjson.loads(made.body)["generationConfig"]["thinkingConfig"]["thinkingBudget"] == 2000
