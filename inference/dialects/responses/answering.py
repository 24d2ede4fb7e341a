"""The response object: the answer of a chat as Responses tells it."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from kernel import money

from .. import Told
from .asking import ResponsesAsk
from .output import Output

__all__ = ["Shell", "incomplete_details", "usage_of", "whole"]

_CUT = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Shell:
    """A response without its output: what is the same from its beginning to its end. Times are Unix seconds."""

    def __init__(self, ask: ResponsesAsk, request_id: UUID, model: str) -> None:
        # Instructions and tools may be long and stand in several events of a stream: they are written once.
        self._fixed = {
            "id": f"resp_{request_id.hex}",
            "object": "response",
            "created_at": int(time.time()),
            "model": model,
            **{name: orjson.Fragment(orjson.dumps(value)) for name, value in ask.echo.items()},
        }

    def filled(
        self,
        status: str,
        output: list[dict[str, Any]],
        *,
        usage: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
        incomplete: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the response."""
        return {
            **self._fixed,
            "status": status,
            "completed_at": int(time.time()) if status == "completed" else None,
            "error": error,
            "incomplete_details": incomplete,
            "output": output,
            "usage": usage,
        }


def incomplete_details(finish: str) -> dict[str, Any] | None:
    """Return why an answer with this finish reason is not whole, None if it is."""
    return {"reason": _CUT[finish]} if finish in _CUT else None


def usage_of(told: Told) -> dict[str, Any]:
    """Return the usage that was booked, with its cost in USD."""
    counts = told.reading.counts
    return {
        "input_tokens": counts.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": counts.cached,
            "cache_write_tokens": counts.cache_write + counts.cache_write_1h,
        },
        "output_tokens": counts.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning},
        "total_tokens": counts.prompt_tokens + counts.completion_tokens,
        "cost": told.cost / money.NANO_PER_USD,
    }


def whole(ask: ResponsesAsk, answer: Mapping[str, Any], told: Told) -> bytes:
    """Return the body for an answer that came in one piece."""
    choice = answer["choices"][0]
    finish = choice.get("finish_reason")
    incomplete = incomplete_details(finish) if isinstance(finish, str) else None
    output = Output(told.request_id.hex, ask.toolbox, sealing=ask.sealing)
    message = choice.get("message")
    if isinstance(message, dict):
        output.add(message, choice.get("logprobs"))
    output.close(cut=incomplete is not None)
    shell = Shell(ask, told.request_id, told.model)
    status = "completed" if incomplete is None else "incomplete"
    return orjson.dumps(shell.filled(status, output.items, usage=usage_of(told), incomplete=incomplete))
