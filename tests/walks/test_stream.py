"""A stream, from the caller to the usage event."""

import orjson
import pytest

from tests.fakes.cast import RATES, customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.scripted import DONE, Close, Hold, Pause, Reset, event, scripted, stream
from tests.walks.test_chat_completion import ASKED, sdk

pytestmark = pytest.mark.usefixtures("committed")

USAGE = {"prompt_tokens": 100, "completion_tokens": 3, "total_tokens": 103}


def delta(content: str, **choice: object) -> dict[str, object]:
    return {
        "id": "theirs",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "up/m",
        "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": None, **choice}],
    }


SPELLINGS = [
    "crlf",
    "cr",
    "bom",
    "no-space",
    "multi-line",
    "sse-fields",
    "split-utf8",
    "double-done",
    "data-after-done",
    "usage-every-chunk",
    "no-done",
    "bad-json",
    "invalid-utf8",
]
NOT_BEGUN = [
    "sse-error-first",
    "error-in-200",
    "html-200",
    "wrong-type",
    "empty-body",
    "no-content",
    "redirect",
    "gzip",
    "error-401",
    "error-403",
    "error-429",
    "error-500",
    "error-503",
]

END = delta("", delta={}, finish_reason="stop")
TOLD = {**delta(""), "choices": [], "usage": USAGE}


def test_is_read_by_the_sdk_and_charged_to_the_nano(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client:
        chunks = list(
            client.chat.completions.create(
                model=name, messages=[ASKED], stream=True, stream_options={"include_usage": True}
            )
        )
    (booked,) = who.events()
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (
        booked["input_tokens"],
        booked["output_tokens"],
    )
    assert {(chunk.model, chunk.id) for chunk in chunks} == {(name, f"chatcmpl-{booked['request_id'].hex}")}
    assert chunks[0].choices[0].delta.role == "assistant"
    assert (booked["status"], booked["usage_source"], booked["stream"]) == ("ok", "upstream", True)
    cost = (booked["input_tokens"] * RATES["input"] + booked["output_tokens"] * RATES["output"] + 500) // 1000
    assert booked["cost"] == cost
    assert (who.account()["open_streams"], who.account()["held"]) == (0, 0)


def test_never_crashes_a_loop_that_reads_the_first_choice(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "words"))
    gateway.knows(who.secret, name)
    with sdk(gateway, who) as client:
        for chunk in client.chat.completions.create(model=name, messages=[ASKED], stream=True):
            assert chunk.choices[0].delta is not None
    assert who.events()[0]["usage_source"] == "upstream"


def test_changes_three_values_and_no_other_byte(gateway: Gateway) -> None:
    strange = (
        b'{"object":"x", "id" : "theirs","model":"up/m","n":1.50,'
        b'"choices":[{"index":0,"delta":{"content":"\\u00e9\xc3\xa9","unknown":[ 1 ]}}]}'
    )
    with scripted(stream(b"data: " + strange + b"\n\n", event(END), event(TOLD), DONE)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name, stream=True)
    ours = f"chatcmpl-{who.events()[0]['request_id'].hex}".encode()
    wanted = strange.replace(b"theirs", ours).replace(b"up/m", name.encode())
    wanted = wanted.replace(b'"delta":{', b'"delta":{"role":"assistant",')
    assert heard.body.startswith(b"data: " + wanted + b"\n\n")
    assert heard.body.endswith(b"\n\ndata: [DONE]\n\n")
    assert b"usage" not in heard.body


def test_asks_for_usage_whether_the_caller_did_or_not(gateway: Gateway) -> None:
    answered = stream(event(delta("a")), event(END), event(TOLD), DONE)
    with scripted(answered, answered) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        quiet = gateway.chat(who.secret, name, stream=True)
        told = gateway.chat(who.secret, name, stream=True, stream_options={"include_usage": True})
    assert [seen.json["stream_options"] for seen in upstream.seen] == [{"include_usage": True}] * 2
    assert all(chunk["choices"] for chunk in quiet.events)
    assert (told.events[-1]["choices"], told.events[-1]["usage"]) == ([], USAGE)
    assert [booked["input_tokens"] for booked in who.events()] == [100, 100]


def test_tells_our_own_count_where_the_upstream_told_none(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "no-usage"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, stream=True, stream_options={"include_usage": True})
    (booked,) = who.events()
    usage = heard.events[-1]["usage"]
    assert booked["usage_source"] == "counted"
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (
        booked["input_tokens"],
        booked["output_tokens"],
    )
    assert 0.5 < booked["output_tokens"] / len(heard.pieces) < 1.5


