"""OpenAI's chat completions: the form that upstreams speak, so nearly all bytes pass as they are."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from kernel import money

from .. import sse
from ..ask import ChatAsk, read_chat
from ..errors import Failure, envelope
from ..meter import Tally, read, usage_object
from ..splice import Rewriter
from . import Measured, Told

__all__ = ["CHAT", "DONE", "KEEP_ALIVE", "Chat", "ChatVoice", "usage_of"]

DONE = sse.frame(sse.DONE)
KEEP_ALIVE = b": keep-alive\n\n"


class ChatVoice:
    """Changes id, model and a missing first role of each event, and nothing else."""

    steady = True
    keep_alive = KEEP_ALIVE

    def __init__(self, ask: ChatAsk, request_id: UUID, model: str) -> None:
        self._include_usage = ask.include_usage
        self._id = f"chatcmpl-{request_id.hex}"
        self._model = model
        self._rewriter = Rewriter(answer_id=self._id, model=model)
        self._usage_chunk: bytes | None = None

    def event(self, data: bytes, event: dict[str, Any]) -> bytes:
        """Return the event with our values in it."""
        if b"\n" in data:
            data = data.replace(b"\n", b"")  # between JSON tokens only: within strings it cannot stand bare
        text = sse.frame(self._rewriter.apply(data, event))
        if event.get("choices"):
            return text
        # An event without choices crashes loops that read choices[0]: only who asked for usage gets it, at the end.
        if isinstance(event.get("usage"), dict):
            self._usage_chunk = text
            return b""
        return text if self._include_usage else b""

    def end(self, told: Told) -> bytes:
        """Return the usage for who asked for it, and the end marker."""
        return self._usage(told) + DONE

    def killed(self, told: Told | None = None) -> bytes:
        """Return the usage for who asked for it, and the end marker."""
        return self._usage(told) + DONE

    def broken(self, failure: Failure, told: Told | None = None) -> bytes:
        """Return the usage for who asked for it, one error event, and no end marker."""
        return self._usage(told) + sse.frame(envelope(failure))

    def _usage(self, told: Told | None) -> bytes:
        if told is None or not self._include_usage:
            return b""
        if self._usage_chunk is not None and told.reading.source == "upstream":
            return self._usage_chunk
        return sse.frame(
            orjson.dumps(
                {
                    "id": self._id,
                    "object": "chat.completion.chunk",
                    "created": int(time.time()),
                    "model": self._model,
                    "choices": [],
                    "usage": usage_object(told.reading.counts),
                }
            )
        )


class Chat:
    """The dialect of /chat/completions."""

    name = "openai"
    capability = "chat"
    path = "/chat/completions"

    def read(self, raw: bytes) -> ChatAsk:
        """Read the body of a chat completion. Raises Failure."""
        return read_chat(raw)

    def accepts(self, ask: ChatAsk, answer: Mapping[str, Any]) -> bool:
        """Tell whether there are choices in it."""
        choices = answer.get("choices")
        return isinstance(choices, list) and bool(choices) and all(isinstance(each, dict) for each in choices)

    def measure(self, ask: ChatAsk, answer: Mapping[str, Any], *, output_bound: int) -> Measured:
        """Return what the answer used: the upstream's figures where they are possible, else our count."""
        tally = Tally(choices=ask.n)
        tally.whole(answer)
        reading = read(
            tally, prompt=ask.prompt_text, prompt_bound=ask.prompt_bound, output_bound=output_bound
        )
        return Measured(
            reading, tally.finish, empty=reading.counts.completion_tokens == 0 and tally.bytes == 0
        )

    def whole(self, ask: ChatAsk, answer: dict[str, Any], told: Told) -> bytes:
        """Return the upstream's object with our id, model, provider, time and cost."""
        answer["id"] = f"chatcmpl-{told.request_id.hex}"
        answer["model"] = told.model
        answer["provider"] = told.provider
        answer["latency_ms"] = told.milliseconds
        answer["usage"] = usage_of(answer, told)
        return orjson.dumps(answer)

    def voice(self, ask: ChatAsk, request_id: UUID, model: str) -> ChatVoice:
        """Return what writes a stream."""
        return ChatVoice(ask, request_id, model)


def usage_of(answer: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """Return the usage object of an answer with its cost in USD: the upstream's own if it was believed, else ours."""
    given = answer.get("usage")
    if not isinstance(given, dict) or told.reading.source != "upstream":
        given = usage_object(told.reading.counts)
    return {**given, "cost": told.cost / money.NANO_PER_USD}


CHAT = Chat()
