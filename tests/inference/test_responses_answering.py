"""A whole response."""

from typing import Any

import pytest
from openai.types.responses import Response

from tests.inference.spoken_responses import ID, answered, asked


def test_has_every_field_that_clients_know() -> None:
    assert Response.model_fields.keys() <= answered(asked(), {"content": "Yes."}).keys()


def test_repeats_what_was_asked_and_stores_nothing() -> None:
    fields: dict[str, Any] = {
        "instructions": "Be brief.",
        "max_output_tokens": 9,
        "max_tool_calls": 3,
        "metadata": {"a": "b"},
        "parallel_tool_calls": False,
        "prompt_cache_key": "k",
        "reasoning": {"effort": "low"},
        "safety_identifier": "s",
        "temperature": 0.5,
        "tool_choice": "required",
        "tools": [{"type": "function", "name": "a"}],
        "top_p": 0.9,
        "truncation": "auto",
        "user": "u",
    }
    response = answered(asked(store=True, **fields), {"content": "Yes."})
    assert {name: response[name] for name in fields} == fields
    assert response["store"] is False


def test_is_told_from_its_request_and_its_time() -> None:
    response = answered(asked(), {"content": "Yes."})
    assert (response["id"], response["object"], response["model"]) == (
        f"resp_{ID.hex}",
        "response",
        "route/m",
    )
    assert response["created_at"] <= response["completed_at"] <= response["created_at"] + 1
    assert (response["status"], response["error"], response["incomplete_details"]) == (
        "completed",
        None,
        None,
    )


def test_tells_reasoning_content_refusal_and_calls_in_this_order() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    message = {"reasoning_content": "Hm.", "content": "Yes.", "refusal": "No.", "tool_calls": [call]}
    output = answered(asked(), message)["output"]
    assert [item["type"] for item in output] == ["reasoning", "message", "function_call"]
    assert [part["type"] for part in output[1]["content"]] == ["output_text", "refusal"]
    assert [item["status"] for item in output] == ["completed"] * 3
    assert "encrypted_content" not in output[0]


def test_tells_tokens_by_their_kinds_and_what_they_cost() -> None:
    assert answered(asked(), {"content": "Yes."})["usage"] == {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 0},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 150,
        "cost": 0.0015,
    }


@pytest.mark.parametrize(
    ("finish", "details"),
    [("length", {"reason": "max_output_tokens"}), ("content_filter", {"reason": "content_filter"})],
)
def test_that_was_cut_short_is_incomplete(finish: str, details: dict[str, str]) -> None:
    response = answered(asked(), {"reasoning_content": "Hm.", "content": "Ye"}, finish)
    assert (response["status"], response["incomplete_details"]) == ("incomplete", details)
    assert (response["completed_at"], response["output"][1]["status"]) == (None, "incomplete")


@pytest.mark.parametrize(
    "message", [{"content": None}, {"content": ""}, {"tool_calls": None}, {"content": []}]
)
def test_without_anything_in_it_has_no_items(message: dict[str, Any]) -> None:
    assert answered(asked(), message)["output"] == []
