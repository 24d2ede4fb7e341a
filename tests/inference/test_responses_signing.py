"""Signed reasoning in responses: kept in `encrypted_content`, and given back to who signed it."""

from typing import Any
from uuid import UUID

import orjson
import pytest

from inference import sse
from inference.adapters.anthropic import ANTHROPIC
from inference.dialects.responses import RESPONSES
from inference.dialects.responses.sealed import Opened, opened, sealed
from tests.fakes import anthropic_said as said
from tests.inference.asked_anthropic import calling, checked
from tests.inference.spoken_messages import TOLD

REQUEST = UUID(int=7)
TOOL = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}
BLOCKS = (
    said.thinking("Hm.", "sig=="),
    said.redacted("xyz"),
    said.text("Look."),
    said.thinking("", "sig2"),
    said.tool_use("f", {"a": 1}),
)


def ask(*items: dict[str, Any]) -> Any:
    body = {
        "model": "route/m",
        "input": [{"role": "user", "content": "Hi"}, *items],
        "tools": [TOOL],
        "include": ["reasoning.encrypted_content"],
    }
    return RESPONSES.read(orjson.dumps(body))


def whole() -> list[dict[str, Any]]:
    message = said.message(*BLOCKS, reason="tool_use").model_dump(mode="json")
    told = orjson.loads(RESPONSES.whole(ask(), ANTHROPIC.answer(message), TOLD))
    return list(told["output"])


def streamed() -> list[dict[str, Any]]:
    splitter, reader = sse.Splitter(), ANTHROPIC.reader()
    voice = RESPONSES.voice(ask(), REQUEST, "route/m")
    for frame in said.frames(said.events(said.message(*BLOCKS, reason="tool_use"), places=[2])):
        for data in [told for each in splitter.feed(frame) for told in reader.feed(each)]:
            if data != sse.DONE:
                voice.event(data, orjson.loads(data))
    last = voice.end(TOLD).decode().strip().split("\n")[-1]
    return list(orjson.loads(last.removeprefix("data: "))["response"]["output"])


@pytest.mark.parametrize("answer", [whole, streamed])
def test_comes_back_to_who_signed_it(answer: Any) -> None:
    items = answer()
    result = {"type": "function_call_output", "call_id": "toolu_01", "output": "1"}
    (_, turn, _) = checked(calling(ask(*items, result).chat))["messages"]
    signed = [block for block in turn["content"] if "thinking" in block["type"]]
    assert signed == [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig=="},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "thinking", "thinking": "", "signature": "sig2"},
    ]
    assert [block["type"] for block in turn["content"]][-1] == "tool_use"


def test_stands_where_it_stood_in_the_stream() -> None:
    assert [item["type"] for item in streamed()] == ["reasoning", "message", "reasoning", "function_call"]


def test_is_in_the_token_only_where_there_is_some() -> None:
    assert opened(sealed("Hm.")) == Opened("Hm.")
    detail = {"type": "reasoning.text", "text": "Hm.", "signature": "s"}
    assert opened(sealed("Hm.", [detail])) == Opened("Hm.", [detail])


@pytest.mark.parametrize(
    "token", ["", "gAAAA", "tollway.2.", "tollway.2.%", "tollway.2.WzFd", "tollway.2.eyJ0ZXh0IjozfQ=="]
)
def test_is_not_read_from_other_tokens(token: str) -> None:
    assert opened(token) == Opened()
