"""The sandbox's answers, over HTTP."""

import base64
import json
import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from inference.sandbox import words
from tests.fakes.caller import Heard, call, chat, get
from tests.fakes.upstream import running_sandbox

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}},
}
ASKED = {"role": "user", "content": "What is a limit?"}


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with running_sandbox() as url:
        yield url


def content(heard: Heard) -> str:
    assert heard.status == 200, heard.raw
    return str(heard.json["choices"][0]["message"]["content"])


def joined(heard: Heard, field: str) -> str:
    deltas = [choice["delta"] for event in heard.events for choice in event["choices"]]
    return "".join(delta.get(field) or "" for delta in deltas)


def test_are_alive(base_url: str) -> None:
    assert get(base_url.removesuffix("/v1") + "/livez").status == 200


def test_list_every_scripted_model(base_url: str) -> None:
    listed = get(base_url + "/models").json
    assert listed["object"] == "list"
    assert {"sandbox/slow", "sandbox/hang", "sandbox/cut-stream"} <= {model["id"] for model in listed["data"]}


def test_are_equal_bytes_for_equal_requests(base_url: str) -> None:
    assert chat(base_url, "deepseek-v3.2").body == chat(base_url, "deepseek-v3.2").body
    assert chat(base_url, "m", stream=True).body == chat(base_url, "m", stream=True).body


def test_depend_on_the_model_and_the_messages(base_url: str) -> None:
    other = [{"role": "user", "content": "And what is a quota?"}]
    texts = {
        content(chat(base_url, "a")),
        content(chat(base_url, "b")),
        content(chat(base_url, "a", messages=other)),
    }
    assert len(texts) == 3


def test_say_that_they_are_the_sandboxs(base_url: str) -> None:
    for heard in (
        chat(base_url, "m"),
        chat(base_url, "m", stream=True),
        chat(base_url, "sandbox/error-500"),
        chat(base_url, "sandbox/html-200"),
        chat(base_url, "m", messages=[]),
        get(base_url + "/nowhere"),
    ):
        assert heard.headers["x-tollway-sandbox"] == "1"
    assert chat(base_url, "m").json["system_fingerprint"] == "sandbox"
    assert {event["system_fingerprint"] for event in chat(base_url, "m", stream=True).events} == {"sandbox"}


def test_report_tokens_that_anyone_can_count(base_url: str) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {}}],
        },
    ]
    usage = chat(base_url, "m", messages=messages).json["usage"]
    assert usage["prompt_tokens"] == (3 + 3) + (3 + 2 + 85)
    heard = chat(base_url, "m")
    usage = heard.json["usage"]
    assert usage["completion_tokens"] == words.count(content(heard))
    assert 40 <= usage["completion_tokens"] <= 120
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens_details"] == {"cached_tokens": 0}


def test_stream_the_plain_text_a_token_at_a_time(base_url: str) -> None:
    heard = chat(base_url, "m", stream=True)
    assert "".join(heard.pieces) == content(chat(base_url, "m"))
    assert [words.count(piece) for piece in heard.pieces] == [1] * len(heard.pieces)
    assert heard.events[0]["choices"][0]["delta"]["role"] == "assistant"
    assert heard.events[-1]["choices"][0]["finish_reason"] == "stop"
    assert heard.data[-1] == "[DONE]"
    assert heard.whole


def test_add_usage_to_a_stream_only_when_asked(base_url: str) -> None:
    without = chat(base_url, "m", stream=True)
    assert all("usage" not in event for event in without.events)
    asked = chat(base_url, "m", stream=True, stream_options={"include_usage": True})
    assert asked.events[-1]["choices"] == []
    assert asked.events[-1]["usage"] == chat(base_url, "m").json["usage"]
    assert all(event["usage"] is None for event in asked.events[:-1])


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_end_at_the_callers_bound(base_url: str, field: str) -> None:
    whole = content(chat(base_url, "m"))
    heard = chat(base_url, "m", **{field: 7})
    assert whole.startswith(content(heard))
    assert heard.json["usage"]["completion_tokens"] == words.count(content(heard)) == 7
    assert heard.json["choices"][0]["finish_reason"] == "length"
    assert len(chat(base_url, "m", stream=True, **{field: 7}).pieces) == 7


