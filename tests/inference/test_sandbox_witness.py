"""The sandbox's log, the second witness: one true line for each call, and a stop that is prompt."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.caller import Heard, call, chat
from tests.fakes.upstream import running_sandbox, sandbox_process

STOP_S = 2.0


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox") / "calls.jsonl"


@pytest.fixture(scope="module")
def base_url(log: Path) -> Iterator[str]:
    with running_sandbox(log) as url:
        yield url


def lines(log: Path, request_id: str) -> list[dict[str, Any]]:
    return [
        fact for fact in map(json.loads, log.read_text().splitlines()) if fact["request_id"] == request_id
    ]


def eventually(log: Path, request_id: str) -> dict[str, Any]:
    """The one line of a call whose end the caller could not see."""
    deadline = time.monotonic() + 5
    while not (found := lines(log, request_id)) and time.monotonic() < deadline:
        time.sleep(0.01)
    (fact,) = found
    return fact


def ask(
    base_url: str,
    model: str,
    request_id: str,
    *,
    until: bytes | None = None,
    patience_s: float = 10,
    **fields: Any,
) -> Heard:
    body = {"model": model, "messages": [{"role": "user", "content": "What is a limit?"}]} | fields
    return call(
        base_url,
        "/chat/completions",
        body,
        headers={"X-Request-Id": request_id},
        patience_s=patience_s,
        until=until,
    )


@pytest.mark.parametrize("stream", [True, False])
def test_has_the_line_before_the_caller_has_the_whole_answer(base_url: str, log: Path, stream: bool) -> None:
    for number in range(20):
        request_id = f"whole-{stream}-{number}"
        heard = ask(base_url, "m", request_id, stream=stream)
        (fact,) = lines(log, request_id)
        told = len(heard.pieces) if stream else heard.json["usage"]["completion_tokens"]
        assert fact["completion_tokens"] == told
        assert (fact["ended"], fact["status"], fact["model"]) == ("done", 200, "m")
        assert (fact["stream"], fact["path"]) == (stream, "/v1/chat/completions")
        assert fact["prompt_tokens"] == 3 + 5


def test_knows_a_call_again_by_the_beginning_of_what_was_asked(base_url: str, log: Path) -> None:
    messages = [{"role": "user", "content": "m7 " + "a" * 100}]
    ask(base_url, "m", "known", messages=messages)
    (fact,) = lines(log, "known")
    assert fact["asked"] == "m7 " + "a" * 61


def test_counts_what_left_and_not_what_usage_claims(base_url: str, log: Path) -> None:
    heard = ask(base_url, "sandbox/lying-usage", "lying")
    (fact,) = lines(log, "lying")
    assert fact["completion_tokens"] * 10 == heard.json["usage"]["completion_tokens"]


def test_tells_a_cut_with_the_tokens_before_it(base_url: str, log: Path) -> None:
    for name in ("cut-stream-3", "cut-stream-rst-3", "cut-between-3", "cut-clean-3", "sse-error-mid-3"):
        ask(base_url, f"sandbox/{name}", name, stream=True)
        (fact,) = lines(log, name)
        assert (fact["ended"], fact["completion_tokens"]) == ("cut", 3)
    ask(base_url, "sandbox/cut-stream", "cut-plain")
    (fact,) = lines(log, "cut-plain")
    assert (fact["ended"], fact["completion_tokens"]) == ("cut", 0)


def test_tells_a_refusal_with_its_status(base_url: str, log: Path) -> None:
    ask(base_url, "sandbox/error-503", "refused")
    (fact,) = lines(log, "refused")
    assert (fact["ended"], fact["status"], fact["completion_tokens"]) == ("done", 503, 0)


def test_tells_that_the_caller_left(base_url: str, log: Path) -> None:
    heard = ask(base_url, "sandbox/slow-30ms", "left", stream=True, until=b'" ')
    fact = eventually(log, "left")
    assert fact["ended"] == "client_gone"
    assert len(heard.pieces) <= fact["completion_tokens"] <= len(heard.pieces) + 2
    for name in ("hang", "headers-then-nothing", "stall-1", "endless"):
        assert ask(base_url, f"sandbox/{name}", name, stream=True, patience_s=0.2).ending == "silent"
        assert eventually(log, name)["ended"] == "client_gone"


def test_leaves_out_what_could_not_be_read(base_url: str, log: Path) -> None:
    assert ask(base_url, "m", "unread", n=0).status == 400
    ask(base_url, "m", "after")
    assert lines(log, "unread") == []


def test_has_one_line_for_each_of_many_calls_at_once(base_url: str, log: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        heard = list(
            pool.map(
                lambda number: ask(base_url, f"m{number % 7}", f"many-{number}", stream=number % 2 == 0),
                range(300),
            )
        )
    assert all(each.whole for each in heard)
    facts = [
        fact
        for fact in map(json.loads, log.read_text().splitlines())
        if fact["request_id"].startswith("many-")
    ]
    assert len(facts) == len({fact["request_id"] for fact in facts}) == 300


def test_stops_within_two_seconds_and_tells_what_it_cut(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    with sandbox_process(log) as (process, base_url), ThreadPoolExecutor(8) as pool:
        hung = [
            pool.submit(ask, base_url, model, model, stream=True)
            for model in ("sandbox/hang", "sandbox/endless", "sandbox/stall-2", "sandbox/drip")
        ]
        short = pool.submit(ask, base_url, "sandbox/slow-50ms", "short", stream=True, max_tokens=10)
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < STOP_S
        assert short.result().data[-1] == "[DONE]"
        assert [future.result().ending for future in hung] == ["closed"] * 4
    facts = {fact["request_id"]: fact["ended"] for fact in map(json.loads, log.read_text().splitlines())}
    assert facts == {"short": "done"} | dict.fromkeys(
        ("sandbox/hang", "sandbox/endless", "sandbox/stall-2", "sandbox/drip"), "cut"
    )


def test_takes_its_log_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLWAY_SANDBOX_LOG", str(tmp_path / "calls.jsonl"))
    with running_sandbox() as base_url:
        ask(base_url, "m", "by-environment")
    assert len(lines(tmp_path / "calls.jsonl", "by-environment")) == 1


def test_keeps_the_lines_of_an_earlier_run(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    for request_id in ("first", "second"):
        with running_sandbox(log) as base_url:
            ask(base_url, "m", request_id)
    assert [json.loads(line)["request_id"] for line in log.read_text().splitlines()] == ["first", "second"]


def test_refuses_to_start_where_the_log_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="exit code 1"), running_sandbox(tmp_path / "no" / "calls.jsonl"):
        pass


def test_serves_others_while_one_hangs(base_url: str) -> None:
    listener = threading.Thread(target=chat, args=(base_url, "sandbox/hang"), kwargs={"patience_s": 1})
    listener.start()
    assert chat(base_url, "m").status == 200
    listener.join()
