"""A streamed response."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.dialects.responses import RESPONSES
from inference.errors import Failure
from tests.inference.spoken_responses import (
    ID,
    READING,
    TOLD,
    accumulated,
    answered,
    asked,
    chunk,
    events_of,
    streamed,
)

TOOLS: list[dict[str, Any]] = [
    {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}},
    {
        "type": "namespace",
        "name": "crm",
        "description": "x",
        "tools": [{"type": "function", "name": "find"}, {"type": "custom", "name": "note"}],
    },
    {"type": "custom", "name": "patch", "description": "Patches."},
    {"type": "shell"},
    {"type": "apply_patch"},
]
ASK = asked(tools=TOOLS, include=["reasoning.encrypted_content"])

texts = st.text(st.characters(codec="utf-8"), max_size=40)
json_texts = st.one_of(
    texts.map(lambda text: json.dumps({"input": text})),
    texts.map(lambda text: json.dumps({"input": text}, ensure_ascii=False)),
    st.just('{"commands": ["ls", "pwd"]}'),
    st.just('{"operation": {"type": "delete_file", "path": "a"}}'),
    texts,
)
names = st.sampled_from(["weather", "crm__find", "crm__note", "patch", "shell", "apply_patch", "unknown"])
calls = st.lists(st.tuples(names, json_texts), max_size=4)


def pieces(text: str, chance: random.Random) -> list[str]:
    """A text cut at random places, with empty pieces in between."""
    cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.randrange(5)))
    return [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def message_of(thought: str, content: str, refusal: str, wanted: list[tuple[str, str]]) -> dict[str, Any]:
    tool_calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(wanted)
    ]
    return {"reasoning_content": thought, "content": content, "refusal": refusal, "tool_calls": tool_calls}


def chunked(message: dict[str, Any], chance: random.Random, finish: str) -> list[dict[str, Any]]:
    """A whole message as an upstream may stream it: cut anywhere, its calls interleaved, noise in between."""
    chunks = [chunk({"role": "assistant"})]
    for name in ("reasoning_content", "content", "refusal"):
        chunks += [chunk({name: piece}) for piece in pieces(message[name], chance)]
    lines: list[list[dict[str, Any]]] = []
    for index, call in enumerate(message["tool_calls"]):
        function = call["function"]
        line = [{"index": index, "id": call["id"], "type": "function", "function": {"name": ""}}]
        line += [{"index": index, "function": {"name": piece}} for piece in pieces(function["name"], chance)]
        line += [
            {"index": index, "function": {"arguments": piece}}
            for piece in pieces(function["arguments"], chance)
        ]
        lines.append(line)
        # A call begins with its name whole before the next one does; arguments may interleave.
        head = line[: len(line) - chance.randrange(len(line))] if chance.random() < 0.5 else line
        named = max(len(head), sum("name" in each["function"] for each in line))
        chunks += [chunk({"tool_calls": [each]}) for each in line[:named]]
        del line[:named]
    while any(lines):
        line = chance.choice([line for line in lines if line])
        chunks.append(chunk({"tool_calls": [line.pop(0)]}))
    chunks.append(chunk({}, finish))
    noise: list[dict[str, Any]] = [
        {"choices": []},
        {"choices": [], "usage": {}},
        chunk({}),
        chunk({"content": ""}),
    ]
    for _ in range(chance.randrange(4)):
        chunks.insert(chance.randrange(len(chunks)), chance.choice(noise))
    return chunks


@given(texts, texts, texts, calls, st.sampled_from(["stop", "tool_calls"]), st.randoms(use_true_random=False))
def test_comes_to_the_same_as_a_plain_one_however_it_is_cut(
    thought: str,
    content: str,
    refusal: str,
    wanted: list[tuple[str, str]],
    finish: str,
    chance: random.Random,
) -> None:
    message = message_of(thought, content, refusal, wanted)
    events = streamed(ASK, chunked(message, chance, finish))
    heard, plain = events[-1]["response"], answered(ASK, message, finish)
    assert by_id(heard["output"]) == by_id(plain["output"])
    assert deltas(events) == deltas_of(plain["output"])
    assert unparsed(accumulated(events).to_dict()["output"]) == heard["output"]
    for name in plain.keys() - {"output", "created_at", "completed_at"}:
        assert heard[name] == plain[name]


def unparsed(value: Any) -> Any:
    """What OpenAI's client returns, without the fields in which it parses texts."""
    if isinstance(value, list):
        return [unparsed(each) for each in value]
    if isinstance(value, dict):
        return {name: unparsed(each) for name, each in value.items() if not name.startswith("parsed")}
    return value


