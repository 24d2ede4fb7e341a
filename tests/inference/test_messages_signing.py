"""Signatures of reasoning, from an upstream to a caller of Messages and back."""

from typing import Any

import orjson
import pytest
from anthropic.types import ContentBlock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference import sse
from inference.adapters.anthropic import ANTHROPIC
from inference.dialects.messages import MESSAGES, signing
from tests.fakes import anthropic_said as said
from tests.inference.asked_anthropic import calling, checked
from tests.inference.spoken_messages import MODEL, REQUEST, TOLD, read

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
HI = {"role": "user", "content": [{"type": "text", "text": "Hi"}]}
TOOLS = [{"name": "f", "input_schema": {"type": "object"}}]
WORDS = st.text(min_size=1, max_size=8)
SIGNED = st.builds(said.thinking, st.text(max_size=8), WORDS) | st.builds(said.redacted, WORDS)


@st.composite
def turns(draw: st.DrawFn) -> list[ContentBlock]:
    """What a thinking model says before it waits for tools: thinking before its text, and before its calls."""
    calls = [
        said.tool_use("f", {"a": number}, call_id=f"toolu_{number}")
        for number in range(draw(st.integers(1, 3)))
    ]
    text = [said.text(words) for words in draw(st.lists(WORDS, max_size=1))]
    before, between = draw(st.lists(SIGNED, max_size=3)), draw(st.lists(SIGNED, max_size=2))
    return [*before, *text, *between, *calls]


def ask(*messages: dict[str, Any], **fields: Any) -> Any:
    body = {"model": MODEL, "max_tokens": 5000, "messages": list(messages), "tools": TOOLS, **fields}
    return MESSAGES.read(orjson.dumps(body))


def whole(answer: dict[str, Any]) -> list[dict[str, Any]]:
    body = MESSAGES.whole(ask(HI), answer, TOLD)
    return [block.to_dict(mode="json") for block in read(body, streamed=False).content]


def streamed(events: list[bytes]) -> list[dict[str, Any]]:
    voice = MESSAGES.voice(ask(HI), REQUEST, MODEL)
    frames = [voice.event(data, orjson.loads(data)) for data in events if data != sse.DONE]
    stream = b"".join([*frames, voice.end(TOLD)])
    return [block.to_dict(mode="json") for block in read(stream, streamed=True).content]


def heard(frames: list[bytes]) -> list[bytes]:
    splitter, reader = sse.Splitter(), ANTHROPIC.reader()
    return [told for frame in frames for data in splitter.feed(frame) for told in reader.feed(data)]


def plain(blocks: list[ContentBlock]) -> list[dict[str, Any]]:
    return [block.model_dump(mode="json", exclude_none=True) for block in blocks]


@PATIENT
@given(turns())
def test_come_back_to_anthropic_as_they_went_out(blocks: list[ContentBlock]) -> None:
    message = said.message(*blocks, reason="tool_use")
    told = whole(ANTHROPIC.answer(message.model_dump(mode="json")))
    assert told == plain(blocks)
    assert streamed(heard(said.frames(said.events(message, places=[2])))) == told
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "1"}
        for block in told
        if block["type"] == "tool_use"
    ]
    again = ask(HI, {"role": "assistant", "content": told}, {"role": "user", "content": results})
    assert checked(calling(again))["messages"] == [
        HI,
        {"role": "assistant", "content": plain(blocks)},
        {"role": "user", "content": results},
    ]


def piece(detail: dict[str, Any], **delta: Any) -> bytes:
    choice = {"index": 0, "delta": {"reasoning_details": [detail], **delta}, "finish_reason": None}
    return orjson.dumps({"choices": [choice]})


def test_are_read_where_openrouter_passes_them_on() -> None:
    entry = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    (block,) = streamed(
        [
            piece({**entry, "text": "H"}, reasoning="H"),
            piece({**entry, "text": "m."}, reasoning="m."),
            piece({**entry, "signature": "sig=="}),
        ]
    )
    assert block == {"type": "thinking", "thinking": "Hm.", "signature": "sig=="}


def test_are_ours_where_nobody_signed() -> None:
    entry = {"type": "reasoning.text", "format": "unknown", "index": 0}
    (block,) = streamed([piece({**entry, "text": "Hm."}, reasoning="Hm.")])
    assert block == {"type": "thinking", "thinking": "Hm.", "signature": signing.UNSIGNED}


def answer(**message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "reasoning.encrypted", "data": "c2ln", "format": "google-gemini-v1", "id": "call_1"},
        {"type": "reasoning.encrypted", "data": "c2ln", "format": "openai-responses-v1", "id": None},
    ],
)
def test_of_others_go_out_wrapped_and_come_back_as_they_were(entry: dict[str, Any]) -> None:
    told = whole(answer(content="A", reasoning_content="Hm.", reasoning_details=[{**entry, "index": 0}]))
    assert [block["type"] for block in told] == ["thinking", "redacted_thinking", "text"]
    again = ask(HI, {"role": "assistant", "content": told}, HI)
    assert again.body["messages"][1]["reasoning_details"] == [{**entry, "index": 0}]
    body = checked(calling(again))
    assert body["messages"][1]["content"] == [{"type": "text", "text": "A"}]


@pytest.mark.parametrize(
    "details", [3, "x", [3, None], [{"type": "reasoning.summary", "summary": "x"}], [{}]]
)
def test_are_none_where_there_is_nonsense(details: Any) -> None:
    (block,) = whole(answer(content="A", reasoning_details=details))
    assert block == {"type": "text", "text": "A"}
