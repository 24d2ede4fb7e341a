"""Answers of providers that are asked for their models: what is read of them, and what is not believed."""

import json

import pytest

from catalog.proposals import answers
from catalog.proposals.answers import NoList
from catalog.proposals.listing import Entry


def read(*rows: object) -> dict[str, Entry]:
    return dict(answers.read(json.dumps({"object": "list", "data": rows}).encode()).entries)


def priced(**pricing: object) -> Entry:
    return read({"id": "m", "pricing": pricing})["m"]


def rates(entry: Entry) -> dict[str, int]:
    assert entry.tariff is not None, entry.refusal
    return {name: steps[0][1] for name, steps in entry.tariff.stated.items()}


def test_of_openais_shape_name_the_models() -> None:
    found = read({"id": "gpt-x", "object": "model", "created": 1, "owned_by": "openai"}, {"id": "gpt-y"})
    assert list(found) == ["gpt-x", "gpt-y"]
    assert (found["gpt-x"].tariff, found["gpt-x"].refusal, found["gpt-x"].context) == (None, "", None)


def test_of_openrouters_shape_tell_prices_and_limits() -> None:
    row = {
        "id": "house/m",
        "name": "House: M",
        "context_length": 131_072,
        "top_provider": {"context_length": 131_072, "max_completion_tokens": 16_384, "is_moderated": False},
        "pricing": {
            "prompt": "0.00000015",
            "completion": "0.0000006",
            "request": "0",
            "image": "0",
            "web_search": "0.01",
            "internal_reasoning": "0",
            "input_cache_read": "0.000000075",
            "discount": 0,
        },
    }
    entry = read(row)["house/m"]
    assert (entry.name, entry.context, entry.max_output) == ("House: M", 131_072, 16_384)
    assert rates(entry) == {
        "input": 150_000,
        "output": 600_000,
        "web_search": 10_000_000_000,
        "cached": 75_000,
    }


@pytest.mark.parametrize(
    ("pricing", "why"),
    [
        ({"prompt": "-1", "completion": "-1"}, "prompt is told only when it is used"),
        ({"prompt": "0.1", "completion": "zero"}, "completion is no price"),
        ({"prompt": "0.1", "completion": None}, "completion is no price"),
        ({"prompt": "0.1", "completion": True}, "completion is no price"),
        ({"prompt": "NaN", "completion": "0"}, "prompt is told only when it is used"),
        ({"prompt": "1e-99", "completion": "0"}, "prompt is written with more digits than a price has"),
        ({"prompt": "0.0000000000001", "completion": "0"}, "prompt is finer than a micro-dollar per million"),
        ({"prompt": "9999", "completion": "0"}, "prompt is more than any price can be"),
        ({"prompt": "0.000001", "completion": "0", "image": "0.001"}, "image differs from prompt"),
        ({"prompt": "0.000001", "completion": "0", "video": "0.001"}, "video is not counted"),
        ({"prompt": "0.000001", "completion": "0", "tiers": [{"min": 5}]}, "tiers is no price"),
        ({"input": 0.18, "output": 0.18}, "its prices are in a form that is not read here"),
    ],
)
def test_have_no_price_where_it_cannot_be_carried_exactly(pricing: dict[str, object], why: str) -> None:
    entry = priced(**pricing)
    assert entry.tariff is None
    assert entry.refusal.startswith(why)


def test_tell_a_price_of_zero_only_of_what_is_plain() -> None:
    assert rates(priced(prompt="0", completion="0", image="0", input_cache_read="0")) == {
        "input": 0,
        "output": 0,
    }


def test_carry_pictures_that_cost_as_much_as_text() -> None:
    assert rates(priced(prompt="0.000001", completion="0.000002", image="0.000001")) == {
        "input": 1_000_000,
        "output": 2_000_000,
    }


def test_of_anthropics_shape_tell_where_the_next_page_begins() -> None:
    rows = [{"type": "model", "id": "claude-a", "display_name": "Claude A", "max_input_tokens": 200_000}]
    page = answers.read(json.dumps({"data": rows, "has_more": True, "last_id": "claude-a"}).encode())
    assert (page.after, page.entries["claude-a"].name, page.entries["claude-a"].context) == (
        "claude-a",
        "Claude A",
        200_000,
    )
    assert (
        answers.read(json.dumps({"data": rows, "has_more": False, "last_id": "claude-a"}).encode()).after
        == ""
    )


def test_of_geminis_shape_are_named_as_hops_name_them() -> None:
    row = {"name": "models/gemini-a", "displayName": "Gemini A", "inputTokenLimit": 9, "outputTokenLimit": 5}
    page = answers.read(json.dumps({"models": [row], "nextPageToken": "abc"}).encode())
    entry = page.entries["gemini-a"]
    assert (page.after, entry.name, entry.context, entry.max_output) == ("abc", "Gemini A", 9, 5)


def test_may_be_a_bare_list() -> None:
    assert list(answers.read(b'[{"id": "a"}]').entries) == ["a"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"data": {}}',
        b'"models"',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"error": {"message": "no"}}',
    ],
)
def test_are_refused_where_they_are_no_list(body: bytes) -> None:
    with pytest.raises(NoList):
        answers.read(body)


def test_are_refused_where_they_list_too_many() -> None:
    with pytest.raises(NoList, match="more than 5,000"):
        read(*[{"id": f"m{number}"} for number in range(5_001)])


def test_are_read_without_what_is_no_model() -> None:
    page = answers.read(
        json.dumps(
            {"data": [{"id": "a"}, {"id": ""}, {"id": "x" * 129}, {"id": 5}, "b", None, {"id": "a\n"}]}
        ).encode()
    )
    assert (list(page.entries), page.left_out) == (["a"], 6)


@pytest.mark.parametrize("context", [0, -5, 2**31, "many", 1.5, True, None])
def test_tell_no_context_that_cannot_be(context: object) -> None:
    assert read({"id": "a", "context_length": context})["a"].context is None


def test_are_kept_in_plain_words_only() -> None:
    entry = read(
        {"id": "a", "name": "x\x00y" + "z" * 500, "pricing": {"prompt": "1", "\x00" + "k" * 10**6: "1"}}
    )["a"]
    assert entry.name == "x y" + "z" * 125
    assert entry.refusal == " " + "k" * 127
