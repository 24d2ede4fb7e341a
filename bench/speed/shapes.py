"""What the upstream answers, byte by byte, in each shape, and what a right answer to a caller holds."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["MODEL", "PROMPT_TOKENS", "SHAPES", "Shape", "fault", "parts", "question"]

MODEL = "gpt-4o-mini"
"""Peers look the price of a model up by its name; this one all of them know."""
PROMPT_TOKENS = 20
ANSWER_ID, CREATED = "chatcmpl-bench", 1_700_000_000

_CONTENT = re.compile(rb'"content": ?"([^"\\]*)"')
_PROMPT = re.compile(rb'"prompt_tokens": ?(\d+)')
_COMPLETION = re.compile(rb'"completion_tokens": ?(\d+)')
_END = b"data: [DONE]"


@dataclass(frozen=True)
class Shape:
    """One kind of answer: so many pieces of text, a token each.

    A stream has an event for each piece, one every `gap` seconds, or all in one burst where that is 0.
    """

    name: str
    pieces: int
    stream: bool
    gap: float = 0.0

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(_piece(number) for number in range(self.pieces))


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("plain", 100, stream=False),
        Shape("burst", 100, stream=True),
        Shape("paced", 50, stream=True, gap=0.02),
        Shape("slow", 15, stream=True, gap=1.0),
    )
}


def question(shape: Shape, model: str) -> bytes:
    """Return the body that asks a model for an answer of this shape."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": "You count."},
            {"role": "user", "content": f"Count from zero to {shape.pieces}."},
        ],
        "max_tokens": 256,
        "temperature": 0,
    }
    if shape.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body).encode()


def parts(shape: Shape) -> list[bytes]:
    """Return what the upstream writes: the first part at once, each other one `gap` seconds after the one before."""
    if not shape.stream:
        body = _packed(_whole(shape))
        return [_head(b"application/json", b"Content-Length: %d" % len(body)) + body]
    written = [b"".join(_chunk(event) for event in moment) for moment in _moments(shape)]
    written[0] = _head(b"text/event-stream", b"Transfer-Encoding: chunked") + written[0]
    written[-1] += b"0\r\n\r\n"
    return written if shape.gap else [b"".join(written)]


def fault(shape: Shape, status: int, body: bytes) -> str:
    """Return what is wrong with an answer that a caller got; empty if it is whole and right."""
    if status != 200:
        return f"status {status}"
    if b"".join(_CONTENT.findall(body)) != shape.text.encode():
        return "other text"
    if _last(_PROMPT, body) != PROMPT_TOKENS or _last(_COMPLETION, body) != shape.pieces:
        return "other usage"
    return "no end mark" if shape.stream and _END not in body else ""


def _moments(shape: Shape) -> Iterator[list[bytes]]:
    """Give the events of each moment: one for each piece, then the reason of the end, the usage and the end mark."""
    for number in range(shape.pieces):
        delta = {"content": _piece(number)}
        yield [_event(_choice(delta if number else {"role": "assistant", **delta}, None))]
    usage = {"choices": [], "usage": _usage(shape)}
    yield [_event(_choice({}, "stop")), _event(usage), _END + b"\n\n"]


def _whole(shape: Shape) -> dict[str, Any]:
    message = {"role": "assistant", "content": shape.text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    named = {"id": ANSWER_ID, "object": "chat.completion", "created": CREATED, "model": MODEL}
    return {**named, "choices": [choice], "usage": _usage(shape)}


def _choice(delta: dict[str, str], finish_reason: str | None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


def _usage(shape: Shape) -> dict[str, int]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": shape.pieces,
        "total_tokens": PROMPT_TOKENS + shape.pieces,
    }


def _event(fields: dict[str, Any]) -> bytes:
    named = {"id": ANSWER_ID, "object": "chat.completion.chunk", "created": CREATED, "model": MODEL}
    return b"data: " + _packed({**named, **fields}) + b"\n\n"


def _chunk(event: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(event), event)


def _head(kind: bytes, framing: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\n" + framing + b"\r\n\r\n"


def _packed(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _piece(number: int) -> str:
    return f" {number}"


def _last(sought: re.Pattern[bytes], body: bytes) -> int | None:
    found = sought.findall(body)
    return int(found[-1]) if found else None
