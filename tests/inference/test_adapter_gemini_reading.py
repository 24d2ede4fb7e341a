"""Streams of Gemini's, read as chats."""

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import sse
from inference.adapters.gemini import GEMINI
from inference.meter import Tally

USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 3, "totalTokenCount": 16}
TEXTS = st.text(min_size=1, max_size=12)
SIGNATURES = st.none() | st.sampled_from(["c2ln", "bm9jaA=="])
PARTS = st.one_of(
    st.builds(lambda text, sign: signed({"text": text}, sign), TEXTS, SIGNATURES),
    st.builds(lambda text: {"text": text, "thought": True}, TEXTS),
    st.builds(
        lambda sign: signed({"inlineData": {"mimeType": "image/png", "data": "iVBO"}}, sign), SIGNATURES
    ),
    st.builds(
        lambda name, args, sign: signed({"functionCall": {"name": name, "args": args}}, sign),
        st.sampled_from(["f", "g"]),
        st.dictionaries(TEXTS, st.integers(-9, 9) | TEXTS, max_size=2),
        SIGNATURES,
    ),
)
FINISHES = st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY", "MALFORMED_FUNCTION_CALL", "NEW_REASON"])
NAMES = [
    "candidates",
    "content",
    "parts",
    "text",
    "functionCall",
    "name",
    "args",
    "finishReason",
    "index",
    "thoughtSignature",
    "usageMetadata",
    "promptTokenCount",
    "promptFeedback",
    "blockReason",
    "logprobsResult",
    "chosenCandidates",
    "topCandidates",
    "inlineData",
]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=3) | st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def signed(part: dict[str, Any], signature: str | None) -> dict[str, Any]:
    return {**part, "thoughtSignature": signature} if signature else part


def said(*parts: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "responseId": "r1", "modelVersion": "m", **more}


def read(*events: Any) -> list[Any]:
    """The chat events of a stream, the end marker as it is."""
    return heard(GEMINI.reader(), (json.dumps(event).encode() for event in events))


def heard(reader: Any, blocks: Iterable[bytes]) -> list[Any]:
    found = [event for block in blocks for event in reader.feed(block)]
    return [event if event == sse.DONE else orjson.loads(event) for event in found]


def told(events: list[Any]) -> dict[str, Any]:
    """What a client makes of a stream: the message, why it ended, and the usage."""
    message: dict[str, Any] = {"role": "assistant", "content": None}
    finish = usage = None
    for event in events:
        usage = event.get("usage", usage)
        for choice in event["choices"]:
            finish = choice["finish_reason"] or finish
            for name, value in choice["delta"].items():
                if isinstance(value, list):
                    message[name] = message.get(name, []) + [
                        {key: each[key] for key in each if key != "index" or name != "tool_calls"}
                        for each in value
                    ]
                else:
                    message[name] = (message.get(name) or "") + value
    return {"message": message, "finish_reason": finish, "usage": usage}


@given(st.lists(PARTS, min_size=1, max_size=6), FINISHES, st.data())
def test_say_the_same_as_the_whole_answer(
    parts: list[dict[str, Any]], finish: str, data: st.DataObject
) -> None:
    pieces: list[dict[str, Any]] = []
    for part in parts:
        cut = data.draw(st.integers(0, len(part.get("text", ""))))
        if "thoughtSignature" in part or not cut:
            pieces.append(part)
        else:
            pieces += [{**part, "text": part["text"][:cut]}, {**part, "text": part["text"][cut:]}]
    events = [said(piece, usageMetadata={"promptTokenCount": 9}) for piece in pieces[:-1]]
    streamed = told(read(*events, said(pieces[-1], finish=finish, usageMetadata=USAGE)))
    whole = GEMINI.answer(said(*parts, finish=finish, usageMetadata=USAGE))
    (choice,) = whole["choices"]
    assert streamed["message"] == choice["message"]
    assert streamed["finish_reason"] == choice["finish_reason"]
    assert streamed["usage"] == whole["usage"]


@given(
    st.lists(PARTS, min_size=1, max_size=4),
    st.lists(st.integers(0, 2000), max_size=8),
    st.sampled_from(["\n", "\r\n"]),
)
def test_say_the_same_however_their_bytes_are_cut(
    parts: list[dict[str, Any]], cuts: list[int], end: str
) -> None:
    events = [*(said(part) for part in parts), said(finish="STOP", usageMetadata=USAGE)]
    text = "".join(f"data: {json.dumps(event, ensure_ascii=False)}{end}{end}" for event in events).encode()
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    splitter, reader = sse.Splitter(), GEMINI.reader()
    blocks = [data for begin, stop in pairwise(places) for data in splitter.feed(text[begin:stop])]
    assert told(heard(reader, blocks)) == told(read(*events))


