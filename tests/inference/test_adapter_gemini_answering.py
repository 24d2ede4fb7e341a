"""Whole answers of Gemini's, as chat completions."""

from typing import Any

import pytest

from inference.adapters.gemini import GEMINI
from tests.inference.test_adapter_gemini_reading import USAGE, said


def choice(*parts: dict[str, Any], finish: str = "STOP", **more: Any) -> Any:
    (found,) = GEMINI.answer(said(*parts, finish=finish, **more))["choices"]
    return found


def test_part_thoughts_from_text() -> None:
    message = choice({"text": "hm", "thought": True}, {"text": "A"}, {"text": "B"})["message"]
    assert message == {"role": "assistant", "content": "AB", "reasoning_content": "hm"}


def test_have_no_content_beside_calls() -> None:
    found = choice({"functionCall": {"name": "f", "args": {"a": 1}, "id": "own"}})
    call = {"id": "own", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    assert found["message"] == {"role": "assistant", "content": None, "tool_calls": [call]}
    assert found["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("native", "finish"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "stop"),
        ("OTHER", "stop"),
        ("OF_TOMORROW", "stop"),
    ],
)
def test_end_for_one_of_openais_reasons(native: str, finish: str) -> None:
    assert choice({"text": "A"}, finish=native)["finish_reason"] == finish


def test_name_geminis_reason_where_openais_says_less() -> None:
    assert choice(finish="MALFORMED_FUNCTION_CALL")["native_finish_reason"] == "MALFORMED_FUNCTION_CALL"
    assert "native_finish_reason" not in choice(finish="STOP")
    assert "native_finish_reason" not in choice(finish="<script>")


def test_stay_filtered_though_a_tool_was_called() -> None:
    assert choice({"functionCall": {"name": "f"}}, finish="SAFETY")["finish_reason"] == "content_filter"


def test_hold_every_candidate() -> None:
    candidates = [
        {"content": {"parts": [{"text": "A"}]}},
        {"index": 1, "content": {"parts": [{"text": "B"}]}},
    ]
    found = GEMINI.answer({"candidates": candidates})["choices"]
    assert [(each["index"], each["message"]["content"]) for each in found] == [(0, "A"), (1, "B")]


def test_are_empty_and_filtered_where_the_prompt_was_blocked() -> None:
    answer = GEMINI.answer({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
    assert answer["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": None}, "finish_reason": "content_filter"}
    ]


@pytest.mark.parametrize("said", [{}, {"candidates": []}, {"candidates": "x"}, {"promptFeedback": {}}])
def test_are_none_without_a_candidate_or_a_reason(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="without candidates"):
        GEMINI.answer(said)


def test_carry_pictures_as_data() -> None:
    message = choice({"inlineData": {"mimeType": "image/png", "data": "iVBO"}})["message"]
    assert message["images"] == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}]


def test_score_their_tokens() -> None:
    scores = {
        "chosenCandidates": [{"token": "é", "tokenId": 1, "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "é", "logProbability": -0.5}, {"token": "x"}]}],
    }
    answer = said({"text": "é"}, finish="STOP")
    answer["candidates"][0]["logprobsResult"] = scores
    (found,) = GEMINI.answer(answer)["choices"]
    chosen = {"token": "é", "logprob": -0.5, "bytes": [195, 169]}
    other = {"token": "x", "logprob": 0, "bytes": [120]}
    assert found["logprobs"] == {"content": [{**chosen, "top_logprobs": [chosen, other]}], "refusal": None}


def counted(**told: Any) -> Any:
    return GEMINI.answer(said({"text": "A"}, usageMetadata=told)).get("usage")


def test_count_thoughts_into_the_completion() -> None:
    assert counted(**USAGE) == {
        "prompt_tokens": 9,
        "completion_tokens": 7,
        "total_tokens": 16,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }


def test_count_what_googles_tools_put_in_into_the_prompt() -> None:
    assert counted(promptTokenCount=9, toolUsePromptTokenCount=4)["prompt_tokens"] == 13


def test_count_each_kind_of_token_once() -> None:
    usage = counted(
        promptTokenCount=1000,
        cachedContentTokenCount=600,
        promptTokensDetails=[
            {"modality": "TEXT", "tokenCount": 442},
            {"modality": "IMAGE", "tokenCount": 258},
            {"modality": "IMAGE", "tokenCount": 258},
            {"modality": "AUDIO", "tokenCount": 42},
        ],
        cacheTokensDetails=[
            {"modality": "IMAGE", "tokenCount": 258},
            {"modality": "TEXT", "tokenCount": 342},
        ],
        candidatesTokenCount=1290,
        candidatesTokensDetails=[{"modality": "IMAGE", "tokenCount": 1290}],
    )
    assert usage["prompt_tokens_details"] == {"cached_tokens": 600, "image_tokens": 258, "audio_tokens": 42}
    assert usage["completion_tokens_details"] == {"reasoning_tokens": 0, "image_tokens": 1290}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"promptTokenCount": 0},
        {"promptTokenCount": "9"},
        {"promptTokenCount": -1},
        {"totalTokenCount": 4},
    ],
)
def test_count_nothing_without_a_prompt(told: dict[str, Any]) -> None:
    assert counted(**told) is None
