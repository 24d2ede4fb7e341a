"""How an answer is told by the hub: its text, its calls of tools, and what it cost in credits; pure."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from kernel import money

from .. import Told
from ..messages.answering import text_of
from ..messages.calls import Call

__all__ = ["block", "closing", "credits_of", "said"]


def said(answer: Mapping[str, Any], request_id: UUID) -> tuple[str, list[dict[str, Any]]]:
    """Return the text of a whole answer and its calls as blocks."""
    body = answer["choices"][0].get("message")
    if not isinstance(body, dict):
        return "", []
    listed = body.get("tool_calls")
    calls = []
    for number, given in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(given, dict):
            call = Call()
            call.add(given)
            if call.name:
                calls.append(block(call, request_id, number))
    return text_of(body), calls


def block(call: Call, request_id: UUID, number: int) -> dict[str, Any]:
    """Return a whole call as the block that stands for it; its input goes out as it came, so that no number is rounded."""
    # Between the tokens of JSON a line may end, within an event none may.
    text = call.input().replace("\n", "").replace("\r", "")
    return call.block(orjson.Fragment(text), request_id=request_id, number=number)


def closing(told: Told, session: str, per_usd: int) -> dict[str, Any]:
    """Return what ends every answer: who answered, in which session, for how much."""
    return {
        "model": told.model,
        "session_id": session or None,
        "credits_used": orjson.Fragment(credits_of(told.cost, per_usd)),
    }


def credits_of(nano: int, per_usd: int) -> str:
    """Return nano-USD as credits, of which there are so many in a USD: a plain decimal, exact to the nano."""
    text = money.show(nano * per_usd)
    return text.rstrip("0").rstrip(".")
