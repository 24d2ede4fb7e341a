"""The scripted provider."""

import threading
import time

import pytest

from tests.fakes.caller import call
from tests.fakes.scripted import DONE, Close, Hang, Hold, Pause, Reset, answer, event, scripted, stream


def test_answers_in_order_and_writes_down_what_it_was_sent() -> None:
    with scripted(answer({"a": 1}), answer({"b": 2}, status=429, headers={"Retry-After": "9"})) as upstream:
        first = call(upstream.base_url, "/x", {"q": 1}, headers={"X-Tag": "t"}, until=b"}")
        second = call(upstream.base_url, "/y", b"raw", until=b"}")
    assert (first.status, first.json) == (200, {"a": 1})
    assert (second.status, second.headers["retry-after"]) == (429, "9")
    assert [(seen.method, seen.path, seen.body) for seen in upstream.seen] == [
        ("POST", "/v1/x", b'{"q": 1}'),
        ("POST", "/v1/y", b"raw"),
    ]
    assert upstream.seen[0].headers["x-tag"] == "t"
    assert upstream.seen[0].json == {"q": 1}
    assert upstream.seen[0].sent == first.raw
    assert {seen.ended for seen in upstream.seen} == {"sent"}


def test_streams_each_step_as_a_chunk() -> None:
    with scripted(stream(event({"n": 1}), Pause(0.05), b"da", b"ta: 2\n\n", DONE)) as upstream:
        heard = call(upstream.base_url, "/x", {}, until=b"\r\n0\r\n\r\n")
    assert heard.chunks == ([b'data: {"n": 1}\n\n', b"da", b"ta: 2\n\n", DONE], True)


def test_waits_for_the_test() -> None:
    hold = Hold()
    with scripted(stream(event(1), hold, event(2))) as upstream:
        began = time.monotonic()
        threading.Timer(0.2, hold.event.set).start()
        heard = call(upstream.base_url, "/x", {}, until=b"\r\n0\r\n\r\n")
    assert time.monotonic() - began >= 0.2
    assert heard.events == [1, 2]


@pytest.mark.parametrize(("step", "ending"), [(Reset(), "reset"), (Close(), "closed")])
def test_breaks_off(step: Reset | Close, ending: str) -> None:
    with scripted(stream(event(1), Pause(0.05), step)) as upstream:
        heard = call(upstream.base_url, "/x", {})
    assert (heard.ending, heard.events, heard.whole) == (ending, [1], False)


def test_tells_that_the_caller_left() -> None:
    with scripted(stream(event(1), *(Pause(0.05), event(2)) * 10)) as upstream:
        call(upstream.base_url, "/x", {}, until=b"1")
        deadline = time.monotonic() + 5
        while upstream.seen[0].ended == "open" and time.monotonic() < deadline:
            time.sleep(0.01)
    assert upstream.seen[0].ended == "caller_left"


def test_sends_nothing_more_until_the_caller_leaves() -> None:
    with scripted(stream(event(1), Hang(), event(2))) as upstream:
        heard = call(upstream.base_url, "/x", {}, patience_s=0.3)
        deadline = time.monotonic() + 5
        while upstream.seen[0].ended == "open" and time.monotonic() < deadline:
            time.sleep(0.01)
    assert (heard.ending, heard.events, upstream.seen[0].ended) == ("silent", [1], "caller_left")


def test_ends_at_once_though_an_answer_is_held() -> None:
    began = time.monotonic()
    with scripted(stream(event(1), Hold(), event(2))) as upstream:
        assert call(upstream.base_url, "/x", {}, until=b"1").status == 200
    assert time.monotonic() - began < 5
    assert upstream.seen[0].ended == "open"


def test_fails_the_test_that_calls_too_often() -> None:
    with pytest.raises(AssertionError, match="1 calls more"), scripted() as upstream:
        assert call(upstream.base_url, "/x", {}, until=b"}}").status == 500
