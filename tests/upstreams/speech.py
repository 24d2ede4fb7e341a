"""What the faulty provider says when it speaks well: one answer, whole and as a stream, and its parts."""

import json
from typing import Any

from tests.fakes.scripted import DONE, Answer, answer, event, stream

from .upstream import Call

__all__ = [
    "BEGUN",
    "CANARY",
    "END",
    "PIECES",
    "TEXT",
    "TOLD",
    "USAGE",
    "delta",
    "error",
    "healthy",
    "lf",
    "told",
    "whole",
]

# Stands in everything that is the provider's own business: where a caller sees it, something leaked.
CANARY = "canary"
PIECES = ("The ", "toll — ", "通行料 ", "🚗 ", "naïve.")
TEXT = "".join(PIECES)
USAGE = {"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29}


def delta(content: str | None = None, **choice: Any) -> dict[str, Any]:
    """Return an event of a stream."""
    return {
        "id": f"{CANARY}-id",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": f"{CANARY}-model",
        "choices": [
            {"index": 0, "delta": {} if content is None else {"content": content}, "finish_reason": None}
            | choice
        ],
    }


END = delta(finish_reason="stop")
TOLD = {**delta(), "choices": [], "usage": USAGE}
BEGUN = tuple(event(delta(piece)) for piece in PIECES[:3])


def whole(**changes: Any) -> dict[str, Any]:
    """Return a whole answer, changed at the top."""
    message = {"role": "assistant", "content": TEXT}
    return {
        "id": f"{CANARY}-id",
        "object": "chat.completion",
        "created": 1,
        "model": f"{CANARY}-model",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": USAGE,
        **changes,
    }


def told() -> list[bytes]:
    """Return the events of the whole stream, with its marker."""
    pieces = [json.dumps(delta(piece), ensure_ascii=False).encode() for piece in PIECES]
    return [*(b"data: %b\n\n" % piece for piece in pieces), event(END), event(TOLD), DONE]


def lf() -> bytes:
    """Return the whole stream as one text."""
    return b"".join(told())


def healthy(call: Call) -> Answer:
    """Answer well, as was asked."""
    return stream(*told()) if call.stream else answer(whole())


def error(message: str = "it", **changes: Any) -> dict[str, Any]:
    """Return an error in OpenAI's envelope, full of what no caller may see."""
    return {"error": {"message": f"{CANARY}: {message}", "type": CANARY, "code": CANARY, **changes}}