def test_is_settled_before_its_last_byte(gateway: Gateway) -> None:
    hold = Hold()
    with scripted(stream(event(delta("a")), event(END), hold, event(TOLD), DONE)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        with gateway.streaming(who.secret, name) as wire:
            assert who.events() == []
            hold.event.set()
            heard = b""
            while b"[DONE]" not in heard:
                heard += wire.recv(65536)
            assert [booked["status"] for booked in who.events()] == ["ok"]


@pytest.mark.parametrize(
    "upstream_model",
    SPELLINGS,
)
def test_reads_every_spelling_alike(gateway: Gateway, sandbox: str, upstream_model: str) -> None:
    who = customer()
    name, plain = model((sandbox, upstream_model)), model((sandbox, "words"))
    gateway.knows(who.secret, name, plain)
    heard = gateway.chat(who.secret, name, stream=True)
    assert heard.whole
    assert (heard.data[-1], heard.data.count("[DONE]")) == ("[DONE]", 1)
    assert heard.events[-1]["choices"][0]["finish_reason"] == "stop"
    assert "\ufffd" not in heard.body.decode()
    (booked,) = who.events()
    assert (booked["status"], booked["output_tokens"]) == ("ok", len(heard.pieces))


@pytest.mark.parametrize("upstream_model", ["tool-call", "parallel-tool-calls", "reasoning"])
def test_passes_on_tool_calls_and_reasoning(gateway: Gateway, sandbox: str, upstream_model: str) -> None:
    who, name = customer(), model((sandbox, upstream_model))
    gateway.knows(who.secret, name)
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    heard = gateway.chat(who.secret, name, stream=True, tools=[tool])
    keys = {key for chunk in heard.events for key in chunk["choices"][0]["delta"]}
    assert ("reasoning_content" if upstream_model == "reasoning" else "tool_calls") in keys
    (booked,) = who.events()
    assert (booked["status"], booked["usage_source"]) == ("ok", "upstream")
    assert (booked["reasoning_tokens"] > 0) == (upstream_model == "reasoning")


BROKEN = [
    "cut-stream",
    "cut-stream-rst",
    "cut-between",
    "cut-clean",
    "stall",
    "sse-error-mid",
    "endless-line",
    "bad-json-9",
    "big-line",
]


@pytest.mark.parametrize("upstream_model", BROKEN)
def test_ends_in_an_error_when_the_upstream_breaks_off(
    gateway: Gateway, sandbox: str, upstream_model: str
) -> None:
    who, name = customer(), model((sandbox, upstream_model), wait_seconds=2)
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, stream=True)
    assert heard.whole
    if upstream_model == "big-line":
        assert heard.status in (200, 502)
    assert "[DONE]" not in heard.data
    error = heard.events[-1]["error"] if heard.status == 200 else heard.json["error"]
    assert error["type"] == "api_error"
    (booked,) = who.events()
    if heard.status == 200:
        # What broke off before any word is free; else what was delivered is charged.
        delivered = bool(heard.pieces)
        assert booked["status"] == "upstream_cut"
        assert booked["usage_source"] == ("counted" if delivered else "none")
        assert (booked["output_tokens"] > 0) == (booked["cost"] > 0) == delivered
    assert (who.account()["held"], who.account()["open_streams"]) == (0, 0)


def test_charges_what_was_delivered_and_not_the_words_of_the_error(gateway: Gateway) -> None:
    mistake = {"error": {"message": "a very long message " * 50, "type": "server_error"}}
    with scripted(stream(event(delta("one")), event(delta(" two")), event(mistake))) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name, stream=True)
    (booked,) = who.events()
    assert (booked["status"], booked["error_code"], booked["output_tokens"]) == (
        "upstream_cut",
        "UPSTREAM_CUT",
        2,
    )
    assert b"very long" not in heard.body


@pytest.mark.parametrize("last", [Close(), Reset(), Pause(0)])
def test_is_complete_without_marker_once_it_was_finished(
    gateway: Gateway, last: Close | Reset | Pause
) -> None:
    steps = stream(event(delta("one")), event(END), Pause(0.1), last, ended=isinstance(last, Pause))
    with scripted(steps) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name, stream=True)
    assert heard.data[-1] == "[DONE]"
    assert who.events()[0]["status"] == "ok"


@pytest.mark.parametrize(
    "upstream_model",
    NOT_BEGUN,
)
def test_begins_elsewhere_when_nothing_came_yet(gateway: Gateway, sandbox: str, upstream_model: str) -> None:
    who, name = customer(), model((sandbox, upstream_model), (sandbox, "words"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, stream=True)
    assert (heard.status, heard.data[-1]) == (200, "[DONE]")
    assert heard.headers["x-router-fallback"] == "true"
    (booked,) = who.events()
    assert (booked["status"], booked["attempts"]) == ("ok", 2)


def test_never_begins_elsewhere_after_the_first_byte(gateway: Gateway, sandbox: str) -> None:
    with scripted() as second:
        who, name = customer(), model((sandbox, "cut-stream"), (second.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name, stream=True)
    assert "error" in heard.events[-1]
    assert second.seen == []


def test_is_kept_alive_while_the_upstream_thinks(gateway: Gateway) -> None:
    with scripted(stream(event(delta("a")), Pause(11), event(END), DONE)) as upstream:
        who, name = customer(), model((upstream.base_url, "m"))
        gateway.knows(who.secret, name)
        heard = gateway.chat(who.secret, name, stream=True)
    assert heard.body.count(b": keep-alive\n\n") == 1
    assert heard.data[-1] == "[DONE]"


def test_is_cut_when_it_outgrows_its_hold(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "endless-1ms"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, stream=True, max_tokens=10, patience_s=30)
    assert "error" in heard.events[-1]
    (booked,) = who.events()
    assert booked["status"] == "upstream_cut"
    overshoot = (booked["cost"] - booked["hold"]) * 1000 / RATES["output"]
    assert overshoot < 3000  # what a thousand tokens a second make in the time between two looks


def test_parses_what_it_sends(gateway: Gateway, sandbox: str) -> None:
    who, name = customer(), model((sandbox, "world"))
    gateway.knows(who.secret, name)
    heard = gateway.chat(who.secret, name, stream=True, n=3)
    assert {choice["index"] for chunk in heard.events for choice in chunk["choices"]} == {0, 1, 2}
    assert all(orjson.loads(data) for data in heard.data[:-1])
