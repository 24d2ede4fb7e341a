"""The sandbox's misbehaviour, as a caller's socket sees it."""

import gzip
import json
import time
import zlib
from collections.abc import Iterator

import pytest

from inference.sandbox import script, words
from tests.fakes.caller import call, chat, get
from tests.fakes.upstream import running_sandbox

# Those that stay silent, pause or never end: how long we listen says what we hear.
OPEN_ENDED = {"hang", "headers-then-nothing", "endless", "stall", "slow", "late", "drip", "endless-line"}


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with running_sandbox() as url:
        yield url


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", script.SCRIPT)
def test_leaves_the_server_well(base_url: str, name: str, stream: bool) -> None:
    heard = chat(base_url, f"sandbox/{name}", stream=stream, patience_s=0.3 if name in OPEN_ENDED else 10)
    assert (heard.ending == "silent") == (name in OPEN_ENDED)
    expected = script.SCRIPT[name].instead
    silent = name in ("hang", "late") or (name == "slow" and not stream)
    usual = expected.status if expected else 0 if silent else 200
    # Which of their calls this is depends on the tests before it.
    assert heard.status in ((200, 500) if name in ("flaky", "recovering") else (usual,))
    assert get(base_url.removesuffix("/v1") + "/livez").status == 200


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504, 529])
def test_answers_an_error_status_with_openais_envelope(base_url: str, status: int) -> None:
    for stream in (True, False):
        heard = chat(base_url, f"sandbox/error-{status}", stream=stream)
        assert heard.status == status
        assert set(heard.json["error"]) == {"message", "type", "param", "code"}


def test_says_when_to_retry(base_url: str) -> None:
    assert chat(base_url, "sandbox/rate-limited").headers["retry-after"] == "2"
    assert chat(base_url, "sandbox/rate-limited-3600s").headers["retry-after"] == "3600"
    assert chat(base_url, "sandbox/error-503").headers["retry-after"] == "2"
    assert "retry-after" not in chat(base_url, "sandbox/error-500").headers


def test_misbehaves_on_every_door(base_url: str) -> None:
    bodies: dict[str, dict[str, object]] = {
        "/completions": {"prompt": "p"},
        "/embeddings": {"input": "i"},
        "/rerank": {"query": "q", "documents": ["d"]},
        "/images/generations": {"prompt": "p"},
    }
    for path, body in bodies.items():
        assert call(base_url, path, body | {"model": "sandbox/error-503"}).status == 503
        cut = call(base_url, path, body | {"model": "sandbox/cut-stream"})
        assert cut.ending == "closed"
        assert not cut.whole


def test_quotes_the_credential_it_was_called_with(base_url: str) -> None:
    body = {"model": "sandbox/echo-secrets", "messages": [{"role": "user", "content": "?"}]}
    heard = call(base_url, "/chat/completions", body, headers={"Authorization": "Bearer upstream-secret"})
    assert heard.status == 500
    assert "Bearer upstream-secret" in heard.json["error"]["message"]
    assert base_url in heard.json["error"]["message"]


def test_fails_every_other_time_where_flaky(base_url: str) -> None:
    with running_sandbox() as fresh:
        assert [chat(fresh, "sandbox/flaky").status for _ in range(4)] == [500, 200, 500, 200]
        assert [chat(fresh, "sandbox/recovering-2").status for _ in range(4)] == [500, 500, 200, 200]
        assert [chat(fresh, "sandbox/recovering-1").status for _ in range(2)] == [500, 200]


def test_hangs_before_or_after_the_headers(base_url: str) -> None:
    hung = chat(base_url, "sandbox/hang", patience_s=0.3)
    assert (hung.raw, hung.ending) == (b"", "silent")
    begun = chat(base_url, "sandbox/headers-then-nothing", stream=True, patience_s=0.3)
    assert begun.status == 200
    assert (begun.body, begun.ending) == (b"", "silent")


