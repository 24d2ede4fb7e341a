"""Streams of messages, read by Anthropic's own client."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anthropic
import orjson
import pytest
from anthropic.types import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.dialects.messages import MESSAGES
from inference.dialects.messages.voice import MessagesVoice
from inference.errors import Failure
from tests.inference.spoken_messages import (
    ASK,
    MODEL,
    REQUEST,
    TOLD,
    deltas_of,
    event,
    parsed,
    read,
    spoken,
)

# A busy machine is no failure.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.text(min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def odd(**names: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these members, each now and then of a kind it should not be."""
    return st.fixed_dictionaries({}, optional={name: good | VALUES for name, good in names.items()})


ODD_CALLS = odd(index=st.integers(0, 1), id=NAMES, function=odd(name=NAMES, arguments=st.text(max_size=4)))
ODD_DELTAS = odd(content=NAMES, reasoning=NAMES, tool_calls=st.lists(ODD_CALLS, max_size=2))
ODD_CHOICES = odd(index=st.just(0), delta=ODD_DELTAS, finish_reason=st.just("stop"))


@dataclass(frozen=True)
class Made:
    """A whole answer of a chat, and the deltas it may come in."""

    message: dict[str, Any]
    deltas: list[dict[str, Any]]
    finish: str

    @property
    def answer(self) -> dict[str, Any]:
        return {"choices": [{"index": 0, "message": self.message, "finish_reason": self.finish}]}

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event(delta) for delta in self.deltas] + [event({}, finish_reason=self.finish)]


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    """A text cut anywhere; empty pieces too."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@st.composite
def arguments(draw: st.DrawFn) -> str:
    """The JSON of an object; sometimes nothing, sometimes no object."""
    whole = json.dumps(
        draw(st.dictionaries(st.text(max_size=4), VALUES, max_size=3)), ensure_ascii=draw(st.booleans())
    )
    return draw(st.sampled_from([whole, whole, "", whole[1:]]))


@st.composite
def call_deltas(draw: st.DrawFn, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pieces of all calls, mixed with each other; calls begin in their order."""
    queues = []
    for index, call in enumerate(calls):
        name, said = call["function"]["name"], call["function"]["arguments"]
        queue: list[dict[str, Any]] = [{"name": piece} for piece in draw(pieces(name))]
        queue += [{"arguments": piece} for piece in draw(pieces(said))]
        parts = [{"index": index, "function": function} for function in queue]
        queues.append([{"id": call["id"], "type": "function", **parts[0]}, *parts[1:]])
    deltas, begun = [], 0
    while any(queues):
        ready = [number for number, queue in enumerate(queues[: begun + 1]) if queue]
        number = draw(st.sampled_from(ready))
        begun = max(begun, number + 1)
        deltas.append({"tool_calls": [queues[number].pop(0)]})
    return deltas


@st.composite
def made(draw: st.DrawFn) -> Made:
    """A random answer in random pieces."""
    thought, text = draw(st.text(max_size=20)), draw(st.text(max_size=20))
    calls = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": draw(NAMES), "arguments": draw(arguments())},
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "tool_calls": calls or None}
    message["reasoning_content"] = thought or None
    deltas: list[dict[str, Any]] = draw(st.sampled_from([[], [{"role": "assistant", "content": ""}], [{}]]))
    deltas = deltas + [{"reasoning_content": piece} for piece in draw(pieces(thought))]
    deltas += [{"content": piece} for piece in draw(pieces(text))]
    deltas += draw(call_deltas(calls))
    return Made(message, deltas, draw(st.sampled_from(["stop", "length", "tool_calls", "content_filter"])))


def assert_in_order(events: list[dict[str, Any]]) -> None:
    """One block at a time, numbered from zero, between the message's start and its end."""
    kinds = [told["type"] for told in events if told["type"] != "ping"]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    opened: int | None = None
    following = 0
    for told in events:
        if told["type"] == "content_block_start":
            assert (opened, told["index"]) == (None, following)
            opened, following = following, following + 1
        elif told["type"] == "content_block_delta":
            assert told["index"] == opened
        elif told["type"] == "content_block_stop":
            assert told["index"] == opened
            opened = None
        elif told["type"] != "ping":
            assert opened is None


@PATIENT
@given(made())
def test_comes_to_the_message_that_the_plain_answer_is(made: Made) -> None:
    stream = spoken([*made.events, {"choices": [], "usage": {"prompt_tokens": 1}}])
    assert_in_order(parsed(stream))
    plain = read(MESSAGES.whole(ASK, made.answer, TOLD), streamed=False).to_dict()
    assert plain.pop("credits_charged") == 2.5e-06
    assert read(stream, streamed=True).to_dict() == plain


@PATIENT
@given(st.lists(VALUES | ODD_CHOICES, max_size=4))
def test_is_in_order_whatever_an_upstream_sends(choices: list[Any]) -> None:
    assert_in_order(parsed(spoken([{"choices": choices}, {"choices": choices}])))


def test_tells_the_message_and_a_ping_at_once() -> None:
    speaker = MESSAGES.voice(ASK, REQUEST, MODEL)
    first = speaker.event(b"", event({"role": "assistant", "content": ""}))
    start, ping = parsed(first)
    assert start["message"] == {
        "id": f"msg_{REQUEST.hex}",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 1,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 0,
            "output_tokens_details": {"thinking_tokens": 0},
            "server_tool_use": None,
            "service_tier": "standard",
        },
    }
    assert ping == {"type": "ping"}


