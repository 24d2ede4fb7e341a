"""Runs of events: read together they are what they are one by one."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.dialects.chat import CHAT, ChatVoice
from inference.meter import Tally
from inference.runs import MOST_LEARNED, Runs

MUCH = 2**30
TEXTS = st.text(max_size=6) | st.sampled_from(["a", "bc", 'say "x"', "back\\slash", "\n", "é", "日本"])
FIELDS = st.sampled_from(["content", "reasoning_content", "reasoning", "refusal"])


def event(text: str, *, field: str = "content", **more: Any) -> bytes:
    choice = {"index": 0, "delta": {field: text}, "logprobs": None, "finish_reason": None}
    return orjson.dumps({"id": "up-1", "model": "up", "created": 7, "choices": [choice], **more})


def voice() -> ChatVoice:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    return CHAT.voice(CHAT.read(orjson.dumps(body)), UUID(int=5), "route/x")


def one_by_one(events: list[bytes], tally: Tally) -> bytes:
    said = voice()
    frames = []
    for data in events:
        parsed = orjson.loads(data)
        tally.event(parsed)
        frames.append(said.event(data, parsed))
    return b"".join(frames)


def together(events: list[bytes], tally: Tally, *, room: int = MUCH) -> tuple[bytes, int]:
    """Return the frames, and how many events were not read one by one."""
    said, runs, frames, number, spared = voice(), Runs(), [], 0, 0
    while number < len(events):
        if (run := runs.take(events, number, room=room)) is not None:
            tally.text(run.text, size=run.size)
            frames.append(run.frames)
            number += run.events
            spared += run.events
            continue
        data = events[number]
        parsed = orjson.loads(data)
        tally.event(parsed)
        frames.append(said.event(data, parsed))
        runs.learn(data, parsed, frames[-1])
        number += 1
    return b"".join(frames), spared


def compared(events: list[bytes]) -> int:
    """Compare both ways; return how many events were not read one by one."""
    slow, fast = Tally(), Tally()
    frames, spared = together(events, fast)
    assert frames == one_by_one(events, slow)
    assert (fast.bytes, fast.fresh(), fast.usage, fast.finish) == (
        slow.bytes,
        slow.fresh(),
        slow.usage,
        slow.finish,
    )
    return spared


def test_two_events_teach_what_the_others_are() -> None:
    events = [event(f" {number}") for number in range(40)]
    assert compared(events) >= 36  # the first is given a role, two more are looked at


def test_reasoning_and_content_are_each_learnt() -> None:
    events = [event(f" {n}", field="reasoning_content") for n in range(10)] + [
        event(f" {n}") for n in range(10)
    ]
    assert compared(events) >= 14


def test_padding_that_differs_each_time_is_passed_on() -> None:
    events = [event(f" {number}", obfuscation="x" * (number % 7 + 1)) for number in range(40)]
    assert compared(events) >= 36


@pytest.mark.parametrize(
    "odd",
    [
        event('a "word"'),
        event("new\nline"),
        event("x", usage={"prompt_tokens": 3, "completion_tokens": 2}),
        orjson.dumps({"id": "up-1", "model": "up", "created": 8, "choices": []}),
        orjson.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        orjson.dumps({"choices": [{"index": 0, "delta": {"content": "a", "tool_calls": [{"index": 0}]}}]}),
        orjson.dumps({"choices": [{"index": n, "delta": {"content": "a"}} for n in range(2)]}),
    ],
    ids=["quote", "line", "usage", "no choice", "end", "call", "two choices"],
)
def test_what_is_no_bare_text_is_read_by_itself(odd: bytes) -> None:
    alike = [event(f" {number}") for number in range(6)]
    assert compared([*alike, odd, *alike]) >= 8


@pytest.mark.parametrize("last", ["b", "a", 'say \\"b\\"'])
def test_of_a_key_given_twice_the_last_is_the_text(last: str) -> None:
    delta = f'{{"content":"a","content":"{last}"}}'
    twice = f'{{"id":"i","model":"m","choices":[{{"index":0,"delta":{delta}}}]}}'
    compared([twice.encode()] * 8)


def test_a_text_that_stands_elsewhere_too_is_not_taken_for_it() -> None:
    early = b'{"id":"i","model":"m","content":"a","choices":[{"index":0,"delta":{"content":"a"}}]}'
    assert compared([early] * 8) == 0


def test_a_broken_event_in_the_middle_ends_the_run() -> None:
    events = [event(f" {number}") for number in range(6)]
    broken = event("MARK").replace(b"MARK", b"\xff\xfe")
    runs, said = Runs(), voice()
    for data in events[:4]:
        runs.learn(data, orjson.loads(data), said.event(data, orjson.loads(data)))
    run = runs.take([*events[4:], broken, events[0]], 0, room=MUCH)
    assert run is not None
    assert (run.events, run.text) == (2, " 4 5")


def test_a_run_ends_before_its_room_does() -> None:
    events = [event("four") for _ in range(20)]
    tally = Tally()
    frames, spared = together(events, tally, room=9)
    assert frames == one_by_one(events, Tally())
    runs, said = Runs(), voice()
    for data in events[:4]:
        runs.learn(data, orjson.loads(data), said.event(data, orjson.loads(data)))
    assert spared
    for room, taken in ((9, 2), (8, 1), (5, 1)):
        run = runs.take(events, 0, room=room)
        assert run is not None
        assert (run.events, run.size) == (taken, 4 * taken)
    assert runs.take(events, 0, room=4) is None


def test_what_differs_each_time_is_not_studied_for_ever() -> None:
    runs, said = Runs(), voice()
    for number in range(MOST_LEARNED):
        data = event("a", created=number)
        runs.learn(data, orjson.loads(data), said.event(data, orjson.loads(data)))
    for _ in range(4):
        data = event("a")
        runs.learn(data, orjson.loads(data), said.event(data, orjson.loads(data)))
    assert runs.take([event("a")], 0, room=MUCH) is None


@given(st.lists(st.tuples(TEXTS, FIELDS, st.none() | st.text(max_size=3)), max_size=30))
def test_any_stream_comes_out_as_if_read_one_by_one(parts: list[tuple[str, str, str | None]]) -> None:
    compared(
        [
            event(text, field=field, **({} if padding is None else {"obfuscation": padding}))
            for text, field, padding in parts
        ]
    )
