"""A stream of Gemini's, event by event, as the events of a chat."""

import time
from collections.abc import Mapping
from typing import Any

import orjson

from ... import sse
from .answering import blocked, index_of, nonce_of
from .candidates import Candidate, objects
from .usage import prompt_usage, usage

__all__ = ["Reading"]

# What the upstream said of it is not for the caller.
_FAILED = orjson.dumps({"error": {"message": "The upstream failed.", "type": "server_error"}})
_UNREADABLE = b"unreadable"


class Reading:
    """Reads one stream. It has no end marker: it is over when each candidate has told why it ended."""

    def __init__(self) -> None:
        self._created = int(time.time())
        self._nonce = ""
        self._model = ""
        self._candidates: dict[int, Candidate] = {}
        self._prompt_told = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the chat events that an event becomes; what is no JSON object comes back as it is."""
        try:
            said = orjson.loads(data)
        except orjson.JSONDecodeError:
            return [data]
        if isinstance(said, list) and said:  # errors come as a list of one at some of the doors
            said = said[0]
        if not isinstance(said, dict):
            return [data]
        if said.get("error"):
            return [_FAILED]
        try:
            return self._events(said)
        except orjson.JSONEncodeError:  # nested deeper than can be written
            return [_UNREADABLE]

    def _events(self, said: Mapping[str, Any]) -> list[bytes]:
        if not self._nonce:
            self._nonce, self._model = nonce_of(said), str(said.get("modelVersion", ""))
        told = objects(said.get("candidates"))
        if not told and not self._candidates and blocked(said):
            return [*self._blocked(said), sse.DONE]
        choices = [choice for n, each in enumerate(told) if (choice := self._choice(each, n))]
        events = [self._chunk(choices)] if choices else []
        # A count stands in every event. What came out grows, and counts at the end; what went in is known from the
        # first, and is told then, lest a stream that breaks off be charged by a guess.
        if self._candidates and all(each.finish for each in self._candidates.values()):
            events += self._usage(usage(said.get("usageMetadata")))
        elif events and not self._prompt_told:
            told_now = self._usage(prompt_usage(said.get("usageMetadata")))
            self._prompt_told = bool(told_now)
            events += told_now
        return events

    def _choice(self, told: Mapping[str, Any], place: int) -> dict[str, Any] | None:
        index = index_of(told, place)
        candidate = self._candidates.get(index)
        if candidate is None:
            candidate = self._candidates[index] = Candidate(index, nonce=self._nonce)
        had = candidate.finish
        delta = candidate.gains(told)
        if not delta and (candidate.finish is None or had):
            return None
        return candidate.choice(told, "delta", delta)

    def _blocked(self, said: Mapping[str, Any]) -> list[bytes]:
        silent = {"index": 0, "delta": {"role": "assistant"}, "finish_reason": "content_filter"}
        return [self._chunk([silent]), *self._usage(usage(said.get("usageMetadata")))]

    def _usage(self, counted: dict[str, Any] | None) -> list[bytes]:
        return [self._chunk([], usage=counted)] if counted else []

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return orjson.dumps(
            {
                "id": self._nonce,
                "object": "chat.completion.chunk",
                "created": self._created,
                "model": self._model,
                "choices": choices,
                **more,
            }
        )
