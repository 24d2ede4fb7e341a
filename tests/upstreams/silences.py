"""Upstreams that cannot be reached, fall silent, or break off: U01 to U09, and U26."""

import json
from collections.abc import Iterator

from tests.fakes.scripted import Answer, Close, Hang, Pause, Reset, Step, answer, event, stream

from .case import Case, either, same
from .speech import BEGUN, delta, healthy, lf, whole
from .upstream import Call
from .waits import TOTAL_SECONDS

__all__ = ["CASES"]

BODY = json.dumps(whole()).encode()
HALF = BODY[: len(BODY) // 2]
# Long enough for what was sent before to be read, so that a reset cannot overtake it.
BREATH = Pause(0.15)
DRIP_SECONDS = 0.5


def _head(kind: str, *, length: int | None) -> bytes:
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{framing}\r\n\r\n".encode()


PLAIN, CHUNKED = _head("application/json", length=len(BODY)), _head("application/json", length=None)
EVENTS = _head("text/event-stream", length=None)


def _broken_off(*last: Step) -> Answer:
    return (PLAIN, HALF, BREATH, *last)


def _cut(*last: Step) -> Answer:
    return (*stream(*BEGUN, ended=False)[:-1], BREATH, *last)


def _drip(call: Call) -> Iterator[Step]:
    text = lf() if call.stream else BODY
    yield EVENTS if call.stream else PLAIN
    for place in range(len(text)):
        byte = text[place : place + 1]
        yield b"1\r\n%b\r\n" % byte if call.stream else byte
        yield Pause(DRIP_SECONDS)


def _drip_later(call: Call) -> Iterator[Step]:
    if call.stream:
        yield from stream(*BEGUN, ended=False)[:-1]
        while True:
            yield b"1\r\n:\r\n"
            yield Pause(DRIP_SECONDS)
    yield PLAIN
    yield HALF
    while True:
        yield b" "
        yield Pause(DRIP_SECONDS)


CASES = (
    Case("U01", "connection-refused", healthy, "passed_by", "passed_by", door="closed"),
    Case("U02", "name-not-found", healthy, "passed_by", "passed_by", door="unknown"),
    Case("U03", "control-right-certificate", healthy, "answered", "answered", door="trusted"),
    Case("U03", "self-signed", healthy, "passed_by", "passed_by", door="self-signed"),
    Case("U03", "wrong-name", healthy, "passed_by", "passed_by", door="wrong-name"),
    Case("U03", "expired", healthy, "passed_by", "passed_by", door="expired"),
    Case("U03", "no-tls-at-all", healthy, "passed_by", "passed_by", door="https-to-http"),
    Case("U03", "silent-handshake", healthy, "timed_out", "timed_out", door="mute", waits=True),
    Case("U04", "silence", same((Hang(),)), "timed_out", "timed_out", waits=True),
    Case(
        "U05",
        "headers-then-nothing",
        either((PLAIN, Hang()), (EVENTS, Hang())),
        "timed_out",
        "timed_out",
        waits=True,
    ),
    Case(
        "U05",
        "comments-then-nothing",
        either((PLAIN, b"  ", Hang()), stream(b": wait\n\n", Hang())),
        "timed_out",
        "timed_out",
        waits=True,
    ),
    Case("U06", "stall", either(_broken_off(Hang()), _cut(Hang())), "timed_out", "cut", waits=True),
    Case(
        "U06",
        "stall-in-an-event",
        either(_broken_off(Hang()), _cut(b"9\r\ndata: {", Hang())),
        "timed_out",
        "cut",
        waits=True,
    ),
    Case(
        "U07",
        "fin-in-a-chunk",
        either((CHUNKED, b"400\r\n" + HALF, BREATH, Close()), _cut(b"400\r\ndata: {", BREATH, Close())),
        "passed_by",
        "cut",
    ),
    Case(
        "U07",
        "fin-after-a-role",
        either(
            _broken_off(Close()),
            stream(event(delta(delta={"role": "assistant", "content": ""})), BREATH, ended=False),
        ),
        "passed_by",
        "cut",
    ),
    Case("U07", "fin-before-the-length", either(_broken_off(Close()), _cut(Close())), "passed_by", "cut"),
    Case("U08", "reset", either(_broken_off(Reset()), _cut(Reset())), "passed_by", "cut"),
    Case("U08", "reset-at-once", same((Reset(),)), "passed_by", "passed_by"),
    Case(
        "U08",
        "reset-after-headers",
        either((PLAIN, BREATH, Reset()), (EVENTS, BREATH, Reset())),
        "passed_by",
        "passed_by",
    ),
    Case(
        "U09",
        "chunks-without-their-end",
        either((CHUNKED, b"%x\r\n%b\r\n" % (len(HALF), HALF), Close()), _cut(Close())),
        "passed_by",
        "cut",
    ),
    Case(
        "U09",
        "well-formed-end-too-early",
        either(answer(HALF), stream(*BEGUN)),
        "passed_by",
        "cut",
    ),
    Case("U26", "byte-by-byte", _drip, "timed_out", "timed_out", waits=True),
    Case("U26", "byte-by-byte-later", _drip_later, "timed_out", "cut", seconds=TOTAL_SECONDS, waits=True),
)
