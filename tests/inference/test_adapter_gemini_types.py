"""What Gemini is sent and what is taken for its answers, as its own client's types read them."""

import json
import subprocess
from typing import Any

import orjson
import pytest

from inference.adapters.gemini import GEMINI
from tests.clients.runtimes import ROOT, Python, Unavailable
from tests.fakes.gemini import USAGE, said
from tests.inference.gemini_asking import HI, NEW, OLD, PNG, RESULT, SCHEMA, TOOL, calling, sent

# On a clean machine the client is installed first.
pytestmark = pytest.mark.timeout(400)

SECONDS = 60
SHOWN = {**RESULT, "content": [{"type": "text", "text": "seen"}, PNG]}
CHATS: dict[str, dict[str, Any]] = {
    "a question": {},
    "instructions": {"messages": [{"role": "system", "content": "Be brief."}, HI]},
    "parts": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "a"},
                    PNG,
                    {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
                    {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                    {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE"}},
                    {"type": "video_url", "video_url": {"url": "https://youtu.be/x"}},
                ],
            }
        ]
    },
    "a call and its result": {
        "messages": [HI, calling(), RESULT],
        "tools": [TOOL],
        "tool_choice": "required",
    },
    "a picture for a result": {"messages": [HI, calling(), SHOWN], "tools": [TOOL]},
    "an older model's call": {"messages": [HI, calling(), SHOWN], "tools": [TOOL], "model": OLD},
    "tools to choose from": {
        "tools": [TOOL],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [TOOL]}},
    },
    "every number": {
        "temperature": 0.5,
        "top_p": 0.5,
        "top_k": 4,
        "seed": 7,
        "stop": ["a"],
        "n": 2,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.5,
        "logprobs": True,
        "top_logprobs": 2,
    },
    "json": {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}},
    "pictures": {"modalities": ["text", "image"]},
    "a level of thinking": {"reasoning_effort": "high"},
    "a budget of thinking": {"reasoning": {"max_tokens": 2000}, "model": OLD},
    "fields of its own": {
        "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "cached_content": "cachedContents/x",
        "extra_body": {"google": {"thinking_config": {"include_thoughts": True}}},
    },
}
ANSWERS = [
    said({"text": "hm", "thought": True}, {"text": "Yes."}, finish="STOP", usage=USAGE),
    said({"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}, finish="STOP"),
    said(finish="MALFORMED_FUNCTION_CALL"),
    {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 5}},
]


def body(chat: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in chat.items() if name not in ("messages", "model")}
    return sent(*chat.get("messages", ()), model=chat.get("model", NEW), **fields)


@pytest.fixture(scope="module")
def read() -> dict[str, Any]:
    """What the client's types made of all of it."""
    given = json.dumps({"asked": [body(chat) for chat in CHATS.values()], "said": ANSWERS})
    try:
        command = Python("google_genai_types", lock="google-genai").command()
    except Unavailable as error:
        pytest.skip(str(error))
    done = subprocess.run(
        command, input=given, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("number", range(len(CHATS)), ids=CHATS)
def test_read_every_request_to_its_last_field(read: dict[str, Any], number: int) -> None:
    assert read["asked"][number] == body(list(CHATS.values())[number])


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_read_the_answers_that_the_walks_are_given(read: dict[str, Any], number: int) -> None:
    assert read["said"][number] == ANSWERS[number]


def test_write_a_stream_that_is_read_whole(read: dict[str, Any]) -> None:
    reader = GEMINI.reader()
    events = [orjson.loads(event) for told in read["made"] for event in reader.feed(orjson.dumps(told))]
    deltas = [event["choices"][0]["delta"] for event in events if event["choices"]]
    assert [sorted(delta) for delta in deltas] == [
        ["reasoning_content"],
        ["content", "reasoning_details"],
        ["images"],
        ["reasoning_details", "tool_calls"],
    ]
    first, second = deltas[3]["tool_calls"]
    assert first["function"] == {"name": "f", "arguments": '{"a":[1,{"b":null}]}'}
    assert first["extra_content"] == {"google": {"thought_signature": "Y2FsbA=="}}
    assert (second["index"], second["function"]) == (1, {"name": "g", "arguments": "{}"})
    usage = events[-1]["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (1005, 50)
    assert usage["prompt_tokens_details"] == {"cached_tokens": 400, "image_tokens": 258}


def test_take_back_what_they_wrote(read: dict[str, Any]) -> None:
    parts = [part for told in read["made"] for part in told["candidates"][0]["content"]["parts"]]
    whole = {**read["made"][-1], "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    message = GEMINI.answer(whole)["choices"][0]["message"]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "1"} for call in message["tool_calls"]]
    (_, turn, _) = sent(HI, message, *results)["contents"]
    text, picture, called, _ = turn["parts"]
    assert text == {"text": "Yes.", "thoughtSignature": "dGV4dA=="}
    assert picture == {"inlineData": {"mimeType": "image/png", "data": "cG5n"}}
    assert (called["functionCall"]["id"], called["thoughtSignature"]) == ("x1", "Y2FsbA==")
