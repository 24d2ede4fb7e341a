"""Anthropic's answers, whole and as streams, read as the answers of a chat."""

import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pytest
from anthropic.types import ContentBlock, Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.lib.streaming._deltas import accumulate_delta
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from inference import sse
from inference.adapters.anthropic import ANTHROPIC
from tests.fakes import anthropic_said as said

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.text(min_size=1, max_size=12)
GIVEN = st.dictionaries(
    WORDS, st.integers(-99, 99) | WORDS | st.none() | st.lists(WORDS, max_size=2), max_size=3
)
BLOCKS = st.one_of(
    st.builds(said.text, WORDS),
    st.builds(said.thinking, st.text(max_size=12), WORDS),
    st.builds(said.redacted, WORDS),
    st.builds(said.tool_use, WORDS, GIVEN, call_id=WORDS),
)
REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
FIGURES = st.integers(0, 99)
ODD = st.none() | st.integers(-9, 9) | st.sampled_from(["text", "tool_use", "thinking", "text_delta"])
ODD_PARTS = st.dictionaries(st.sampled_from(["type", "text", "input", "usage", "signature"]), ODD)
ODD_EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["message_start", "content_block_start", "content_block_delta", "message_delta"]
        )
    },
    optional=dict.fromkeys(("index", "delta", "message", "content_block", "usage"), ODD | ODD_PARTS),
)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    split = {"ephemeral_5m_input_tokens": draw(FIGURES), "ephemeral_1h_input_tokens": draw(FIGURES)}
    output = draw(FIGURES)
    used = said.usage(
        input_tokens=draw(FIGURES),
        output_tokens=output,
        cache_read_input_tokens=draw(st.none() | FIGURES),
        cache_creation_input_tokens=sum(split.values()),
        cache_creation=split,
        output_tokens_details=draw(st.none() | st.just({"thinking_tokens": output // 2})),
    )
    return said.message(
        *draw(st.lists(BLOCKS, max_size=5)),
        reason=draw(st.sampled_from(sorted(REASONS))),
        sequence=draw(st.none() | WORDS),
        used=used,
    )


def whole(message: Message) -> dict[str, Any]:
    return ANTHROPIC.answer(message.model_dump(mode="json"))


def read(frames: Iterable[bytes]) -> list[bytes]:
    """The chat events that a stream in these pieces becomes."""
    splitter, reader = sse.Splitter(), ANTHROPIC.reader()
    events = [data for piece in frames for data in splitter.feed(piece)]
    return [told for data in [*events, *splitter.finish()] for told in reader.feed(data)]


def parsed(events: Iterable[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(event) for event in events if event != sse.DONE]


def deltas(events: Iterable[bytes]) -> list[dict[str, Any]]:
    return [event["choices"][0]["delta"] for event in parsed(events) if event["choices"]]


def gathered(events: Sequence[bytes]) -> dict[str, Any]:
    """The whole answer, put together as OpenAI's client does it."""
    assert events[-1] == sse.DONE
    assert events.count(sse.DONE) == 1
    message: dict[object, object] = {}
    answer: dict[str, Any] = {}
    for event in parsed(events):
        # What is known of the usage before the end is for the meter alone.
        partly = "completion_tokens" not in event.get("usage", {"completion_tokens": 0})
        ChatCompletionChunk.model_validate({**event, "usage": None} if partly else event)
        if event.get("usage"):
            answer["usage"] = event["usage"]
        for choice in event["choices"]:
            message = accumulate_delta(message, choice.pop("delta"))
            answer["choice"] = choice
    return {"message": message, **answer}


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    ChatCompletion.model_validate({**answer, "choices": [{"logprobs": None, **answer["choices"][0]}]})
    choice = answer["choices"][0]
    return {"message": choice.pop("message"), "usage": answer["usage"], "choice": choice}


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer whose calls hold objects instead of their text, without what only numbers the pieces."""
    message = {name: value for name, value in answer["message"].items() if value not in (None, "")}
    for number, call in enumerate(message.get("tool_calls", ())):
        assert call.pop("index", number) == number
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return {**answer, "message": message}


@PATIENT
@given(messages(), st.lists(st.integers(0, 40), max_size=4))
def test_gives_the_same_whole_and_as_a_stream(message: Message, places: list[int]) -> None:
    streamed = gathered(read(said.frames(said.events(message, places=places))))
    assert comparable(streamed) == comparable(plain(whole(message)))


@PATIENT
@given(messages(), st.lists(st.integers(0, 4000), max_size=6))
def test_gives_the_same_however_the_bytes_come(message: Message, places: list[int]) -> None:
    frames = said.frames(said.events(message, places=[3]))
    wire = b"".join(frames)
    marks = [0, *sorted({min(place, len(wire)) for place in places}), len(wire)]
    pieces = [wire[begin:end] for begin, end in itertools.pairwise(marks)]
    assert without_time(read(pieces)) == without_time(read(frames))


def without_time(events: list[bytes]) -> list[Any]:
    return [{**event, "created": 0} for event in parsed(events)]


@PATIENT
@given(st.lists(ODD_EVENTS))
def test_survives_whatever_an_upstream_sends(events: list[dict[str, Any]]) -> None:
    reader = ANTHROPIC.reader()
    for event in events:
        for told in reader.feed(orjson.dumps(event)):
            assert isinstance(orjson.loads(told), dict)


def test_tells_thinking_calls_and_text_each_in_its_field() -> None:
    answer = whole(
        said.message(
            said.thinking("Hm. ", "sig=="),
            said.redacted("xyz"),
            said.text("Look."),
            said.tool_use("f", {"a": [1]}, call_id="toolu_1"),
            said.tool_use("g", {}, call_id="toolu_2"),
            reason="tool_use",
        )
    )
    about = {"format": "anthropic-claude-v1"}
    assert answer["choices"][0] == {
        "index": 0,
        "finish_reason": "tool_calls",
        "native_finish_reason": "tool_use",
        "message": {
            "role": "assistant",
            "content": "Look.",
            "reasoning_content": "Hm. ",
            "reasoning_details": [
                {
                    "type": "reasoning.text",
                    "text": "Hm. ",
                    "signature": "sig==",
                    "id": "block-0",
                    "index": 0,
                    **about,
                },
                {"type": "reasoning.encrypted", "data": "xyz", "id": "block-1", "index": 1, **about},
            ],
            "tool_calls": [
                {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": '{"a":[1]}'}},
                {"id": "toolu_2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            ],
        },
    }


def test_has_no_content_beside_a_call() -> None:
    assert whole(said.message(said.tool_use("f", {})))["choices"][0]["message"]["content"] is None
    assert whole(said.message())["choices"][0]["message"]["content"] == ""


@pytest.mark.parametrize(("reason", "finish"), REASONS.items())
def test_tells_why_it_ended(reason: str, finish: str) -> None:
    choice = whole(said.message(said.text("a"), reason=reason))["choices"][0]
    assert (choice["finish_reason"], choice["native_finish_reason"]) == (finish, reason)


def test_takes_a_reason_that_is_new_for_a_plain_end() -> None:
    answer = ANTHROPIC.answer({"type": "message", "content": [], "stop_reason": "bored"})
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_tells_which_sequence_stopped_it() -> None:
    choice = whole(said.message(said.text("a"), reason="stop_sequence", sequence="END"))["choices"][0]
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", "END")


def test_counts_what_a_cache_gave_and_took_as_part_of_the_prompt() -> None:
    used = said.usage(
        input_tokens=5,
        cache_read_input_tokens=100,
        cache_creation_input_tokens=30,
        cache_creation={"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        output_tokens=40,
        output_tokens_details={"thinking_tokens": 25},
    )
    assert whole(said.message(used=used))["usage"] == {
        "prompt_tokens": 135,
        "prompt_tokens_details": {
            "cached_tokens": 100,
            "cache_write_tokens": 10,
            "cache_write_1h_tokens": 20,
        },
        "completion_tokens": 40,
        "total_tokens": 175,
        "completion_tokens_details": {"reasoning_tokens": 25},
    }


def test_takes_writes_that_are_not_split_for_short_ones() -> None:
    used = said.usage(cache_creation_input_tokens=30)
    assert whole(said.message(used=used))["usage"]["prompt_tokens_details"]["cache_write_tokens"] == 30


@pytest.mark.parametrize("body", [{}, {"type": "message"}, {"type": "completion", "content": []}])
def test_is_no_answer_without_content(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no message"):
        ANTHROPIC.answer(body)


def test_says_nothing_before_the_answer_begins() -> None:
    frames = said.frames(said.events(said.message(said.text("Hi"))))
    assert read(frames[:3]) == []  # the start, a ping, a block of text without text
    assert deltas(read(frames[:4])) == [{"role": "assistant", "content": "Hi"}]


def test_tells_the_prompts_figures_with_the_first_piece() -> None:
    used = said.usage(input_tokens=5, cache_read_input_tokens=100)
    frames = said.frames(said.events(said.message(said.text("Hi"), used=used)))
    (first, _) = parsed(read(frames[:4]))
    assert (first["usage"]["prompt_tokens"], "completion_tokens" in first["usage"]) == (105, False)


def test_tells_no_end_before_the_end() -> None:
    frames = said.frames(said.events(said.message(said.text("Hi"))))
    events = parsed(read(frames[:-1]))
    assert all(choice["finish_reason"] is None for event in events for choice in event["choices"])
    assert events[-1]["usage"]["completion_tokens"] == 9
    assert sse.DONE not in read(frames[:-1])


def test_tells_an_error_without_a_word_of_it() -> None:
    (told,) = read([said.frame(said.error("overloaded_error", "secret words"))])
    assert orjson.loads(told) == {"error": {"type": "upstream_error"}}
    assert read([b'data: {"error": {"message": "secret words"}}\n\n']) == [told]


def test_hands_on_what_is_no_event() -> None:
    assert read([b"data: {broken\n\n", b"data: [1]\n\n"]) == [b"{broken", b"[1]"]


def test_passes_over_what_it_does_not_know() -> None:
    search: dict[str, Any] = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    unknown = [
        {"type": "vibe_update", "x": 1},
        {"type": "content_block_start", "index": 0, "content_block": search},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": "{"},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {}}},
        {"type": "content_block_stop", "index": 0},
    ]
    assert read(map(said.frame, unknown)) == []


def test_takes_the_input_of_a_call_that_is_told_at_its_beginning() -> None:
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    stream = [
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
    ]
    calls = [each["tool_calls"][0]["function"] for each in deltas(read(map(said.frame, stream)))]
    assert calls == [{"name": "f", "arguments": ""}, {"arguments": '{"a":1}'}]


def test_shows_that_it_thinks_where_no_word_of_it_is_shown() -> None:
    blocks: tuple[ContentBlock, ...] = (said.thinking("", "sig"), said.text("A"))
    message = gathered(read(said.frames(said.events(said.message(*blocks)))))["message"]
    (detail,) = message["reasoning_details"]
    assert (detail["text"], detail["signature"], "reasoning_content" in message) == ("", "sig", False)
