"""How the stream of a chat is told as the stream of a message: one block after another, never two at once."""

import time
from collections.abc import Collection
from typing import Any
from uuid import UUID

import orjson

from catalog.pricing import Counts
from kernel import money

from ...errors import Failure, anthropic_envelope
from .. import Told
from . import answering
from .answering import Call

__all__ = ["PING", "MessagesVoice"]

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
# A call is held back until it is whole, which may take a while; a ping tells meanwhile that it goes on.
SILENT_SECONDS = 5.0


class MessagesVoice:
    """Writes thinking and text as they come, and each call of a tool once it is known to be whole.

    Upstreams may send several calls at once, in pieces and with names in pieces; Anthropic's blocks follow each
    other. So calls wait for the end, or for the next call where the one before it is a whole JSON object by then.
    """

    keep_alive = PING

    def __init__(self, request_id: UUID, model: str, *, input_tokens: int, stops: Collection[str]) -> None:
        """`input_tokens` is our own count of the prompt: what the first event tells until the usage is known."""
        self._request_id = request_id
        self._model = model
        self._input_tokens = input_tokens
        self._stops = stops
        self._frames: list[bytes] = []
        self._begun = False
        self._index = -1
        self._open = ""
        self._calls: dict[int | str, Call] = {}
        self._written = 0
        self._called = False
        self._last: dict[str, Any] = {}
        self._spoke_at = time.monotonic()

    def event(self, data: bytes, event: dict[str, Any]) -> bytes:
        """Return the frames that a chat event becomes; those of other choices than the first become nothing."""
        self._begin()
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index") in (0, None):
                self._choice(choice)
        held_back = self._written < len(self._calls)
        if held_back and not self._frames and time.monotonic() - self._spoke_at >= SILENT_SECONDS:
            self._frames.append(PING)
        return self._said()

    def end(self, told: Told) -> bytes:
        """Return what is still open, why the message stopped, and all that it used."""
        self._begin()
        self._write_calls(over=True)
        self._close()
        self._sum_up(told, *answering.ending(self._last, calls=self._called, stops=self._stops))
        self._say("message_stop")
        return self._said()

    def killed(self, told: Told | None = None) -> bytes:
        """Return the end with all that it used and no reason, as none is true; a call that is not whole is left out."""
        self._begin()
        self._close()
        if told is not None:
            self._sum_up(told, None, None)
        self._say("message_stop")
        return self._said()

    def broken(self, failure: Failure, told: Told | None = None) -> bytes:
        """Return all that it used, if it had begun, then one error event and no end."""
        if told is not None and self._begun:
            self._close()
            self._sum_up(told, None, None)
        error = b"event: error\ndata: " + anthropic_envelope(failure, str(self._request_id)) + b"\n\n"
        return self._said() + error

    def _sum_up(self, told: Told, reason: str | None, sequence: str | None) -> None:
        self._say(
            "message_delta",
            delta={"stop_reason": reason, "stop_sequence": sequence},
            usage=answering.usage(told.reading.counts),
            credits_charged=told.cost / money.NANO_PER_USD,
        )

    def _choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._piece("thinking", "thinking_delta", answering.thought_of(delta))
            self._piece("text", "text_delta", answering.text_of(delta))
            calls = delta.get("tool_calls")
            for given in calls if isinstance(calls, list) else ():
                if isinstance(given, dict):
                    self._call(given)
        if choice.get("finish_reason"):
            self._last = choice
            self._write_calls(over=True)

    def _call(self, given: dict[str, Any]) -> None:
        key = next((key for name in ("index", "id") if isinstance(key := given.get(name), int | str)), "")
        if key == "" and self._calls:
            key = next(reversed(self._calls))
        if key not in self._calls:
            self._write_calls(over=False)
            self._calls[key] = Call()
        self._calls[key].add(given)

    def _write_calls(self, *, over: bool) -> None:
        """Write the calls that wait; unless all is over only as far as they are whole."""
        for number, call in enumerate(list(self._calls.values())[self._written :], self._written):
            if not (over or call.complete):
                return
            self._written += 1
            if call.name:
                self._called = True
                self._start(call.block({}, request_id=self._request_id, number=number))
                self._delta("input_json_delta", partial_json=call.input())
                self._close()

    def _piece(self, block: str, kind: str, text: str) -> None:
        if not text:
            return
        if self._open != block:
            self._start({"type": block, block: "", **({"signature": ""} if block == "thinking" else {})})
        self._delta(kind, **{block: text})

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            used = answering.usage(Counts(input=self._input_tokens))
            self._say("message_start", message=answering.opening(self._request_id, self._model, used))
            self._frames.append(PING)

    def _start(self, block: dict[str, Any]) -> None:
        self._close()
        self._index += 1
        self._open = block["type"]
        self._say("content_block_start", index=self._index, content_block=block)

    def _delta(self, kind: str, **fields: Any) -> None:
        self._say("content_block_delta", index=self._index, delta={"type": kind, **fields})

    def _close(self) -> None:
        if self._open == "thinking":
            self._delta("signature_delta", signature=answering.SIGNATURE)
        if self._open:
            self._say("content_block_stop", index=self._index)
        self._open = ""

    def _say(self, kind: str, **fields: Any) -> None:
        self._frames.append(
            b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **fields}))
        )

    def _said(self) -> bytes:
        if not self._frames:
            return b""
        self._spoke_at = time.monotonic()
        said = b"".join(self._frames)
        self._frames.clear()
        return said
