"""What a model says in an output item of its own: its reasoning, or a message of text and refusals."""

from collections.abc import Mapping
from typing import Any

from ...marks import Signed
from . import sealed
from .events import Event, Slot, Status

__all__ = ["Message", "Reasoning"]


class Reasoning(Slot):
    """A reasoning item. The text goes in its summary: that is the field which every client shows."""

    def __init__(self, index: int, item_id: str, *, sealing: bool) -> None:
        super().__init__(index, {"id": item_id, "type": "reasoning", "status": "in_progress", "summary": []})
        self._sealing = sealing
        self._pieces: list[str] = []
        self._signed = Signed()
        self._begun = False

    def write(self, text: str) -> list[Event]:
        """Add text."""
        events = self._begin()
        if not self._pieces:
            events.append(self._told("part.added", part={"type": "summary_text", "text": ""}))
        self._pieces.append(text)
        return [*events, self._told("text.delta", delta=text)]

    def sign(self, detail: Mapping[str, Any]) -> list[Event]:
        """Add an entry that the upstream signs, or a piece of one."""
        self._signed.add(detail)
        return self._begin()

    def close(self, status: Status) -> list[Event]:
        """End the item."""
        text = "".join(self._pieces)
        if self._sealing:
            self.item["encrypted_content"] = sealed.sealed(text, self._signed.entries)
        if not self._pieces:
            return [self.done(status)]  # it was thought in silence
        part = {"type": "summary_text", "text": text}
        self.item["summary"] = [part]
        return [self._told("text.done", text=text), self._told("part.done", part=part), self.done(status)]

    def _begin(self) -> list[Event]:
        if self._begun:
            return []
        self._begun = True
        return [self.added()]

    def _told(self, what: str, **fields: Any) -> Event:
        return self.event(f"reasoning_summary_{what}", summary_index=0, **fields)


class Message(Slot):
    """A message of the assistant: parts of text and refusals, one open at a time."""

    def __init__(self, index: int, item_id: str) -> None:
        item = {"id": item_id, "type": "message", "status": "in_progress", "role": "assistant", "content": []}
        super().__init__(index, item)
        self._kind = ""
        self._pieces: list[str] = []
        self._logprobs: list[Any] = []

    def write(self, kind: str, text: str, logprobs: list[Any]) -> list[Event]:
        """Add text to a part of a kind, "output_text" or "refusal"."""
        events: list[Event] = []
        if not self._kind:
            events.append(self.added())
        if kind != self._kind:
            events += [*self._close_part(), self._open_part(kind)]
        self._pieces.append(text)
        if kind == "refusal":
            return [*events, self._told("refusal.delta", delta=text)]
        self._logprobs += logprobs
        return [*events, self._told("output_text.delta", delta=text, logprobs=logprobs)]

    def close(self, status: Status) -> list[Event]:
        """End the item."""
        return [*self._close_part(), self.done(status)]

    def _open_part(self, kind: str) -> Event:
        self._kind, self._pieces, self._logprobs = kind, [], []
        part = self._part()
        self.item["content"] = [*self.item["content"], part]
        return self._told("content_part.added", part=part)

    def _close_part(self) -> list[Event]:
        if not self._kind:
            return []
        part = self._part()
        self.item["content"] = [*self.item["content"][:-1], part]
        if self._kind == "refusal":
            over = self._told("refusal.done", refusal=part["refusal"])
        else:
            over = self._told("output_text.done", text=part["text"], logprobs=part["logprobs"])
        return [over, self._told("content_part.done", part=part)]

    def _part(self) -> dict[str, Any]:
        text = "".join(self._pieces)
        if self._kind == "refusal":
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": list(self._logprobs)}

    def _told(self, what: str, **fields: Any) -> Event:
        return self.event(what, content_index=len(self.item["content"]) - 1, **fields)