def by_id(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items without their places, which interleaved calls may swap."""
    return sorted(({**item, "id": item["id"].partition("_")[0]} for item in items), key=json.dumps)


def deltas(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What each item's deltas add up to, by the kind of item."""
    found: dict[str, str] = {}
    for event in events:
        if event["type"].endswith(".delta"):
            found[event["item_id"]] = found.get(event["item_id"], "") + event["delta"]
    return sorted((item_id.partition("_")[0], text) for item_id, text in found.items())


def deltas_of(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    found = [(item["id"].partition("_")[0], told_of(item)) for item in items]
    return sorted((kind, text) for kind, text in found if text)


def told_of(item: dict[str, Any]) -> str:
    match item["type"]:
        case "message":
            return "".join(part.get("text", part.get("refusal")) for part in item["content"])
        case "reasoning":
            return str(item["summary"][0]["text"])
        case "function_call":
            return str(item["arguments"])
        case "custom_tool_call":
            return str(item["input"])
    return ""


def test_tells_each_step_of_a_message() -> None:
    events = streamed(
        asked(), [chunk({"role": "assistant", "content": "Yes"}), chunk({"content": "."}, "stop")]
    )
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert events[0]["response"]["status"] == "in_progress"
    assert events[0]["response"]["usage"] is None
    assert {event["item_id"] for event in events[3:8]} == {events[2]["item"]["id"]}


def test_tells_reasoning_as_a_summary_that_is_over_when_the_message_begins() -> None:
    chunks = [
        chunk({"reasoning_content": "Hm"}),
        chunk({"reasoning": "m."}),
        chunk({"content": "Yes"}, "stop"),
    ]
    events = streamed(ASK, chunks)
    assert [event["type"].removeprefix("response.") for event in events[2:9]] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    item = events[8]["item"]
    assert item["summary"] == [{"type": "summary_text", "text": "Hmm."}]
    assert item["encrypted_content"].startswith("tollway.")


def test_tells_the_input_of_a_custom_tool_as_it_comes() -> None:
    arguments = ['{"inp', 'ut": "a\\', "n\\ud83d", "\\ude00", 'b"', "}"]
    call = {"index": 0, "id": "c", "function": {"name": "patch"}}
    chunks = [chunk({"tool_calls": [call]})]
    chunks += [chunk({"tool_calls": [{"index": 0, "function": {"arguments": each}}]}) for each in arguments]
    events = streamed(ASK, [*chunks, chunk({}, "tool_calls")])
    told = [event["delta"] for event in events if event["type"] == "response.custom_tool_call_input.delta"]
    assert told == ["a", "\n", "😀", "b"]
    (item,) = events[-1]["response"]["output"]
    assert (item["type"], item["name"], item["call_id"], item["input"]) == (
        "custom_tool_call",
        "patch",
        "c",
        "a\n😀b",
    )


def test_goes_on_with_a_new_message_after_reasoning_in_between() -> None:
    chunks = [chunk({"content": "a"}), chunk({"reasoning_content": "b"}), chunk({"content": "c"}, "stop")]
    response = accumulated(streamed(ASK, chunks))
    assert [item.type for item in response.output] == ["message", "reasoning", "message"]
    assert response.output_text == "ac"


@pytest.mark.parametrize(
    "deltas",
    [
        # A name told again with every piece.
        [
            {"index": 0, "id": "c", "function": {"name": "weather", "arguments": piece}}
            for piece in ("{", "}")
        ],
        # No index and no id, the arguments an object.
        [{"function": {"name": "weather", "arguments": {}}}],
        # No arguments at all.
        [{"index": 0, "id": "c", "function": {"name": "weather"}}],
    ],
)
def test_understands_calls_that_are_told_otherwise(deltas: list[dict[str, Any]]) -> None:
    events = streamed(ASK, [*(chunk({"tool_calls": [delta]}) for delta in deltas), chunk({}, "tool_calls")])
    (item,) = events[-1]["response"]["output"]
    assert (item["type"], item["name"], item["arguments"]) == ("function_call", "weather", "{}")
    assert item["call_id"]


def test_tells_apart_calls_that_are_all_numbered_alike() -> None:
    calls = [{"index": 0, "id": each, "function": {"name": "weather", "arguments": "{}"}} for each in "ab"]
    response = accumulated(streamed(ASK, [chunk({"tool_calls": [call]}) for call in calls]))
    assert [item.call_id for item in response.output if item.type == "function_call"] == ["a", "b"]


def test_gives_calls_with_the_same_id_different_ones() -> None:
    calls = [{"index": n, "id": "c", "function": {"name": "weather", "arguments": "{}"}} for n in (0, 1)]
    response = accumulated(streamed(ASK, [chunk({"tool_calls": calls})]))
    ids = [item.call_id for item in response.output if item.type == "function_call"]
    assert ids[0] == "c" != ids[1]


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_that_was_cut_short_is_incomplete(finish: str, reason: str) -> None:
    events = streamed(asked(), [chunk({"reasoning_content": "Hm"}), chunk({"content": "Yes"}, finish)])
    assert events[-1]["type"] == "response.incomplete"
    response = events[-1]["response"]
    assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert [item["status"] for item in response["output"]] == ["completed", "incomplete"]
    assert (
        response["usage"]["total_tokens"] == READING.counts.prompt_tokens + READING.counts.completion_tokens
    )


def test_without_anything_in_it_is_complete_and_has_no_items() -> None:
    events = streamed(asked(), [])
    assert [event["type"] for event in events] == [
        "response.created",
        "response.in_progress",
        "response.completed",
    ]
    assert accumulated(events).output == []


def test_tells_the_likelihood_of_its_tokens() -> None:
    seen = {"token": "Yes", "logprob": -0.1, "bytes": None, "top_logprobs": []}
    events = streamed(
        asked(top_logprobs=1), [chunk({"content": "Yes"}, "stop", logprobs={"content": [seen]})]
    )
    (part,) = events[-1]["response"]["output"][0]["content"]
    assert [each["logprob"] for each in part["logprobs"]] == [-0.1]


def test_listens_to_the_first_choice_only() -> None:
    second = {"choices": [{"index": 1, "delta": {"content": "No"}, "finish_reason": "length"}]}
    assert accumulated(streamed(asked(), [chunk({"content": "Yes"}, "stop"), second])).output_text == "Yes"


def test_that_breaks_off_tells_an_error_and_then_what_there_was() -> None:
    voice = RESPONSES.voice(asked(), ID, "route/m")
    frames = voice.event(b"", chunk({"content": "Ye"}))
    frames += voice.broken(Failure("PROVIDER_ERROR", "The provider broke off."), TOLD)
    *_, error, failed = events_of(frames)
    assert error["error"] == {
        "message": "The provider broke off.",
        "type": "api_error",
        "param": None,
        "code": "PROVIDER_ERROR",
    }
    assert (failed["type"], failed["response"]["status"]) == ("response.failed", "failed")
    assert failed["response"]["error"] == {"code": "server_error", "message": "The provider broke off."}
    assert failed["response"]["output"][0]["content"][0]["text"] == "Ye"
    assert failed["response"]["output"][0]["status"] == "incomplete"
    assert (failed["response"]["usage"]["input_tokens"], failed["response"]["usage"]["cost"]) == (100, 0.0015)


def test_that_is_killed_ends_incomplete_and_tells_no_call_to_be_done() -> None:
    voice = RESPONSES.voice(ASK, ID, "route/m")
    call = {"index": 0, "id": "c", "function": {"name": "weather", "arguments": '{"a'}}
    frames = voice.event(b"", chunk({"tool_calls": [call]})) + voice.killed(TOLD)
    events = [json.loads(line[6:]) for line in frames.decode().splitlines() if line.startswith("data: {")]
    assert frames.endswith(b"data: [DONE]\n\n")
    assert events[-1]["type"] == "response.incomplete"
    assert events[-1]["response"]["incomplete_details"] == {"reason": "killed"}
    assert events[-1]["response"]["usage"]["output_tokens"] == 50
    assert "response.output_item.done" not in {event["type"] for event in events}


@pytest.mark.parametrize("end", ["killed", "broken"])
def test_tells_no_usage_where_nothing_was_delivered(end: str) -> None:
    voice = RESPONSES.voice(ASK, ID, "route/m")
    frames = voice.killed() if end == "killed" else voice.broken(Failure("PROVIDER_ERROR", "It broke."))
    events = [json.loads(line[6:]) for line in frames.decode().splitlines() if line.startswith("data: {")]
    assert events[-1]["response"]["usage"] is None
