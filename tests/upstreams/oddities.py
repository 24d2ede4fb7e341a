"""Upstreams that answer, but say more than they were asked, or wrap it strangely: U27, U29, U30 and U31."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.fakes.caller import Heard
from tests.fakes.scripted import DONE, Answer, Close, Pause, Step, answer, event, stream

from .case import Case, Look, Outcome, either
from .speech import CANARY, END, TEXT, TOLD, USAGE, delta, healthy, lf, told, whole
from .upstream import Call

__all__ = ["CASES"]

MIB = 2**20
ALLOWED, FACTOR = 60, 10
TOKEN_SECONDS = 0.008
BODY = json.dumps(whole()).encode()


def _overrun(call: Call) -> Iterator[Step]:
    """Say ten times as many tokens as were allowed, at the pace of a fast model."""
    allowed = call.json.get("max_completion_tokens") or call.json["max_tokens"]
    words = allowed * FACTOR
    usage = {**USAGE, "completion_tokens": words}
    if not call.stream:
        message = {"role": "assistant", "content": " word" * words}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        yield from answer(whole(choices=[choice], usage=usage))
        return
    yield from stream(ended=False)[:-1]
    for _ in range(words):
        data = event(delta(" word"))
        yield b"%x\r\n%b\r\n" % (len(data), data)
        yield Pause(TOKEN_SECONDS)
    tail = event(END) + event({**TOLD, "usage": usage}) + DONE
    yield b"%x\r\n%b\r\n0\r\n\r\n" % (len(tail), tail)


def _any_text(heard: Heard, streamed: bool) -> Iterable[str]:
    """Hold an answer to nothing but its form: what it says is the upstream's business."""
    if streamed and heard.data.count("[DONE]") != 1:
        yield "the stream has no one end marker"
    if not streamed and not heard.json["choices"]:
        yield "there are no choices"


def _choices(number: int) -> Look:
    def look(heard: Heard, streamed: bool) -> Iterable[str]:
        answers = heard.events if streamed else [heard.json]
        seen = {choice["index"] for each in answers for choice in each["choices"]}
        if len(seen) != number:
            yield f"{len(seen)} choices of {number} arrived"

    return look


def _said(name: str, answered: dict[str, Any], *events: dict[str, Any], look: Look | None = None) -> Case:
    steps = stream(*(event(each) for each in events), DONE)
    return Case("U29", name, either(answer(answered), steps), "answered", "answered", look=look)


def _calling(calls: object) -> Case:
    return _said(
        f"tool-calls-{type(calls).__name__}",
        whole(choices=[_choice({"role": "assistant", "content": None, "tool_calls": calls})]),
        delta(delta={"role": "assistant", "tool_calls": calls}),
        delta(finish_reason="tool_calls"),
        TOLD,
        look=_any_text,
    )


def _choice(message: object) -> dict[str, Any]:
    return {"index": 0, "message": message, "finish_reason": "stop"}


def _bare(each: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in each.items() if key not in ("id", "object", "created", "model")}


MANY = 1_000
MANY_CHOICES = [{**_choice({"role": "assistant", "content": "a"}), "index": n} for n in range(MANY)]
MANY_EVENTS = [delta("a", index=n) for n in range(MANY)]
MANY_ENDS = [delta(index=n, finish_reason="stop") for n in range(MANY)]
BARE_EVENTS = [_bare(json.loads(data[6:])) for data in told()[:-1]]


def _with_headers(name: str, *lines: str, outcome: Outcome = "answered") -> Case:
    """Answer well under strange headers."""
    extra = "".join(f"{line}\r\n" for line in lines).encode("latin-1")

    def play(call: Call) -> Answer:
        head, *rest = healthy(call)
        assert isinstance(head, bytes)
        first, _, others = head.partition(b"\r\n")
        return (first + b"\r\n" + extra + others, *rest)

    return Case("U30", name, play, outcome, outcome)


def _length(name: str, surplus: int, outcome: Outcome) -> Case:
    """Announce a body of another length than it has; head and body come in one piece."""

    def play(call: Call) -> Answer:
        kind, body = ("text/event-stream", lf()) if call.stream else ("application/json", BODY)
        length = len(body) + surplus
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        return (head.encode() + body, Close())

    return Case("U30", name, play, "passed_by", outcome)


def _continued(call: Call) -> Answer:
    return (b"HTTP/1.1 100 Continue\r\n\r\n", Pause(0.05), *healthy(call))


