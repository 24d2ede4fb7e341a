"""How the stream of a message is read as the stream of a chat."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ... import sse
from . import answering

__all__ = ["MessageReader"]

# No word of the upstream's goes on: whoever reads this only asks whether it is an error.
_FAILED = orjson.dumps({"error": {"type": "upstream_error"}})
_CHUNK = "chat.completion.chunk"

Delta = dict[str, Any]


class _Call:
    """A call of a tool: its number among the calls, and whether any of its input came."""

    __slots__ = ("given", "number", "said")

    def __init__(self, number: int, given: Any) -> None:
        self.number = number
        self.given = given
        self.said = False


class MessageReader:
    """Reads one stream. Nothing is told before the answer begins, so that an error until then can still be mended.

    Why it ended is told only at its end: what stops before that was cut off, however much came.
    """

    def __init__(self) -> None:
        self._head: dict[str, Any] = answering.opening({}, _CHUNK)
        self._usage: dict[str, Any] = {}
        self._usage_told = True
        self._ending: dict[str, Any] = {}
        self._spoke = False
        self._thoughts: dict[int, int] = {}
        self._calls: dict[int, _Call] = {}
        self._readers: Mapping[str, Callable[[dict[str, Any]], list[bytes]]] = {
            "message_start": self._start,
            "content_block_start": self._block,
            "content_block_delta": self._delta,
            "content_block_stop": self._stop,
            "message_delta": self._change,
            "message_stop": self._end,
            "error": self._failed,
        }

    def feed(self, data: bytes) -> list[bytes]:
        """Return the chat events that an event becomes; what is no JSON object comes back as it is."""
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            return [data]
        if not isinstance(event, dict):
            return [data]
        kind = event.get("type")
        reader = self._readers.get(kind) if isinstance(kind, str) else None
        if reader is None:
            return self._failed(event) if event.get("error") else []
        return reader(event)

    def _start(self, event: dict[str, Any]) -> list[bytes]:
        message = event.get("message")
        if isinstance(message, dict):
            self._head = answering.opening(message, _CHUNK)
            used = message.get("usage")
            if isinstance(used, dict):
                # The output is not known before the end: the figure that stands here is of its first piece.
                self._usage = {name: value for name, value in used.items() if not name.startswith("output")}
                self._usage_told = False
        return []

    def _block(self, event: dict[str, Any]) -> list[bytes]:
        block, place = event.get("content_block"), _place(event)
        if not isinstance(block, dict):
            return []
        kind = block.get("type")
        if kind == "text":
            return self._text(block.get("text"))
        if kind in ("thinking", "redacted_thinking"):
            index = self._thoughts[place] = len(self._thoughts)
            detail = answering.detail_of(block, place=place, index=index)
            text = detail.get("text")
            return self._say({**({"reasoning_content": text} if text else {}), "reasoning_details": [detail]})
        if kind == "tool_use":
            return self._begin_call(block, place)
        return []

    def _begin_call(self, block: dict[str, Any], place: int) -> list[bytes]:
        call = self._calls[place] = _Call(len(self._calls), block.get("input"))
        names = {name: value if isinstance(value := block.get(name), str) else "" for name in ("id", "name")}
        function = {"name": names["name"], "arguments": ""}
        told = {"index": call.number, "id": names["id"], "type": "function", "function": function}
        return self._say({"tool_calls": [told]})

    def _delta(self, event: dict[str, Any]) -> list[bytes]:
        delta, place = event.get("delta"), _place(event)
        if not isinstance(delta, dict):
            return []
        kind = delta.get("type")
        if kind == "text_delta":
            return self._text(delta.get("text"))
        if kind == "input_json_delta" and place in self._calls:
            return self._input(self._calls[place], delta.get("partial_json"))
        if place not in self._thoughts:
            return []
        piece = {"type": "reasoning.text", "index": self._thoughts[place]}
        text, signature = delta.get("thinking"), delta.get("signature")
        if kind == "thinking_delta" and isinstance(text, str) and text:
            return self._say({"reasoning_content": text, "reasoning_details": [{**piece, "text": text}]})
        if kind == "signature_delta" and isinstance(signature, str) and signature:
            return self._say({"reasoning_details": [{**piece, "signature": signature}]})
        return []

    def _stop(self, event: dict[str, Any]) -> list[bytes]:
        call = self._calls.get(_place(event))
        if call is None or call.said:
            return []
        # What has no input says so at its beginning, and some servers say there all of it.
        given = call.given if isinstance(call.given, dict) else {}
        return self._input(call, orjson.dumps(given).decode())

    def _change(self, event: dict[str, Any]) -> list[bytes]:
        told, used = event.get("delta"), event.get("usage")
        if isinstance(told, dict):
            self._ending |= {name: value for name, value in told.items() if value is not None}
        if isinstance(used, dict):
            # Its figures are sums so far; what it leaves out is as the beginning said.
            self._usage |= {name: value for name, value in used.items() if value is not None}
            self._usage_told = False
        return self._used()

    def _end(self, event: dict[str, Any]) -> list[bytes]:
        return [*self._chunk({}, **answering.choice_end(self._ending)), *self._used(), sse.DONE]

    def _failed(self, event: dict[str, Any]) -> list[bytes]:
        return [_FAILED]

    def _text(self, text: Any) -> list[bytes]:
        return self._say({"content": text}) if isinstance(text, str) and text else []

    def _input(self, call: _Call, text: Any) -> list[bytes]:
        if not isinstance(text, str) or not text:
            return []
        call.said = True
        return self._say({"tool_calls": [{"index": call.number, "function": {"arguments": text}}]})

    def _say(self, delta: Delta) -> list[bytes]:
        return [*self._used(), *self._chunk(delta, finish_reason=None)]

    def _used(self) -> list[bytes]:
        if self._usage_told:
            return []
        self._usage_told = True
        return [orjson.dumps({**self._head, "choices": [], "usage": answering.usage_of(self._usage)})]

    def _chunk(self, delta: Delta, **choice: Any) -> list[bytes]:
        if not self._spoke:
            self._spoke = True
            delta = {"role": "assistant", **delta}
        return [orjson.dumps({**self._head, "choices": [{"index": 0, "delta": delta, **choice}]})]


def _place(event: Mapping[str, Any]) -> int:
    place = event.get("index")
    return place if type(place) is int else -1