@given(st.lists(ANYTHING, max_size=4), st.booleans())
def test_break_on_nothing(values: list[Any], sound: bool) -> None:
    reader, tally = GEMINI.reader(), Tally()
    for value in values:
        event = (
            {"candidates": [{"content": {"parts": [value]}, "finishReason": value}, value]}
            if sound
            else value
        )
        for data in reader.feed(orjson.dumps(event)):
            if data != sse.DONE and isinstance(chat := orjson.loads(data), dict):
                tally.event(chat)


def test_tell_what_went_in_once_and_what_came_out_at_the_end() -> None:
    growing = {"promptTokenCount": 9, "cachedContentTokenCount": 4, "candidatesTokenCount": 1}
    events = read(
        said({"text": "a"}, usageMetadata=growing),
        said({"text": "b"}, usageMetadata=growing),
        said({"text": ""}, finish="STOP", usageMetadata=USAGE),
    )
    assert [event["choices"] and event["choices"][0] for event in events] == [
        {"index": 0, "delta": {"content": "a"}, "finish_reason": None},
        [],
        {"index": 0, "delta": {"content": "b"}, "finish_reason": None},
        {"index": 0, "delta": {}, "finish_reason": "stop"},
        [],
    ]
    assert events[1]["usage"] == {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}
    assert [event.get("usage", {}).get("completion_tokens") for event in events] == [None] * 4 + [7]


def test_take_a_count_that_comes_after_the_end() -> None:
    events = read(said({"text": "a"}, finish="STOP"), {"usageMetadata": USAGE, "responseId": "r1"})
    assert events[-1]["usage"]["prompt_tokens"] == 9


def test_are_over_when_every_candidate_is() -> None:
    def one(index: int, text: str, finish: str | None) -> dict[str, Any]:
        candidate = said({"text": text}, finish=finish)["candidates"][0]
        return {**candidate, **({"index": index} if index else {})}

    events = read(
        {"candidates": [one(0, "a", None), one(1, "b", "STOP")], "usageMetadata": USAGE},
        {"candidates": [one(0, "c", "MAX_TOKENS")], "usageMetadata": USAGE},
    )
    assert [choice["index"] for event in events for choice in event["choices"]] == [0, 1, 0]
    whole = [event for event in events if "completion_tokens" in event.get("usage", ())]
    assert whole == events[-1:]


def test_number_their_calls_and_end_for_them() -> None:
    events = read(
        said({"functionCall": {"name": "f"}, "thoughtSignature": "c2ln"}),
        said({"functionCall": {"name": "g", "args": {"a": 1.5}, "id": "own"}}, finish="STOP"),
    )
    (first,), (second,) = (event["choices"][0]["delta"]["tool_calls"] for event in events)
    assert (first["index"], first["function"]) == (0, {"name": "f", "arguments": "{}"})
    assert (second["index"], second["id"]) == (1, "own")
    assert second["function"] == {"name": "g", "arguments": '{"a":1.5}'}
    assert first["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert first["id"].startswith("call_")
    assert events[0]["choices"][0]["delta"]["reasoning_details"] == [
        {
            "type": "reasoning.encrypted",
            "data": "c2ln",
            "format": "google-gemini-v1",
            "index": 0,
            "id": first["id"],
        }
    ]
    assert events[1]["choices"][0]["finish_reason"] == "tool_calls"


def test_make_ids_that_differ_from_answer_to_answer() -> None:
    event = {
        "candidates": said({"functionCall": {"name": "f"}}, {"functionCall": {"name": "f"}})["candidates"]
    }
    ids = {call["id"] for _ in range(3) for call in read(event)[0]["choices"][0]["delta"]["tool_calls"]}
    assert len(ids) == 6


@pytest.mark.parametrize(
    "event", [{"error": {"code": 503, "message": "secret"}}, [{"error": {"message": "secret"}}]]
)
def test_tell_of_errors_without_a_word_of_theirs(event: Any) -> None:
    (found,) = read(event)
    assert found["error"]
    assert "secret" not in json.dumps(found)


def test_end_at_once_where_the_prompt_was_blocked() -> None:
    events = read({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 5}})
    assert events[0]["choices"][0]["finish_reason"] == "content_filter"
    assert (events[1]["usage"]["prompt_tokens"], events[2]) == (5, sse.DONE)


@pytest.mark.parametrize("data", [b"{", b"7", b"[]", b'"a"'])
def test_hand_on_what_is_no_event(data: bytes) -> None:
    assert GEMINI.reader().feed(data) == [data]


@pytest.mark.parametrize("event", [{}, {"candidates": []}, {"usageMetadata": USAGE}, {"new": {"thing": 1}}])
def test_pass_over_what_says_nothing(event: Any) -> None:
    assert read(event) == []


def test_count_arguments_nested_beyond_writing_as_broken() -> None:
    args: dict[str, Any] = {}
    for _ in range(400):
        args = {"a": args}
    (found,) = GEMINI.reader().feed(json.dumps(said({"functionCall": {"name": "f", "args": args}})).encode())
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(found)
    with pytest.raises(ValueError, match="deeper"):
        GEMINI.answer(said({"functionCall": {"name": "f", "args": args}}))
