"""How the stream of a chat is told by the hub: an object for each piece of text, one for each whole call."""

import time
from typing import Any
from uuid import UUID

import orjson

from ... import sse
from ...errors import Failure
from .. import Told
from ..chat import KEEP_ALIVE
from ..messages.answering import text_of
from ..messages.calls import Calls
from . import answering
from .talk import Talk

__all__ = ["HubVoice"]

# What a model thinks is no part of what it says, and a call is told once it is whole.
SILENT_SECONDS = 10.0


class HubVoice:
    """Writes text as it comes and calls when they are whole; what is thought is not told."""

    steady = False
    keep_alive = KEEP_ALIVE

    def __init__(self, talk: Talk, request_id: UUID, model: str, *, per_usd: int) -> None:
        """`per_usd` is how many credits are one USD."""
        self._talk = talk
        self._request_id = request_id
        self._model = model
        self._per_usd = per_usd
        self._calls = Calls()
        self._text: list[str] = []
        self._called: list[dict[str, Any]] = []
        self._frames: list[bytes] = []
        self._spoke_at = time.monotonic()

    def event(self, data: bytes, event: dict[str, Any]) -> bytes:
        """Return the objects that a chat event becomes; those of other choices than the first become nothing."""
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index") in (0, None):
                self._choice(choice)
        if not self._frames and time.monotonic() - self._spoke_at >= SILENT_SECONDS:
            self._frames.append(KEEP_ALIVE)
        return self._said()

    def end(self, told: Told) -> bytes:
        """Return the calls that are still to be told, and the end with what it cost."""
        self._tell_calls(over=True)
        self._talk.answered("".join(self._text), self._called)
        return self._done(told)

    def killed(self, told: Told | None = None) -> bytes:
        """Return the end with what it cost; a call that is not whole is not told."""
        return self._done(told)

    def broken(self, failure: Failure, told: Told | None = None) -> bytes:
        """Return one error, and no end."""
        self._say("error", message=failure.message)
        return self._said()

    def _choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta")
        if isinstance(delta, dict):
            if text := text_of(delta):
                self._text.append(text)
                self._say("chunk", content=text)
            calls = delta.get("tool_calls")
            for given in calls if isinstance(calls, list) else ():
                if isinstance(given, dict):
                    self._calls.add(given)
        self._tell_calls(over=bool(choice.get("finish_reason")))

    def _tell_calls(self, *, over: bool) -> None:
        for number, call, ended in self._calls.telling(over=over):
            if ended and call.name:
                block = answering.block(call, self._request_id, number)
                self._called.append(block)
                self._frames.append(sse.frame(orjson.dumps(block)))

    def _done(self, told: Told | None) -> bytes:
        if told is None:
            self._say("done", model=self._model, session_id=self._talk.name or None, credits_used=0)
        else:
            self._say("done", **answering.closing(told, self._talk.name, self._per_usd))
        return self._said()

    def _say(self, kind: str, **fields: Any) -> None:
        self._frames.append(sse.frame(orjson.dumps({"type": kind, **fields})))

    def _said(self) -> bytes:
        if not self._frames:
            return b""
        self._spoke_at = time.monotonic()
        said = b"".join(self._frames)
        self._frames.clear()
        return said