def test_cuts_in_the_middle_of_a_chunk(base_url: str) -> None:
    heard = chat(base_url, "sandbox/cut-stream-3", stream=True)
    assert heard.ending == "closed"
    assert len(heard.pieces) == 3
    assert not heard.whole
    half = heard.raw[heard.raw.rindex(b"\r\ndata: ") :]
    assert not half.endswith(b"\n")


def test_cuts_by_reset(base_url: str) -> None:
    heard = chat(base_url, "sandbox/cut-stream-rst-3", stream=True)
    assert heard.ending == "reset"
    assert len(heard.pieces) == 3
    assert chat(base_url, "sandbox/cut-stream-rst").ending == "reset"


def test_cuts_before_the_finish_reason_when_the_answer_is_shorter(base_url: str) -> None:
    heard = chat(base_url, "sandbox/cut-stream-1000", stream=True, max_tokens=4)
    assert len(heard.pieces) == 4
    assert all(event["choices"][0]["finish_reason"] is None for event in heard.events)
    assert not heard.whole


def test_cuts_between_chunks_without_the_last(base_url: str) -> None:
    heard = chat(base_url, "sandbox/cut-between-3", stream=True)
    assert heard.raw.endswith(b"\n\n\r\n")
    assert (len(heard.pieces), heard.whole) == (3, False)


def test_cuts_in_a_form_that_looks_whole_to_http(base_url: str) -> None:
    heard = chat(base_url, "sandbox/cut-clean-3", stream=True)
    assert heard.whole
    assert "[DONE]" not in heard.data
    assert all(event["choices"][0]["finish_reason"] is None for event in heard.events)
    plain = chat(base_url, "sandbox/cut-clean")
    assert plain.whole
    with pytest.raises(json.JSONDecodeError):
        json.loads(plain.body)


def test_cuts_a_plain_body_short_of_its_length(base_url: str) -> None:
    for name in ("cut-stream", "cut-between"):
        heard = chat(base_url, f"sandbox/{name}")
        assert heard.ending == "closed"
        assert 0 < len(heard.body) < int(heard.headers["content-length"])


def test_stalls_in_the_middle(base_url: str) -> None:
    heard = chat(base_url, "sandbox/stall-2", stream=True, patience_s=0.5)
    assert heard.ending == "silent"
    assert len(heard.pieces) == 2


def test_finishes_without_an_end_marker(base_url: str) -> None:
    heard = chat(base_url, "sandbox/no-done", stream=True)
    assert heard.whole
    assert "[DONE]" not in heard.data
    assert heard.events[-1]["choices"][0]["finish_reason"] == "stop"


def test_marks_the_end_without_a_finish_reason(base_url: str) -> None:
    heard = chat(base_url, "sandbox/no-finish", stream=True)
    assert heard.data[-1] == "[DONE]"
    assert all(event["choices"][0]["finish_reason"] is None for event in heard.events)


def test_repeats_the_end_marker_or_goes_on_after_it(base_url: str) -> None:
    assert chat(base_url, "sandbox/double-done", stream=True).data[-3:].count("[DONE]") == 2
    late = chat(base_url, "sandbox/data-after-done", stream=True).data
    assert late[-2] == "[DONE]"
    assert "late" in late[-1]


def test_reports_no_usage(base_url: str) -> None:
    assert "usage" not in chat(base_url, "sandbox/no-usage").json
    heard = chat(base_url, "sandbox/no-usage", stream=True, stream_options={"include_usage": True})
    assert all("usage" not in event for event in heard.events)
    assert heard.data[-1] == "[DONE]"


def test_reports_usage_in_every_event(base_url: str) -> None:
    heard = chat(base_url, "sandbox/usage-every-chunk", stream=True)
    figures = [event["usage"]["completion_tokens"] for event in heard.events]
    assert figures == sorted(figures)
    assert figures[-1] == len(heard.pieces)


