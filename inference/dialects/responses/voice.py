"""A response as a stream: events of a chat come in, events of Responses go out, numbered from 0."""

from typing import Any
from uuid import UUID

import orjson

from ... import sse
from ...errors import Failure, envelope
from .. import Told
from .answering import Shell, incomplete_details, usage_of
from .asking import ResponsesAsk
from .events import Event
from .output import Output

__all__ = ["ResponsesVoice"]

KILLED = "killed"


class ResponsesVoice:
    """Writes the events of one response; the first chat event begins it, and its end tells the usage."""

    steady = False
    keep_alive = b": keep-alive\n\n"

    def __init__(self, ask: ResponsesAsk, request_id: UUID, model: str) -> None:
        self._shell = Shell(ask, request_id, model)
        self._output = Output(request_id.hex, ask.toolbox, sealing=ask.sealing)
        self._finish = ""
        self._number = 0

    def event(self, data: bytes, event: dict[str, Any]) -> bytes:
        """Return the events that a chat event becomes; of several choices the first is told."""
        events = self._beginning()
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                reason, delta = choice.get("finish_reason"), choice.get("delta")
                if isinstance(reason, str) and reason:
                    self._finish = reason
                if isinstance(delta, dict):
                    events += self._output.add(delta, choice.get("logprobs"))
        return self._frames(events)

    def end(self, told: Told) -> bytes:
        """Return the ends of all items, and the whole response with its usage."""
        incomplete = incomplete_details(self._finish)
        events = [*self._beginning(), *self._output.close(cut=incomplete is not None)]
        status = "completed" if incomplete is None else "incomplete"
        response = self._shell.filled(status, self._output.items, usage=usage_of(told), incomplete=incomplete)
        return self._frames([*events, {"type": f"response.{status}", "response": response}])

    def killed(self, told: Told | None = None) -> bytes:
        """Return the response as far as it came, for a reason of our own, and the marker that ends killed streams.

        Items that were open are not told to be done, lest a client runs half a call.
        """
        self._output.close(cut=True)
        usage, reason = usage_of(told) if told else None, {"reason": KILLED}
        response = self._shell.filled("incomplete", self._output.items, usage=usage, incomplete=reason)
        events = [*self._beginning(), {"type": "response.incomplete", "response": response}]
        return self._frames(events) + sse.frame(sse.DONE)

    def broken(self, failure: Failure, told: Told | None = None) -> bytes:
        """Return an error event, at which OpenAI's SDKs raise, and the failed response, which Codex reads."""
        self._output.close(cut=True)
        error = orjson.loads(envelope(failure))["error"]
        plain = {name: error[name] for name in ("code", "message", "param")}
        response = self._shell.filled(
            "failed",
            self._output.items,
            usage=usage_of(told) if told else None,
            error={"code": "server_error", "message": failure.message},
        )
        return self._frames(
            [
                *self._beginning(),
                {"type": "error", **plain, "error": error},
                {"type": "response.failed", "response": response},
            ]
        )

    def _beginning(self) -> list[Event]:
        if self._number:
            return []
        response = self._shell.filled("in_progress", [])
        kinds = ("response.created", "response.in_progress")
        return [{"type": kind, "response": response} for kind in kinds]

    def _frames(self, events: list[Event]) -> bytes:
        frames: list[bytes] = []
        for event in events:
            data = orjson.dumps({**event, "sequence_number": self._number})
            frames.append(b"event: %b\n%b" % (event["type"].encode(), sse.frame(data)))
            self._number += 1
        return b"".join(frames)