def test_tells_at_once_what_the_upstream_says_of_the_prompt() -> None:
    speaker = MESSAGES.voice(ASK, REQUEST, MODEL)
    details = {"cached_tokens": 5, "cache_write_tokens": 3, "cache_write_1h_tokens": 2}
    usage = {"prompt_tokens": 11, "prompt_tokens_details": details}
    used = parsed(speaker.event(b"", {"choices": [], "usage": usage}))[0]["message"]["usage"]
    assert (used["input_tokens"], used["cache_read_input_tokens"]) == (1, 5)
    assert used["cache_creation"] == {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 2}


def test_tells_each_piece_as_it_comes() -> None:
    speaker = MESSAGES.voice(ASK, REQUEST, MODEL)
    speaker.event(b"", event({"reasoning": "Hm"}))
    assert parsed(speaker.event(b"", event({"reasoning": "m"}))) == [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "m"}}
    ]
    assert [told["type"] for told in parsed(speaker.event(b"", event({"content": "A"})))] == [
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
    ]
    assert parsed(speaker.event(b"", event({"content": "b"}))) == [
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "b"}}
    ]


def test_signs_thinking_as_clients_give_none_back_without() -> None:
    (signed,) = deltas_of(spoken([event({"reasoning_content": "Hm"})]), "signature_delta")
    assert signed["signature"]


def test_tells_the_first_choice_only() -> None:
    stream = spoken([event({"content": "a"}), event({"content": "b"}, index=1)])
    assert [delta["text"] for delta in deltas_of(stream, "text_delta")] == ["a"]


def test_says_which_stop_sequence_was_hit_where_the_upstream_does() -> None:
    ask = MESSAGES.read(orjson.dumps({**ASK.body, "stop_sequences": ["END"]}))
    speaker = MESSAGES.voice(ask, REQUEST, MODEL)
    speaker.event(b"", event({"content": "a"}, finish_reason="stop", stop_reason="END"))
    told = next(told for told in parsed(speaker.end(TOLD)) if told["type"] == "message_delta")
    assert told["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "END"}


def test_ends_with_all_that_was_used_and_what_it_cost() -> None:
    told = parsed(spoken([event({"content": "a"})]))[-2]
    assert told["credits_charged"] == 2.5e-06
    assert (told["usage"]["input_tokens"], told["usage"]["cache_read_input_tokens"]) == (60, 40)
    assert (told["usage"]["output_tokens"], told["usage"]["output_tokens_details"]) == (
        50,
        {"thinking_tokens": 20},
    )


def test_ends_without_a_reason_when_it_is_killed() -> None:
    started = event({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}]})
    stream = spoken([event({"content": "a"}), started], MessagesVoice.killed)
    assert [told["type"] for told in parsed(stream)][-3:] == [
        "content_block_start",
        "content_block_delta",
        "message_stop",
    ]
    message = read(stream, streamed=True)
    assert (message.stop_reason, [block.type for block in message.content]) == (None, ["text", "tool_use"])


def test_tells_what_was_used_also_when_it_is_killed() -> None:
    stream = spoken([event({"content": "a"})], lambda speaker: speaker.killed(TOLD))
    assert_in_order(parsed(stream))
    assert parsed(stream)[-2]["credits_charged"] == 2.5e-06
    message = read(stream, streamed=True)
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == (None, 60, 50)


@pytest.mark.parametrize("end", [MessagesVoice.killed, lambda speaker: speaker.end(TOLD)])
def test_is_a_message_even_where_nothing_came(end: Callable[[MessagesVoice], bytes]) -> None:
    assert read(spoken([], end), streamed=True).content == []


def test_breaks_with_an_error_event() -> None:
    def broken(speaker: MessagesVoice) -> bytes:
        return speaker.broken(Failure("PROVIDER_ERROR", "It broke."))

    stream = spoken([event({"content": "a"})], broken)
    assert parsed(stream)[-1] == {
        "type": "error",
        "error": {"type": "api_error", "message": "It broke."},
        "request_id": str(REQUEST),
    }
    with pytest.raises(anthropic.APIStatusError, match="It broke"):
        read(stream, streamed=True)


def test_tells_what_was_used_before_the_error_that_breaks_it() -> None:
    def broken(speaker: MessagesVoice) -> bytes:
        return speaker.broken(Failure("PROVIDER_ERROR", "It broke."), TOLD)

    stream = spoken([event({"content": "a"})], broken)
    assert [told["type"] for told in parsed(stream)][-3:] == ["content_block_stop", "message_delta", "error"]
    heard: list[Message] = []
    with pytest.raises(anthropic.APIStatusError, match="It broke"):
        read(stream, streamed=True, heard=heard)
    assert (heard[-1].stop_reason, heard[-1].usage.input_tokens, heard[-1].usage.output_tokens) == (
        None,
        60,
        50,
    )


def test_tells_the_error_alone_where_no_message_began() -> None:
    speaker = MESSAGES.voice(ASK, REQUEST, MODEL)
    told = parsed(speaker.broken(Failure("PROVIDER_ERROR", "It broke."), TOLD))
    assert [each["type"] for each in told] == ["error"]