@pytest.mark.parametrize(("name", "factor"), [("lying-usage", 10), ("negative-usage", -1)])
def test_reports_false_usage(base_url: str, name: str, factor: int) -> None:
    heard = chat(base_url, f"sandbox/{name}", stream=True, stream_options={"include_usage": True})
    assert heard.events[-1]["usage"]["completion_tokens"] == factor * len(heard.pieces)
    plain = chat(base_url, f"sandbox/{name}").json
    true = words.count(plain["choices"][0]["message"]["content"])
    assert plain["usage"]["completion_tokens"] == factor * true
    embedded = call(base_url, "/embeddings", {"model": f"sandbox/{name}", "input": "two words"}).json
    assert embedded["usage"]["prompt_tokens"] == factor * 2


def test_reports_half_of_the_prompt_as_cached(base_url: str) -> None:
    usage = chat(base_url, "sandbox/cached").json["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == usage["prompt_tokens"] // 2 > 0


def test_puts_an_error_where_an_answer_belongs(base_url: str) -> None:
    for stream in (True, False):
        heard = chat(base_url, "sandbox/error-in-200", stream=stream)
        assert (heard.status, heard.headers["content-type"]) == (200, "application/json")
        assert heard.json["error"]["type"] == "api_error"
    first = chat(base_url, "sandbox/sse-error-first", stream=True)
    assert [set(event) for event in first.events] == [{"error"}]
    middle = chat(base_url, "sandbox/sse-error-mid-4", stream=True)
    assert len(middle.events) == 1 + 4 + 1
    assert "error" in middle.events[-1]
    assert "[DONE]" not in middle.data
    assert set(chat(base_url, "sandbox/sse-error-mid").json) == {"error"}


@pytest.mark.parametrize("name", ["html-200", "wrong-type", "empty-body", "no-content", "redirect"])
def test_sends_something_that_is_no_answer(base_url: str, name: str) -> None:
    heard = chat(base_url, f"sandbox/{name}", stream=True)
    assert heard.status in (200, 204, 302)
    assert "data:" not in heard.body.decode()


def test_answers_without_output(base_url: str) -> None:
    heard = chat(base_url, "sandbox/empty")
    assert heard.json["choices"][0]["message"]["content"] == ""
    assert heard.json["usage"]["completion_tokens"] == 0
    streamed = chat(base_url, "sandbox/empty", stream=True)
    assert streamed.pieces == []
    assert streamed.events[-1]["choices"][0]["finish_reason"] == "stop"


def test_answers_at_length(base_url: str) -> None:
    assert chat(base_url, "sandbox/long").json["usage"]["completion_tokens"] == 2_000
    assert len(chat(base_url, "sandbox/long-300", stream=True).pieces) == 300
    assert len(chat(base_url, "sandbox/long", stream=True, max_tokens=12).pieces) == 12


def test_goes_on_until_the_caller_leaves(base_url: str) -> None:
    heard = chat(base_url, "sandbox/endless-1ms", stream=True, max_tokens=5, patience_s=0.5)
    assert heard.ending == "silent"
    assert len(heard.pieces) > 120


def test_ignores_the_callers_bound(base_url: str) -> None:
    heard = chat(base_url, "sandbox/ignores-max", max_tokens=8)
    assert heard.json["usage"]["completion_tokens"] == 80
    assert heard.json["choices"][0]["finish_reason"] == "stop"


def test_calls_a_tool_with_arguments_that_are_no_json(base_url: str) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    message = chat(base_url, "sandbox/bad-tool-call", tools=tools).json["choices"][0]["message"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(message["tool_calls"][0]["function"]["arguments"])


def test_takes_its_time_for_each_token(base_url: str) -> None:
    for stream in (True, False):
        began = time.monotonic()
        chat(base_url, "sandbox/slow-20ms", stream=stream, max_tokens=10)
        assert 0.2 <= time.monotonic() - began < 2
    began = time.monotonic()
    assert chat(base_url, "sandbox/late-300ms").status == 200
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("crlf", b"}\r\n\r\ndata: {"),
        ("cr", b"}\r\rdata: {"),
        ("bom", b"\xef\xbb\xbfdata: {"),
        ("no-space", b"\n\ndata:{"),
        ("multi-line", b"data: {\ndata: "),
        ("sse-fields", b": comment\n\nevent: message\nid: 1\nretry: 1000\ndata: {"),
    ],
)
def test_frames_the_same_events_in_another_way(base_url: str, name: str, mark: bytes) -> None:
    body = chat(base_url, f"sandbox/{name}", stream=True).body
    assert mark in body
    text = body.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(":") for line in block.split("\n")]
        data = "\n".join(value.removeprefix(" ") for field, _, value in lines if field == "data")
        found += [data] if data else []
    assert found[-1] == "[DONE]"
    deltas = [json.loads(data)["choices"][0]["delta"] for data in found[:-1]]
    plain = chat(base_url, f"sandbox/{name}").json["choices"][0]["message"]["content"]
    assert "".join(delta.get("content", "") for delta in deltas) == plain


