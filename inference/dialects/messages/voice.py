"""How the stream of a chat is told as the stream of a message: one block after another, never two at once."""

import time
from collections.abc import Collection
from typing import Any
from uuid import UUID

import orjson

from catalog.pricing import Counts
from kernel import money

from ... import marks
from ...errors import Failure, anthropic_envelope
from ...meter import prompt_told
from .. import Told
from . import answering, signing
from .calls import Call, Calls

__all__ = ["PING", "MessagesVoice"]

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
# What is held back may take a while; a ping tells meanwhile that it goes on.
SILENT_SECONDS = 5.0


class MessagesVoice:
    """Writes thinking, text and calls as they come, one block at a time.

    Upstreams may send several calls at once, in pieces and with names in pieces. The first of them is written as it
    comes; the others wait until it is whole, and so does what is said meanwhile.
    """

    steady = False
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
        self._calls = Calls()
        self._held: list[tuple[str, str]] = []
        self._signature = ""
        self._thought: Any = None
        self._called = False
        self._last: dict[str, Any] = {}
        self._spoke_at = time.monotonic()

    def event(self, data: bytes, event: dict[str, Any]) -> bytes:
        """Return the frames that a chat event becomes; those of other choices than the first become nothing."""
        self._begin(event.get("usage"))
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index") in (0, None):
                self._choice(choice)
        silent = self._calls.waiting and not self._frames
        if silent and time.monotonic() - self._spoke_at >= SILENT_SECONDS:
            self._frames.append(PING)
        return self._said()

    def end(self, told: Told) -> bytes:
        """Return what is still open, why the message stopped, and all that it used."""
        self._begin()
        self._tell_calls(over=True)
        self._close()
        self._sum_up(told, *answering.ending(self._last, calls=self._called, stops=self._stops))
        self._say("message_stop")
        return self._said()

    def killed(self, told: Told | None = None) -> bytes:
        """Return the end with all that it used and no reason, as none is true; a call under way is not told to be over."""
        self._begin()
        self._leave()
        if told is not None:
            self._sum_up(told, None, None)
        self._say("message_stop")
        return self._said()

    def broken(self, failure: Failure, told: Told | None = None) -> bytes:
        """Return all that it used, if it had begun, then one error event and no end."""
        if told is not None and self._begun:
            self._leave()
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
            self._think(delta)
            self._speak("text", answering.text_of(delta))
            calls = delta.get("tool_calls")
            for given in calls if isinstance(calls, list) else ():
                if isinstance(given, dict):
                    self._calls.add(given)
                    self._tell_calls(over=False)
        if choice.get("finish_reason"):
            self._last = choice
            self._tell_calls(over=True)

    def _think(self, delta: dict[str, Any]) -> None:
        """Write the thinking in a delta; where an upstream signs it, each of its blocks is told apart."""
        details = marks.details_in(delta)
        own = [detail for detail in details if signing.is_own(detail)]
        if not own:
            self._speak("thinking", answering.thought_of(delta))
        for detail in details:
            if data := signing.redacted(detail):
                self._speak("redacted_thinking", data)
            elif detail in own and not self._calling:
                self._go_on_with(detail.get("index"))
                self._speak("thinking", text if isinstance(text := detail.get("text"), str) else "")
                self._signature += signing.signature_of(detail)

    def _go_on_with(self, thought: Any) -> None:
        """Have the block of thinking of this number open, although nothing may be said in it."""
        if self._open != "thinking" or self._thought != thought:
            self._start({"type": "thinking", "thinking": "", "signature": ""})
            self._thought = thought

    def _tell_calls(self, *, over: bool) -> None:
        """Write what can be told of the calls, and what waited for the end of one."""
        for number, call, ended in self._calls.telling(over=over):
            self._tell(call, number, ended=ended)
        if not self._calling:
            held, self._held = self._held, []
            for kind, words in held:
                self._speak(kind, words)

    def _tell(self, call: Call, number: int, *, ended: bool) -> None:
        if not call.begun and call.name and (ended or call.tellable):
            call.begun = self._called = True
            self._start(call.block({}, request_id=self._request_id, number=number))
        if call.begun and (piece := call.fresh(ended=ended) if call.tellable else call.input()):
            self._delta("input_json_delta", partial_json=piece)
        if call.begun and ended:
            self._close()

    @property
    def _calling(self) -> bool:
        return self._open == "tool_use"

    def _speak(self, kind: str, words: str) -> None:
        """Write words of a kind of block, behind the call under way if there is one."""
        if not words:
            return
        if self._calling:
            self._held.append((kind, words))
        elif kind == "redacted_thinking":
            self._start({"type": kind, "data": words})
            self._close()
        else:
            if self._open != kind:
                self._start({"type": kind, kind: "", **({"signature": ""} if kind == "thinking" else {})})
            self._delta(f"{kind}_delta", **{kind: words})

    def _begin(self, told: Any = None) -> None:
        if not self._begun:
            self._begun = True
            # Clients look for how the cache was written here and nowhere else.
            counts = prompt_told(told) if isinstance(told, dict) else None
            used = answering.usage(counts or Counts(input=self._input_tokens))
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
            self._delta("signature_delta", signature=self._signature or signing.UNSIGNED)
            self._signature, self._thought = "", None
        if self._open:
            self._say("content_block_stop", index=self._index)
        self._open = ""

    def _leave(self) -> None:
        # Clients that run tools as their calls are over must not run half a one.
        if not self._calling:
            self._close()

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