def _hinted(call: Call) -> Answer:
    return (b"HTTP/1.1 103 Early Hints\r\nLink: </canary>\r\n\r\n", Pause(0.05), *healthy(call))


def _closing(call: Call) -> Answer:
    head, *rest = healthy(call)
    assert isinstance(head, bytes)
    return (head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1), *rest, Close())


def _upgrading(call: Call) -> Answer:
    return (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", Close())


SPOOFED = (
    f"Set-Cookie: session={CANARY}; Domain=example.com",
    f"X-Request-Id: {CANARY}",
    f"X-Error-Code: {CANARY}",
    f"X-Tollway-Provider: {CANARY}",
    f"X-Tollway-Cost: {CANARY}",
    f"Retry-After: {CANARY}",
    f"RateLimit-Limit: {CANARY}",
    f"Server: {CANARY}",
    f"Access-Control-Allow-Origin: https://{CANARY}.example",
)

CASES = (
    Case(
        "U27",
        "ten-times-too-much",
        _overrun,
        "answered",
        "cut",
        look=_any_text,
        max_tokens=ALLOWED,
        seconds=3,
    ),
    _said("nothing-but-choices", _bare(whole()), *BARE_EVENTS),
    _said("unknown-fields", {**whole(), "x": {"y": [1]}}, *(dict(e, x=1) for e in BARE_EVENTS)),
    _said(
        "strange-types",
        {**whole(), "id": 7, "created": "now", "model": None, "object": []},
        *(dict(e, id=7, model=None) for e in BARE_EVENTS),
    ),
    _said("many-choices", whole(choices=MANY_CHOICES), *MANY_EVENTS, *MANY_ENDS, TOLD, look=_choices(MANY)),
    _said("error-null", {**whole(), "error": None}, *({**e, "error": None} for e in BARE_EVENTS)),
    _calling(
        [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{not json"}}]
    ),
    _calling("text"),
    _calling({"index": 0}),
    _calling(7),
    _said(
        "calls-of-odd-things",
        whole(choices=[_choice({"content": None, "tool_calls": [None, 1, "x", {"function": None}]})]),
        delta(delta={"tool_calls": [None, 1, "x", {"function": None}]}),
        END,
        TOLD,
        look=_any_text,
    ),
    _said(
        "content-in-parts",
        whole(choices=[_choice({"content": [{"type": "text", "text": TEXT}]})]),
        delta(delta={"content": [{"type": "text", "text": TEXT}]}),
        END,
        TOLD,
        look=_any_text,
    ),
    _said(
        "message-is-none",
        whole(choices=[{"index": 0, "message": None, "finish_reason": "stop"}]),
        delta(delta=None),
        END,
        TOLD,
        look=_any_text,
    ),
    _said(
        "usage-of-lies",
        whole(usage={"prompt_tokens": -1, "completion_tokens": 2**63}),
        *BARE_EVENTS[:-1],
        {**TOLD, "usage": {"prompt_tokens": "many", "completion_tokens": 1e308}},
    ),
    _with_headers("spoofed", *SPOOFED),
    _with_headers(
        "hop-by-hop",
        "Connection: keep-alive, X-Internal",
        f"X-Internal: {CANARY}",
        f"Proxy-Authenticate: {CANARY}",
        f"Trailer: {CANARY}",
        "Keep-Alive: timeout=5",
    ),
    _with_headers(
        "duplicates",
        f"X-Twice: {CANARY}",
        f"X-Twice: {CANARY}",
        f"Set-Cookie: a={CANARY}",
        f"Set-Cookie: b={CANARY}",
    ),
    _with_headers("one-megabyte", "X-Noise: " + CANARY * (MIB // len(CANARY)), outcome="passed_by"),
    _with_headers("ten-thousand", *(f"X-{n}: {CANARY}" for n in range(10_000)), outcome="passed_by"),
    _with_headers("no-header-at-all", f"{CANARY} without a colon", outcome="passed_by"),
    _with_headers("nul-in-a-value", f"X-Nul: a\0{CANARY}", outcome="passed_by"),
    _length("length-too-great", 1000, "answered"),
    _length("length-too-small", -10, "passed_by"),
    _length("length-negative", -1_000_000, "passed_by"),
    Case("U31", "continue-first", _continued, "answered", "answered"),
    Case("U31", "early-hints-first", _hinted, "answered", "answered"),
    Case("U31", "closes-after-each", _closing, "answered", "answered"),
    Case("U31", "switches-protocols", _upgrading, "passed_by", "passed_by"),
)