def test_end_before_a_stop(base_url: str) -> None:
    whole = content(chat(base_url, "m"))
    stop = whole[30:36]
    heard = chat(base_url, "m", stop=[stop, "never there"])
    assert content(heard) == whole[: whole.index(stop)]
    assert heard.json["choices"][0]["finish_reason"] == "stop"


def test_give_as_many_choices_as_asked(base_url: str) -> None:
    choices = chat(base_url, "m", n=3).json["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    texts = [choice["message"]["content"] for choice in choices]
    assert len(set(texts)) == 3
    streamed = ["", "", ""]
    for event in chat(base_url, "m", n=3, stream=True).events:
        for choice in event["choices"]:
            streamed[choice["index"]] += choice["delta"].get("content", "")
    assert streamed == texts


def test_repeat_the_last_user_message_on_request(base_url: str) -> None:
    messages = [ASKED, {"role": "assistant", "content": "…"}, {"role": "user", "content": "  Güte, 你好!\n"}]
    assert content(chat(base_url, "sandbox/echo", messages=messages)) == "  Güte, 你好!\n"


def test_call_the_tool_that_was_offered(base_url: str) -> None:
    heard = chat(base_url, "sandbox/tool-call", tools=[WEATHER, CLOCK])
    choice = heard.json["choices"][0]
    (made,) = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert made["function"]["name"] == "get_weather"
    assert json.loads(made["function"]["arguments"]) == {"city": "sandbox", "days": 1}
    tokens = words.count("get_weather") + words.count(made["function"]["arguments"])
    assert heard.json["usage"]["completion_tokens"] == tokens


def test_stream_parallel_tool_calls_as_deltas(base_url: str) -> None:
    fields: dict[str, Any] = {"tools": [WEATHER, CLOCK]}
    plain = chat(base_url, "sandbox/parallel-tool-calls", **fields).json["choices"][0]["message"][
        "tool_calls"
    ]
    heard = chat(base_url, "sandbox/parallel-tool-calls", stream=True, **fields)
    calls: dict[int, dict[str, str]] = {}
    for event in heard.events:
        for part in event["choices"][0]["delta"].get("tool_calls", []):
            made = calls.setdefault(part["index"], {"arguments": ""})
            made |= {key: part[key] for key in ("id",) if key in part}
            made |= {key: part["function"][key] for key in ("name",) if key in part["function"]}
            made["arguments"] += part["function"]["arguments"]
    assert [call["function"] | {"id": call["id"]} for call in plain] == [calls[0], calls[1]]
    assert calls[0]["id"] != calls[1]["id"]
    assert heard.events[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("model", "fields", "names"),
    [
        ("sandbox/tool-call", {"tools": [WEATHER], "tool_choice": "none"}, []),
        ("sandbox/tool-call", {}, []),
        ("m", {"tools": [WEATHER]}, []),
        ("m", {"tools": [WEATHER], "tool_choice": "required"}, ["get_weather"]),
        (
            "m",
            {"tools": [WEATHER, CLOCK], "tool_choice": {"type": "function", "function": {"name": "clock"}}},
            ["clock"],
        ),
        ("sandbox/parallel-tool-calls", {"tools": [WEATHER], "parallel_tool_calls": False}, ["get_weather"]),
        ("sandbox/parallel-tool-calls", {"tools": [CLOCK]}, ["clock", "clock"]),
        (
            "sandbox/tool-call",
            {"tools": [WEATHER], "messages": [ASKED, {"role": "tool", "tool_call_id": "x", "content": "1"}]},
            [],
        ),
    ],
)
def test_call_tools_as_the_choice_allows(
    base_url: str, model: str, fields: dict[str, Any], names: list[str]
) -> None:
    message = chat(base_url, model, **fields).json["choices"][0]["message"]
    assert [call["function"]["name"] for call in message.get("tool_calls", [])] == names
    assert bool(message["content"]) == (not names)


def test_think_first_where_the_model_reasons(base_url: str) -> None:
    heard = chat(base_url, "sandbox/reasoning")
    message = heard.json["choices"][0]["message"]
    thought = words.count(message["reasoning_content"])
    assert heard.json["usage"]["completion_tokens_details"] == {"reasoning_tokens": thought}
    assert heard.json["usage"]["completion_tokens"] == thought + words.count(message["content"])
    streamed = chat(base_url, "sandbox/reasoning", stream=True)
    assert joined(streamed, "reasoning_content") == message["reasoning_content"]
    assert joined(streamed, "content") == message["content"]


def test_may_spend_a_small_bound_on_reasoning_alone(base_url: str) -> None:
    heard = chat(base_url, "sandbox/reasoning", max_tokens=5)
    choice = heard.json["choices"][0]
    assert choice["message"]["content"] == ""
    assert words.count(choice["message"]["reasoning_content"]) == 5
    assert choice["finish_reason"] == "length"


def test_fill_a_response_schema(base_url: str) -> None:
    schema = {"type": "object", "properties": {"steps": {"type": "array", "items": {}, "minItems": 2}}}
    form = {"type": "json_schema", "json_schema": {"name": "plan", "schema": schema}}
    assert json.loads(content(chat(base_url, "m", response_format=form))) == {"steps": ["sandbox", "sandbox"]}
    assert json.loads("".join(chat(base_url, "m", response_format=form, stream=True).pieces))["steps"]
    assert isinstance(json.loads(content(chat(base_url, "m", response_format={"type": "json_object"}))), dict)


def test_complete_text_the_old_way(base_url: str) -> None:
    plain = call(base_url, "/completions", {"model": "m", "prompt": "Once upon"}).json
    assert plain["object"] == "text_completion"
    text = plain["choices"][0]["text"]
    assert plain["usage"]["completion_tokens"] == words.count(text)
    assert plain["usage"]["prompt_tokens"] == 2
    heard = call(base_url, "/completions", {"model": "m", "prompt": "Once upon", "stream": True})
    assert "".join(event["choices"][0]["text"] for event in heard.events) == text
    assert heard.data[-1] == "[DONE]"
    many = call(base_url, "/completions", {"model": "m", "prompt": ["a", "b"], "n": 2, "max_tokens": 1}).json
    assert [choice["index"] for choice in many["choices"]] == [0, 1, 2, 3]


def test_embed_texts_as_unit_vectors(base_url: str) -> None:
    texts = ["a rate limiter", "the rate limiter", "bread and butter", ""]
    heard = call(base_url, "/embeddings", {"model": "m", "input": texts})
    assert heard.json["usage"] == {"prompt_tokens": 9, "total_tokens": 9}
    vectors = [item["embedding"] for item in heard.json["data"]]
    assert [item["index"] for item in heard.json["data"]] == [0, 1, 2, 3]
    assert all(math.isclose(math.hypot(*vector), 1, rel_tol=1e-5) for vector in vectors)

    def near(one: int, two: int) -> float:
        return float(sum(x * y for x, y in zip(vectors[one], vectors[two], strict=True)))

    assert near(0, 1) > 0.5 > near(0, 2)
    packed = call(base_url, "/embeddings", {"model": "m", "input": texts, "encoding_format": "base64"}).json
    values = struct.unpack("<256f", base64.b64decode(packed["data"][0]["embedding"]))
    assert list(values) == vectors[0]


@pytest.mark.parametrize(("given", "count"), [("one", 1), ([1, 2, 3], 3), ([[1], [2, 3]], 3)])
def test_embed_every_form_of_input(base_url: str, given: object, count: int) -> None:
    heard = call(base_url, "/embeddings", {"model": "m", "input": given, "dimensions": 8})
    assert heard.json["usage"]["prompt_tokens"] == count
    assert {len(item["embedding"]) for item in heard.json["data"]} == {8}


def test_rank_documents_by_what_they_share_with_the_query(base_url: str) -> None:
    body = {
        "model": "m",
        "query": "how does a rate limiter work",
        "documents": ["bread and butter", {"text": "a rate limiter counts"}, "a rate limiter does work"],
        "top_n": 2,
        "return_documents": True,
    }
    answer = call(base_url, "/rerank", body).json
    assert [result["index"] for result in answer["results"]] == [2, 1]
    first, second = (result["relevance_score"] for result in answer["results"])
    assert 1 >= first > second > 0
    assert answer["results"][1]["document"] == {"text": "a rate limiter counts"}
    assert answer["usage"]["total_tokens"] == 6 + 3 + 4 + 5


def test_draw_a_png_whose_colour_the_prompt_decides(base_url: str) -> None:
    def drawn(prompt: str, **fields: object) -> list[dict[str, str]]:
        body = {"model": "m", "prompt": prompt} | fields
        data: list[dict[str, str]] = call(base_url, "/images/generations", body).json["data"]
        return data

    image = base64.b64decode(drawn("a toll gate")[0]["b64_json"])
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", image[16:24]) == (16, 16)
    length = struct.unpack(">I", image[33:37])[0]
    assert len(zlib.decompress(image[41 : 41 + length])) == 16 * (1 + 16 * 3)
    assert drawn("a toll gate") == drawn("a toll gate") != drawn("a bridge")
    two = drawn("a toll gate", n=2, response_format="url")
    assert all(each["url"].startswith("data:image/png;base64,") for each in two)
    assert two[0] != two[1]


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/chat/completions", b"not json", None),
        ("/chat/completions", [], None),
        ("/chat/completions", {"messages": [ASKED]}, "model"),
        ("/chat/completions", {"model": "m"}, "messages"),
        ("/chat/completions", {"model": "m", "messages": ["hi"]}, "messages"),
        ("/chat/completions", {"model": "m", "messages": [ASKED], "max_tokens": 0}, "max_tokens"),
        ("/chat/completions", {"model": "m", "messages": [ASKED], "n": 129}, "n"),
        ("/chat/completions", {"model": "m", "messages": [ASKED], "n": True}, "n"),
        ("/chat/completions", {"model": "m", "messages": [ASKED], "stop": 5}, "stop"),
        ("/chat/completions", {"model": "m", "messages": [ASKED], "tools": "x"}, "tools"),
        ("/chat/completions", {"model": "m", "messages": [ASKED], "stream_options": 1}, "stream_options"),
        (
            "/chat/completions",
            {
                "model": "sandbox/tool-call",
                "messages": [ASKED],
                "tools": [{"function": {"name": "f", "parameters": {"type": "integer", "minimum": "low"}}}],
            },
            "tools",
        ),
        ("/completions", {"model": "m", "prompt": []}, "prompt"),
        ("/embeddings", {"model": "m", "input": [1, "a"]}, "input"),
        ("/embeddings", {"model": "m", "input": "a", "dimensions": 0}, "dimensions"),
        ("/rerank", {"model": "m", "query": "q", "documents": [7]}, "documents"),
        ("/images/generations", {"model": "m", "prompt": "p", "n": 11}, "n"),
    ],
)
def test_refuse_a_body_by_naming_the_field(base_url: str, path: str, body: object, param: str | None) -> None:
    heard = call(base_url, path, body)
    assert heard.status == 400
    assert heard.json["error"]["param"] == param
    assert heard.json["error"]["type"] == "invalid_request_error"


def test_take_bodies_of_32_mebibytes_and_refuse_more(base_url: str) -> None:
    head, tail = b'{"model":"m","messages":[{"role":"user","content":"', b'"}]}'
    fitting = head + b"a" * (32 * 2**20 - len(head) - len(tail)) + tail
    assert call(base_url, "/chat/completions", fitting, patience_s=60).json["usage"]["prompt_tokens"] == 4
    assert call(base_url, "/chat/completions", fitting + b" ", patience_s=60).status == 413