def test_parts_characters_across_writes(base_url: str) -> None:
    heard = chat(base_url, "sandbox/split-utf8", stream=True)
    chunks, ended = heard.chunks
    assert ended
    parted = [chunk for chunk in chunks if chunk[0] & 0xC0 == 0x80]
    assert len(parted) > 10
    assert "�" not in "".join(heard.pieces)
    plain = chat(base_url, "sandbox/split-utf8").json["choices"][0]["message"]["content"]
    assert "".join(heard.pieces) == plain


def test_mixes_broken_events_among_good_ones(base_url: str) -> None:
    data = chat(base_url, "sandbox/bad-json-5", stream=True).data
    assert len([each for each in data if each.endswith("brok")]) == 5
    assert data[-1] == "[DONE]"
    body = chat(base_url, "sandbox/invalid-utf8", stream=True).body
    assert body.count(b"\xff") == 1
    assert body.endswith(b"data: [DONE]\n\n")


def test_sends_lines_beyond_all_measure(base_url: str) -> None:
    (piece,) = chat(base_url, "sandbox/big-line", stream=True, patience_s=30).pieces
    assert len(piece) == 10 * 2**20
    endless = chat(base_url, "sandbox/endless-line-1", stream=True, patience_s=0.5)
    assert endless.ending == "silent"
    assert len(endless.body.rpartition(b"\n")[2]) > 2**20


def test_compresses_unasked(base_url: str) -> None:
    plain = chat(base_url, "sandbox/gzip")
    assert plain.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(plain.body))["choices"]
    streamed = chat(base_url, "sandbox/gzip", stream=True)
    assert gzip.decompress(streamed.body).endswith(b"data: [DONE]\n\n")


def test_sends_a_body_that_grows_a_thousandfold(base_url: str) -> None:
    heard = chat(base_url, "sandbox/gzip-bomb", patience_s=30)
    unpack = zlib.decompressobj(wbits=31)
    size = len(unpack.decompress(heard.body, 64 * 2**20))
    assert size == 64 * 2**20
    assert len(heard.body) < 2**20


def test_names_another_model_without_id_or_time(base_url: str) -> None:
    for answer in (
        chat(base_url, "sandbox/other-model").json,
        chat(base_url, "sandbox/other-model", stream=True).events[0],
    ):
        assert answer["model"] == "another-model"
        assert not {"id", "created"} & set(answer)


def test_gives_a_thousand_choices(base_url: str) -> None:
    assert len(chat(base_url, "sandbox/many-choices").json["choices"]) == 1_000


def test_sends_headers_that_must_not_pass(base_url: str) -> None:
    for stream in (True, False):
        headers = chat(base_url, "sandbox/hostile-headers", stream=stream).headers
        assert "session=sandbox" in headers["set-cookie"]
        assert headers["x-request-id"] == "spoofed"
